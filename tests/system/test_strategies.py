"""Who must see an outage before it is one: every strategy, with one to four probes looking at real
targets that are down for some of them only. Ties included."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

NODES = ("north", "east", "south", "west")  # each in a region of its own name


class Case(Struct, frozen=True):
    """A monitor that the first `nodes` look at, down for the first `down` of them."""

    strategy: str
    nodes: int
    down: int
    status: str

    @property
    def name(self) -> str:
        """Its name says what it is."""
        return f"{self.strategy}-{self.down}-of-{self.nodes}"


CASES = (
    Case("any-down", 3, 1, "DOWN"),
    Case("any-down", 4, 4, "DOWN"),
    Case("majority-down", 2, 1, "PARTIAL"),  # a tie
    Case("majority-down", 2, 2, "DOWN"),
    Case("majority-down", 3, 1, "PARTIAL"),
    Case("majority-down", 3, 2, "DOWN"),
    Case("majority-down", 4, 2, "PARTIAL"),  # a tie
    Case("majority-down", 4, 3, "DOWN"),
    Case("all-down", 2, 1, "PARTIAL"),
    Case("all-down", 3, 2, "PARTIAL"),
    Case("all-down", 3, 3, "DOWN"),
    Case("all-down", 4, 3, "PARTIAL"),
)
DOWN = sorted(case.name for case in CASES if case.status == "DOWN")


async def _watched(town: Cluster) -> tuple[dict[str, Target], Receiver]:
    """A leader, four probes, and a monitor for each case that all its nodes have seen up."""
    targets = {case.name: await town.target() for case in CASES}
    receiver = await town.receiver()
    await town.start_leader(leader_checks="never")
    for node in NODES:
        await town.start_probe(node, region=node)
    monitors = [
        site(
            targets[case.name],
            case.name,
            interval=2,
            regions=list(NODES[: case.nodes]),
            aggregation=case.strategy,
        )
        for case in CASES
    ]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    await _become(town, {case.name: "UP" for case in CASES})
    for case in CASES:
        await town.votes_come(case.name, case.nodes)
    return targets, receiver


async def _become(town: Cluster, statuses: dict[str, str]) -> None:
    """Wait until the monitors show these statuses; tells those that do not."""
    last: dict[str, str] = {}

    async def are() -> bool:
        monitors = await town.monitors()
        last.clear()
        last.update({name: monitors[name].status for name in statuses})
        return last == statuses

    try:
        await until("all monitors are as expected", are, within_s=60)
    except AssertionError:
        assert last == statuses
        raise


async def test_each_strategy_counts_who_sees_the_outage_and_a_tie_is_no_outage(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        targets, receiver = await _watched(town)
        for case in CASES:
            targets[case.name].moods = dict.fromkeys(NODES[: case.down], "503")
        await _become(town, {case.name: case.status for case in CASES})
        await town.looks_come(*targets.values(), each=2)
        await _become(town, {case.name: case.status for case in CASES})
        await town.all_told()
        assert sorted(incident.name for incident in await town.incidents()) == DOWN
        told = [news["monitor"] for message in receiver.told for news in message.news]
        assert sorted(told) == DOWN

        for target in targets.values():
            target.moods = {}
        await _become(town, {case.name: "UP" for case in CASES})
        await town.all_told()
        for name in DOWN:
            assert receiver.events(name) == ["down", "up"]
        assert sorted(incident.name for incident in await town.incidents()) == DOWN


async def test_down_for_a_second_node_makes_a_partial_outage_a_whole_one(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        await town.start_leader(leader_checks="never")
        for node in NODES[:3]:
            await town.start_probe(node, region=node)
        monitor = site(target, aggregation="majority-down")
        await town.apply({"alerts": [webhook(receiver)], "monitors": [monitor]})
        await town.votes_come("Site", 3)
        await town.status_comes("Site", "UP")

        target.moods = {"north": "hang"}
        await town.status_comes("Site", "PARTIAL")
        assert await town.incidents() == ()
        target.moods = {"north": "hang", "east": "reset"}
        down = await town.status_comes("Site", "DOWN")
        assert (down.votes_up, down.votes_fresh, down.votes_expected) == (1, 3, 3)
        assert {vote.node: vote.reason for vote in down.votes} == {
            "north": "timeout",
            "east": "reset",
            "south": None,
        }
        target.moods = {}
        await town.status_comes("Site", "UP")
        await town.all_told()
        assert receiver.events() == ["down", "up"]
