"""Nodes that come and go all the time are told of once."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.leader.helms import Helm, api, at_the_helm, hook, look
from uptop_leader.channels import Channel
from uptop_leader.messages import Message
from uptop_leader.nodes import Storm
from uptop_leader.providers.pagerduty import PagerDuty
from uptop_leader.states import Status
from uptop_leader.storms import Telling, changed, is_over

if TYPE_CHECKING:
    from pathlib import Path

PAGER = Channel(id="p", name="p", provider=PagerDuty(routing_key="key"))
TOLD, BEGINS, HUSHED = Telling.TOLD, Telling.BEGINS, Telling.HUSHED


def told_at(*minutes: float) -> list[Telling]:
    storm, found = Storm(), []
    for minute in minutes:
        storm, how = changed(storm, f"n{minute}", 60 * minute)
        found.append(how)
    return found


def test_the_fourth_change_within_half_an_hour_makes_it_a_storm() -> None:
    assert told_at(0, 5, 10, 15, 16, 40) == [TOLD, TOLD, TOLD, BEGINS, HUSHED, HUSHED]
    assert told_at(0, 12, 24, 36, 48) == [TOLD] * 5


def test_what_changes_within_a_minute_is_one_change() -> None:
    assert told_at(0, 0.1, 0.2, 0.9, 20, 20.1, 20.2) == [TOLD] * 7


def test_a_storm_is_over_when_it_was_quiet_for_ten_minutes() -> None:
    storm = Storm(moves=(0.0,), since=0.0, last=900.0)
    assert not is_over(storm, 600.0, 1499.0)
    assert is_over(storm, 600.0, 1500.0)
    assert not is_over(Storm(moves=(0.0,)), 600.0, 9000.0)


def messages(helm: Helm, channel: str = "c") -> list[Message]:
    query = "SELECT message FROM notification WHERE channel = ? ORDER BY number"
    with contextlib.closing(sqlite3.connect(str(helm.path))) as database:
        rows = database.execute(query, [channel])
        return [msgspec.msgpack.decode(message, type=Message) for (message,) in rows]


def events(helm: Helm, channel: str = "c") -> list[tuple[str, str]]:
    return [(one.event, one.monitor) for one in messages(helm, channel)]


class Town:
    """Nodes, some of which speak every ten seconds."""

    def __init__(self, helm: Helm, *nodes: str) -> None:
        self.helm = helm
        self.here = set(nodes)

    async def go_on(self, seconds: float, lose: str = "", find: str = "") -> None:
        """Time passes after a node has fallen silent, or is there again."""
        self.here -= {lose}
        self.here |= {find} - {""}
        end = self.helm.clock.at + seconds
        while self.helm.clock.at < end:
            for node in sorted(self.here):
                await self.helm.sees(node, "alone" if node == "north" else "m")
            await self.helm.wait(10, step=5)

    async def until_a_storm(self) -> None:
        """Nodes a and b come and go, each away for 3 min: the fourth change begins a storm."""
        for node in "ab":
            await self.go_on(180, lose=node)
            await self.go_on(180, find=node)


@pytest.mark.anyio
async def test_a_storm_is_told_when_it_begins_and_how_it_stands_when_it_is_over(
    tmp_path: Path,
) -> None:
    async with at_the_helm(tmp_path / "uptop.db", api(), hook()) as helm:
        for node in "abc":
            await helm.register(node)
        town = Town(helm, *"abc")
        await town.until_a_storm()
        first = [("node_offline", "a"), ("node_online", "a"), ("node_offline", "b")]
        assert events(helm) == [*first, ("nodes_flapping", "a, b")]
        for node in "cab":
            await town.go_on(180, lose=node)
            await town.go_on(180, find=node)
        await town.go_on(180, lose="c")
        assert len(events(helm)) == 4
        await town.go_on(600)
        assert events(helm)[4:] == [("nodes_settled", "a, b, c")]
        assert messages(helm)[-1].detail == "Not heard now: c."
        await town.go_on(60, find="c")
        assert events(helm)[5:] == [("node_online", "c")]
        assert helm.incidents() == []


@pytest.mark.anyio
async def test_a_storm_goes_on_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    async with at_the_helm(path, api(), hook()) as helm:
        for node in "abc":
            await helm.register(node)
        town = Town(helm, *"abc")
        await town.until_a_storm()
        at = helm.clock.at
    async with at_the_helm(path, at=at + 10) as helm:
        for node in "abc":
            await helm.register(node, instance="two")
        for _ in range(70):
            for node in "abc":
                await helm.report(node, look(), instance="two")
            await helm.wait(10, step=5)
        assert events(helm)[4:] == [("nodes_settled", "a, b")]
        assert messages(helm)[-1].detail == "None of them is missing now."


@pytest.mark.anyio
async def test_what_a_paging_service_keeps_open_is_closed_without_a_word(tmp_path: Path) -> None:
    watched = api(channels=("c", "p"))
    async with at_the_helm(tmp_path / "uptop.db", watched, hook(), PAGER) as helm:
        for node in "abc":
            await helm.register(node)
        await Town(helm, *"abc").until_a_storm()
        assert events(helm, "p")[2:] == [
            ("node_offline", "b"), ("over", "b"), ("nodes_flapping", "a, b"),
        ]  # fmt: skip
        opened = [one.alert for one in messages(helm, "p") if one.event == "node_offline"]
        closed = [one.alert for one in messages(helm, "p") if one.event in ("node_online", "over")]
        assert opened == closed == ["a", "b"]
        assert ("over", "b") not in events(helm)


@pytest.mark.anyio
async def test_monitors_that_nobody_sees_say_so_themselves_where_their_node_is_not_told(
    tmp_path: Path,
) -> None:
    alone = api("alone", regions=("north",))
    async with at_the_helm(tmp_path / "uptop.db", api(), alone, hook()) as helm:
        for node in "abc":
            await helm.register(node)
        await helm.register("north", "north")
        await helm.sees("north", "alone")
        town = Town(helm, *"abc", "north")
        await town.until_a_storm()
        await town.go_on(500, lose="north")
        assert helm.state("alone").status is Status.UNKNOWN
        assert events(helm)[4:] == [("unknown", "alone")]
