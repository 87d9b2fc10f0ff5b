"""Step 4: what is planned and asked for is run, within limits."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from uptop_core import runner as runner_module
from uptop_core.checks.port import PortCheck
from uptop_core.clock import Clock
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.runner import RanResult, Runner, to_wire
from uptop_core.schedule import phase
from uptop_core.wire import Assignment, Recheck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.anyio

DAY = 86_400.0


def assignment(id: str = "a", *, interval: float = DAY, timeout: float = 5.0) -> Assignment:
    check = PortCheck(hostname="127.0.0.1", port=1)
    at = 0.5 if interval == DAY else phase(id, 0)
    return Assignment(id=id, name=id, check=check, interval=interval, timeout=timeout, phase=at)


class Noon(Clock):
    """A clock that stands half a second after midnight, so that daily monitors are not due."""

    def __init__(self) -> None:
        super().__init__()
        self._shift = 20_000 * DAY - super().now()

    def now(self) -> float:
        return super().now() + self._shift


class World:
    """A runner over checks that end when the test says so."""

    def __init__(self, concurrency: int = 4) -> None:
        self.clock = Noon()
        self.began: list[str] = []
        self.results: list[RanResult] = []
        self.free = anyio.Event()
        self.changed = anyio.Event()
        self.most = 0
        self.runner = Runner(
            self.check, concurrency=concurrency, clock=self.clock, on_result=self.keep
        )

    async def check(self, assignment: Assignment) -> Outcome:
        self.began.append(assignment.id)
        self.most = max(self.most, self.runner.running)
        self._tell()
        await self.free.wait()
        if assignment.id.startswith("broken"):
            raise RuntimeError("a bug")
        return Outcome(up=True, timings=Timings(total_ns=5))

    def keep(self, result: RanResult) -> None:
        self.results.append(result)
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(5):
            while not condition():
                await self.changed.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.runner.run)
            yield
            self.free.set()
            self.runner.stop()


def rechecks(*monitors: str) -> list[Recheck]:
    return [Recheck(f"round-{monitor}", monitor) for monitor in monitors]


async def test_a_monitor_is_run_again_and_again_at_its_interval() -> None:
    world = World()
    world.free.set()
    world.runner.update([assignment("a", interval=0.05), assignment("b", interval=0.1)])
    async with world.running():
        await world.until(lambda: world.began.count("b") >= 3)
    assert world.began.count("a") >= 5
    planned = [result.tick for result in world.results if result.monitor_id == "a"]
    assert planned == sorted(set(planned), key=lambda at: at or 0)
    assert all(result.recheck is None for result in world.results)


async def test_no_more_checks_run_at_once_than_there_are_slots() -> None:
    world = World(concurrency=3)
    world.runner.update([assignment(str(n), interval=0.3) for n in range(20)])
    async with world.running():
        await world.until(lambda: len(world.began) == 3)
        await anyio.wait_all_tasks_blocked()
        assert world.runner.running == 3
        world.free.set()
        await world.until(lambda: len(set(world.began)) == 20)
    assert world.most == 3


async def test_a_recheck_is_run_at_once_and_named_in_the_result() -> None:
    world = World()
    world.free.set()
    world.runner.update([assignment("a")], rechecks("a"))
    async with world.running():
        await world.until(lambda: bool(world.results))
    (result,) = world.results
    assert (result.monitor_id, result.recheck, result.tick) == ("a", "round-a", None)


async def test_rechecks_have_at_most_half_of_the_slots_oldest_first() -> None:
    world = World(concurrency=4)
    names = [f"m{n}" for n in range(6)]
    world.runner.update([assignment(name) for name in names], rechecks(*names))
    async with world.running():
        await world.until(lambda: len(world.began) == 2)
        await anyio.wait_all_tasks_blocked()
        assert (world.began, world.runner.waiting) == (["m0", "m1"], 4)
        world.free.set()
        await world.until(lambda: len(world.results) == 6)
    assert world.began == names
    assert world.most == 2


async def test_ticks_go_on_beside_rechecks() -> None:
    world = World(concurrency=2)
    world.runner.update(
        [assignment("asked"), assignment("next"), assignment("planned", interval=0.05)],
        rechecks("asked", "next"),
    )
    async with world.running():
        await world.until(lambda: set(world.began) == {"asked", "planned"})


async def test_a_recheck_is_run_once_however_often_it_is_listed() -> None:
    world = World()
    world.free.set()
    world.runner.update([assignment("a"), assignment("b")], rechecks("a"))
    async with world.running():
        await world.until(lambda: len(world.results) == 1)
        world.runner.ask(rechecks("a"))
        world.runner.update([assignment("a"), assignment("b")], rechecks("a", "b"))
        await world.until(lambda: len(world.results) == 2)
        await anyio.wait_all_tasks_blocked()
    assert world.began == ["a", "b"]


async def test_a_recheck_whose_round_has_closed_is_dropped() -> None:
    world = World(concurrency=2)
    world.runner.update([assignment("a"), assignment("b")], rechecks("a", "b"))
    async with world.running():
        await world.until(lambda: world.began == ["a"])
        world.runner.ask(rechecks("a"))
        assert world.runner.waiting == 0
    assert world.began == ["a"]


async def test_a_recheck_of_a_monitor_that_is_not_assigned_is_dropped() -> None:
    world = World()
    world.runner.update([assignment("a")], rechecks("b"))
    assert world.runner.waiting == 0


async def test_a_tick_answers_the_recheck_that_waits() -> None:
    world = World(concurrency=2)
    ticking = assignment("b", interval=0.2)
    world.runner.update([assignment("a"), ticking], rechecks("a", "b"))
    async with world.running():
        await world.until(lambda: world.began == ["a", "b"])
        assert world.runner.waiting == 0
        world.free.set()
        await world.until(lambda: len(world.results) >= 2)
    answer = next(result for result in world.results if result.monitor_id == "b")
    assert answer.recheck == "round-b"
    assert answer.tick is not None


async def test_a_tick_that_cannot_start_in_time_is_missed_and_not_made_up_for() -> None:
    world = World(concurrency=1)
    world.runner.update([assignment("slow", interval=0.02), assignment("other", interval=0.02)])
    async with world.running():
        await world.until(lambda: len(world.began) == 1)
        await anyio.sleep(0.2)  # ten intervals pass while the only slot is taken
        assert len(world.began) == 1
        assert world.runner.waiting <= 2
    pressure = world.runner.take_pressure()
    assert pressure.missed >= 10
    assert world.runner.take_pressure().missed == 0


async def test_the_lag_of_what_waited_is_told_once() -> None:
    world = World(concurrency=1)
    world.runner.update([assignment("a", interval=0.3), assignment("b", interval=0.3)])
    async with world.running():
        await world.until(lambda: len(world.began) == 1)
        await anyio.sleep(0.25)
        world.free.set()
        await world.until(lambda: len(set(world.began)) == 2)
    assert 0 < world.runner.take_pressure().lag_s <= 0.3
    assert world.runner.take_pressure().lag_s == 0


async def test_a_bug_in_a_check_is_never_target_down(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.free.set()
    world.runner.update([assignment("broken"), assignment("a")], rechecks("broken", "a"))
    async with world.running():
        await world.until(lambda: len(world.results) == 2)
    outcomes = {result.monitor_id: result.outcome for result in world.results}
    assert outcomes["broken"].reason is Reason.INTERNAL_ERROR
    assert outcomes["a"].up
    assert "RuntimeError: a bug" in caplog.text


async def test_a_check_that_does_not_stop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "GRACE_S", 0.0)
    world = World()
    world.runner.update([assignment("a", timeout=0.05)], rechecks("a"))
    async with world.running():
        await world.until(lambda: len(world.results) == 1)
    outcome = world.results[0].outcome
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert outcome.detail == "the check did not stop at its timeout of 0.05 s"


async def test_a_stop_begins_nothing_and_lets_what_runs_end() -> None:
    world = World(concurrency=2)
    world.runner.update([assignment("a"), assignment("b")], rechecks("a", "b"))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.runner.run)
            await world.until(lambda: world.began == ["a"])
            world.runner.stop()
            world.free.set()
    assert [result.monitor_id for result in world.results] == ["a"]


async def test_what_is_no_longer_assigned_is_not_run() -> None:
    world = World(concurrency=1)
    world.runner.update([assignment("a"), assignment("b", interval=0.05)], rechecks("a"))
    async with world.running():
        await world.until(lambda: world.began == ["a"])
        await anyio.sleep(0.1)
        world.runner.update([assignment("a")])
        assert world.runner.waiting == 0
    assert world.began == ["a"]


async def test_an_idle_runner_has_one_task() -> None:
    world = World()
    world.runner.update([assignment(str(n)) for n in range(1000)])
    async with world.running():
        await anyio.wait_all_tasks_blocked()
        assert world.runner.running == 0


def test_a_result_is_said_as_the_wire_wants_it() -> None:
    outcome = Outcome(
        up=False,
        reason=Reason.TIMEOUT,
        detail="no answer within 5 s",
        timings=Timings(total_ns=5_000_000_000),
        sample="secret",
    )
    ran = RanResult(
        assignment=assignment("a"), outcome=outcome, began=100.0, began_wall=1000.5, recheck="r"
    )
    said = to_wire(ran, seq=7, now=107.25)
    assert (said.monitor, said.seq, said.is_up, said.reason) == ("a", 7, False, "timeout")
    assert (said.checked_at, said.age_ms, said.latency_ns) == (1_000_500, 7250, 5_000_000_000)
    assert (said.error_reason, said.recheck, said.sample) == ("no answer within 5 s", "r", None)
