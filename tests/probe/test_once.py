"""`--once`: everything is checked once, reported and printed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.probe.scripted_server import page
from tests.probe.stub_leader import REGISTER, RESULTS, StubLeader, monitor, refusal
from uptop_core.clock import Clock
from uptop_core.errors import LeaderAway, LeaderRefused
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.wire import Assignment
from uptop_probe.once import run_once
from uptop_probe.probe import leader_clients
from uptop_probe.settings import ProbeSettings

pytestmark = pytest.mark.anyio


async def check(assignment: Assignment) -> Outcome:
    timings = Timings(total_ns=12_340_000)
    if assignment.id == "a":
        return Outcome(up=True, timings=timings)
    return Outcome(up=False, reason=Reason.RESET, detail="cut\x1b[2J", timings=timings)


async def once(*leaders: StubLeader, **settings: Any) -> tuple[int, str]:
    """The exit code and what was printed."""
    given = ProbeSettings(
        peer_url=tuple(leader.url for leader in leaders), node_id="eu-1", **settings
    )
    written: list[str] = []
    async with leader_clients(given) as clients:
        code = await run_once(
            given, clients, clock=Clock(), instance="one", run=check, write=written.append
        )
    return code, "".join(written)


async def test_every_monitor_is_checked_reported_and_printed() -> None:
    leader = StubLeader(monitor("b"), monitor("a"))
    async with leader.serving():
        code, printed = await once(leader)
    assert code == 0
    assert printed.splitlines() == [
        "MONITOR  KIND  STATE    MS  FOUND",
        "a        port  up     12.3",
        r"b        port  down   12.3  reset: cut\x1b[2J",
    ]
    assert {result["monitor_id"] for result in leader.stored.values()} == {"a", "b"}
    assert leader.batches[-1]["stopping"]


async def test_the_next_peer_is_asked_when_one_stands_by(caplog: pytest.LogCaptureFixture) -> None:
    standby, leader = StubLeader(), StubLeader(monitor("a"))
    standby.faults[REGISTER] = [refusal(503)]
    async with standby.serving(), leader.serving():
        code, _ = await once(standby, leader)
    assert (code, len(leader.stored)) == (0, 1)
    assert "no leader there, asking the next" in caplog.text


async def test_a_node_that_has_nothing_to_do_says_so() -> None:
    leader = StubLeader()
    async with leader.serving():
        assert await once(leader) == (0, "nothing is assigned to eu-1\n")


async def test_no_leader_is_an_error() -> None:
    leader = StubLeader()
    async with leader.serving():
        pass
    with pytest.raises(LeaderAway):
        await once(leader)


async def test_results_that_are_not_acknowledged_are_an_error() -> None:
    leader = StubLeader(monitor("a"))
    leader.faults[RESULTS] = [page()]
    async with leader.serving():
        with pytest.raises(LeaderAway, match="not like a leader"):
            await once(leader)


async def test_a_batch_that_is_too_large_is_halved() -> None:
    leader = StubLeader(*(monitor(name) for name in "abcd"))
    leader.faults[RESULTS] = [page(413)]
    async with leader.serving():
        code, _ = await once(leader)
    assert (code, leader.seqs("one")) == (0, [1, 2, 3, 4])
    assert [len(batch["results"]) for batch in leader.batches] == [2, 2]


async def test_an_id_that_is_in_use_is_an_error() -> None:
    leader = StubLeader()
    leader.known["eu-1"] = "another"
    async with leader.serving():
        with pytest.raises(LeaderRefused, match="answered 409"):
            await once(leader)
