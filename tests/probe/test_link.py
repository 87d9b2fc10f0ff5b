"""The link: a probe finds its leader, follows it, and finds another."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.probe.scripted_server import answer, page
from tests.probe.stub_leader import ASSIGNMENTS, REGISTER, StubLeader, monitor, refusal
from uptop_core.client import LeaderClient
from uptop_core.clock import Clock
from uptop_core.errors import LeaderAway, LeaderBusy, LeaderError, LeaderRefused
from uptop_core.wire import Registration
from uptop_probe.link import Link, Reaction, backoff, react

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from uptop_core.wire import Assignments

pytestmark = pytest.mark.anyio

AWAY = LeaderAway("http://a", "gone")
UNREGISTERED = LeaderRefused("http://a", 409, "unregistered", "")
CONFLICT = LeaderRefused("http://a", 409, "instance", "")
WRONG_SECRET = LeaderRefused("http://a", 401, "", "")
STANDBY = LeaderBusy("http://a", 503, "", 2.0)


@pytest.mark.parametrize(
    ("error", "failures", "peers", "reaction"),
    [
        (AWAY, 1, 1, Reaction(0.5, move_on=True)),
        (AWAY, 2, 1, Reaction(1.0, move_on=True)),
        (AWAY, 9, 1, Reaction(5.0, move_on=True)),
        (AWAY, 1, 2, Reaction(0.0, move_on=True)),
        (AWAY, 2, 2, Reaction(0.5, move_on=True)),
        (AWAY, 3, 2, Reaction(0.0, move_on=True)),
        (STANDBY, 1, 1, Reaction(2.0, move_on=True)),
        (STANDBY, 1, 2, Reaction(0.0, move_on=True)),
        (STANDBY, 2, 2, Reaction(0.5, move_on=True)),
        (UNREGISTERED, 1, 1, Reaction(0.0)),
        (UNREGISTERED, 2, 1, Reaction(0.5)),
        (CONFLICT, 1, 1, Reaction(5.0, loud=True)),
        (WRONG_SECRET, 1, 1, Reaction(30.0, move_on=True, loud=True)),
        (WRONG_SECRET, 1, 2, Reaction(0.0, move_on=True, loud=True)),
        (WRONG_SECRET, 2, 2, Reaction(30.0, move_on=True, loud=True)),
    ],
)
def test_what_to_do_after_a_failure(
    error: LeaderError, failures: int, peers: int, reaction: Reaction
) -> None:
    refusals = failures if isinstance(error, LeaderRefused) else 0
    assert (
        react(error, failures, peers, refusals=refusals, conflict_s=5.0, slow_s=30.0, jitter=1.0)
        == reaction
    )


def test_who_is_refused_by_one_of_two_asks_the_other_again_soon() -> None:
    reaction = react(WRONG_SECRET, 2, 2, refusals=1, conflict_s=5.0, slow_s=30.0, jitter=1.0)
    assert reaction == Reaction(0.5, move_on=True, loud=True)


def test_backing_off_is_spread_and_never_long() -> None:
    assert backoff(1, 0.0) == 0.25
    assert all(0.25 <= backoff(failures, 0.0) <= 5.0 for failures in range(1, 5000))


class Follower:
    """A link to some stub leaders, and what it was assigned."""

    def __init__(self, clients: list[LeaderClient], refresh_s: float) -> None:
        self.heard: list[Assignments] = []
        self.link = Link(
            clients,
            Registration(id="eu-1", region="eu", instance="one"),
            on_assignments=self.heard.append,
            clock=Clock(),
            poll_s=1.0,
            refresh_s=refresh_s,
            conflict_s=0.1,
            jitter=lambda: 0.0,
        )

    def monitors(self) -> list[str]:
        return [monitor.id for monitor in self.heard[-1].monitors] if self.heard else []


@asynccontextmanager
async def following(*leaders: StubLeader, refresh_s: float = 30.0) -> AsyncIterator[Follower]:
    clients = [LeaderClient(leader.url) for leader in leaders]
    follower = Follower(clients, refresh_s)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follower.link.run)
        yield follower
        tasks.cancel_scope.cancel()
    for client in clients:
        await client.close()


async def test_a_change_reaches_the_probe_at_once_over_the_long_poll() -> None:
    leader = StubLeader(monitor("a"))
    async with leader.serving(), following(leader) as follower:
        await leader.until(lambda: leader.count(ASSIGNMENTS) >= 2)
        assert follower.monitors() == ["a"]
        leader.assign(monitor("a"), monitor("b"), rechecks=(("r", "a"),))
        await leader.until(lambda: follower.monitors() == ["a", "b"], within=0.9)
        assert follower.heard[-1].recheck[0].monitor_id == "a"
    assert leader.requests[0].json()["instance"] == "one"
    asked = {"node_id": "eu-1", "instance": "one", "wait": "1", "partly": "true"}
    assert leader.requests[2].query == asked


async def test_where_the_leader_does_not_hold_its_answer_the_probe_sleeps() -> None:
    leader = StubLeader(monitor("a"))
    leader.holds = False
    async with leader.serving(), following(leader, refresh_s=0.2):
        await leader.until(lambda: leader.count(ASSIGNMENTS) >= 3)
        before = leader.count(ASSIGNMENTS)
        await anyio.sleep(0.3)
        assert leader.count(ASSIGNMENTS) - before <= 2


async def test_a_new_etag_on_what_is_known_leaves_the_probe_listening() -> None:
    leader = StubLeader(monitor("a"))
    same = answer({"monitors": [monitor("a")], "recheck": []}, ETag='"another"')
    leader.faults[ASSIGNMENTS] = [answer({"monitors": [monitor("a")]}, ETag='"one"'), same]
    async with leader.serving(), following(leader, refresh_s=30.0) as follower:
        await leader.until(lambda: leader.count(ASSIGNMENTS) >= 3, within=3.0)
        leader.assign(monitor("a"), monitor("b"))
        await leader.until(lambda: follower.monitors() == ["a", "b"], within=3.0)


async def test_a_leader_without_etags_is_asked_at_each_refresh() -> None:
    leader = StubLeader()
    leader.faults[ASSIGNMENTS] = [answer({"monitors": [monitor("a")]}) for _ in range(9)]
    async with leader.serving(), following(leader, refresh_s=0.2) as follower:
        await anyio.sleep(0.5)
        assert 2 <= leader.count(ASSIGNMENTS) <= 3
        assert len(follower.heard) == 1


async def test_a_probe_that_is_forgotten_registers_again() -> None:
    leader = StubLeader(monitor("a"))
    async with leader.serving(), following(leader) as follower:
        await leader.until(lambda: leader.count(ASSIGNMENTS) >= 2)
        leader.known.clear()
        leader.assign(monitor("b"))
        await leader.until(lambda: leader.count(REGISTER) >= 2 or follower.monitors() == ["b"])
        await leader.until(lambda: follower.monitors() == ["b"])


async def test_the_next_peer_is_tried_when_one_is_away_or_stands_by() -> None:
    away, standby, leader = StubLeader(), StubLeader(), StubLeader(monitor("a"))
    standby.faults[REGISTER] = [refusal(503) for _ in range(9)]
    async with away.serving():
        pass
    async with (
        standby.serving(),
        leader.serving(),
        following(away, standby, leader) as follower,
    ):
        with anyio.fail_after(5):
            client = await follower.link.leader()
        assert client.url == leader.url
    assert standby.count(REGISTER) == 1


async def test_what_was_assigned_stays_while_no_leader_answers() -> None:
    leader = StubLeader(monitor("a"))
    async with leader.serving(), following(leader) as follower:
        await leader.until(lambda: follower.monitors() == ["a"])
        leader.faults[ASSIGNMENTS] = [page(), answer({"status": "ok"})]
        leader.assign(monitor("b"))
        await leader.until(lambda: follower.monitors() == ["b"])
    assert [len(heard.monitors) for heard in follower.heard] == [1, 1]


async def test_a_leader_that_somebody_else_found_lost_is_left_for_the_next() -> None:
    first, second = StubLeader(monitor("a")), StubLeader(monitor("b"))
    async with first.serving(), second.serving(), following(first, second) as follower:
        leader = await follower.link.leader()
        follower.link.lost(leader, AWAY)
        assert follower.link.current is None
        follower.link.lost(leader, AWAY)
        await second.until(lambda: follower.monitors() == ["b"])
        assert (await follower.link.leader()).url == second.url


async def test_a_second_instance_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    leader = StubLeader()
    leader.known["eu-1"] = "another"
    async with leader.serving(), following(leader) as follower:
        await leader.until(lambda: leader.count(REGISTER) == 1)
        with anyio.fail_after(5):
            while not caplog.records:
                await anyio.sleep(0.01)
        assert follower.link.current is None
    assert "the leader refuses this node" in caplog.text
    assert caplog.records[0].levelname == "ERROR"


async def test_when_the_other_instance_is_gone_the_second_gets_in() -> None:
    leader = StubLeader(monitor("a"))
    leader.faults[REGISTER] = [refusal(409, "instance")]
    async with leader.serving(), following(leader) as follower:
        await leader.until(lambda: follower.monitors() == ["a"])
    assert leader.count(REGISTER) == 2
