"""Step 4: ticks and rechecks → results. Leader and probe use the same.

A task exists only for a check that runs; what is planned is a row in the schedule. The number of
checks at once is limited, and rechecks have at most half of the slots, so that a mass outage does
not stop the looking at what is healthy.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.alarm import Alarm
from uptop_core.outcomes import Outcome, Reason
from uptop_core.prober.deadline import Deadline
from uptop_core.schedule import Schedule, Tick
from uptop_core.wire import Assignment, Recheck, WireResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from uptop_core.clock import Clock

GRACE_S = 2.0  # how long beyond its timeout a check may take to stop
_COMPANY = 4  # ticks that are begun together: to wake for each costs as much as half the check
_COMPANY_S = 0.05  # how long a tick waits for others
_LONGEST_SLEEP_S = 5.0  # sleeps stand still in a suspend, so the clock is looked at this often

_log = logging.getLogger(__name__)


class RanResult(Struct, frozen=True, kw_only=True):
    """An outcome with its monitor and moment. `began` is in seconds of `Clock.now`, `began_wall`
    of `Clock.wall`. `tick` is the planned moment, None for a recheck outside the schedule;
    `recheck` the id of the recheck that it answers; `proof` that of the node's own line, where a
    network failure needed one.
    """

    assignment: Assignment
    outcome: Outcome
    began: float
    began_wall: float
    tick: float | None = None
    recheck: str | None = None
    proof: str | None = None

    @property
    def monitor_id(self) -> str:
        """The monitor that was looked at."""
        return self.assignment.id


class Pressure(Struct, frozen=True):
    """How a runner keeps up: ticks that could not start in time, and the worst lag in seconds of
    those that did.
    """

    missed: int
    lag_s: float


class Runner:
    """Runs what is planned, and what is asked for, and hands each result to `on_result`.

    `run` makes an outcome of an assignment. A failing target is an outcome; what `run` raises all
    the same becomes `internal_error`.
    """

    def __init__(
        self,
        run: Callable[[Assignment], Awaitable[Outcome]],
        *,
        concurrency: int,
        clock: Clock,
        on_result: Callable[[RanResult], None],
        soon_s: float = 30.0,
    ) -> None:
        self._run = run
        self._slots = concurrency
        self._recheck_slots = max(1, concurrency // 2)
        self._clock = clock
        self._on_result = on_result
        self._schedule = Schedule(soon_s)
        # What waits, by monitor, oldest first (ordered: to take the first of a dict is a search).
        self._ticks: OrderedDict[str, Tick] = OrderedDict()
        self._rechecks: OrderedDict[str, Recheck] = OrderedDict()
        self._known: frozenset[str] = frozenset()  # ids of the rechecks last asked for
        self._running = self._running_rechecks = 0
        self._missed, self._lag_s = 0, 0.0
        # A task of anyio's costs a sixth of a check, so this speaks asyncio, as the engine does.
        self._tasks: asyncio.TaskGroup | None = None
        self._alarm = Alarm()
        self._stopping = False

    @property
    def running(self) -> int:
        """How many checks run at this moment."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many ticks and rechecks wait for a slot."""
        return len(self._ticks) + len(self._rechecks)

    def update(self, assignments: Iterable[Assignment], rechecks: Iterable[Recheck] = ()) -> None:
        """From now on these are the assignments and the open rechecks; what is gone is dropped."""
        self._schedule.update(assignments, self._clock.now())
        self._ticks = OrderedDict(
            (monitor_id, Tick(assignment, tick.at))
            for monitor_id, tick in self._ticks.items()
            if (assignment := self._schedule.get(monitor_id)) is not None
        )
        self.ask(rechecks)
        self._alarm.ring()

    def ask(self, rechecks: Iterable[Recheck]) -> None:
        """From now on these are the open rechecks. One that was begun is not begun again."""
        asked = tuple(rechecks)
        waiting = {recheck.id for recheck in self._rechecks.values()}
        self._rechecks = OrderedDict(
            (recheck.monitor_id, recheck)
            for recheck in asked
            if (recheck.id in waiting or recheck.id not in self._known)
            and self._schedule.get(recheck.monitor_id) is not None
        )
        self._known = frozenset(recheck.id for recheck in asked)
        self._fill()

    def take_pressure(self) -> Pressure:
        """What was missed, and the worst lag, since this was last asked."""
        taken = Pressure(self._missed + self._schedule.missed, self._lag_s)
        self._missed = self._schedule.missed = 0
        self._lag_s = 0.0
        return taken

    def stop(self) -> None:
        """Begin nothing any more; `run` returns when what runs has ended."""
        self._stopping = True
        self._alarm.ring()

    async def run(self) -> None:
        """Run until stopped. Cancelling it cancels the running checks, without results."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                while not self._stopping:
                    self._queue_due()
                    self._fill()
                    await self._alarm.rings(within_s=self._until_next())
            finally:
                self._tasks = None

    def _until_next(self) -> float:
        next_at = self._schedule.next_at(_COMPANY, _COMPANY_S)
        if next_at is None:
            return _LONGEST_SLEEP_S
        # Timers of uvloop count whole milliseconds: one that rings before its moment would be set
        # again and again until that has come, at full speed.
        left_ms = math.ceil((next_at - self._clock.now()) * 1000)
        return min(_LONGEST_SLEEP_S, max(0.0, left_ms / 1000))

    def _queue_due(self) -> None:
        for tick in self._schedule.due(self._clock.now()):
            # A tick still waiting when the next comes is missed; its place in the queue is kept.
            self._missed += tick.assignment.id in self._ticks
            self._ticks[tick.assignment.id] = tick

    def _fill(self) -> None:
        """Begin what waits while there are slots: rechecks up to their share, then ticks."""
        while self._tasks is not None and self._running < self._slots and not self._stopping:
            if self._rechecks and self._running_rechecks < self._recheck_slots:
                _, recheck = self._rechecks.popitem(last=False)
                assignment = self._schedule.get(recheck.monitor_id)
                assert assignment is not None, "`ask` and `update` drop what is not planned"  # noqa: S101
                self._tasks.create_task(self._one(assignment, None, recheck.id))
                self._running_rechecks += 1
            elif self._ticks:
                if (tick := self._next_tick()) is None:
                    continue
                # The tick is the answer to an open recheck, so that nobody looks twice.
                answered = self._rechecks.pop(tick.assignment.id, None)
                recheck_id = answered.id if answered is not None else None
                self._tasks.create_task(self._one(tick.assignment, tick.at, recheck_id))
            else:
                return
            self._running += 1

    def _next_tick(self) -> Tick | None:
        """Take the oldest waiting tick; None when it waited for more than its interval."""
        _, tick = self._ticks.popitem(last=False)
        lag = self._clock.now() - tick.at
        if lag > tick.assignment.interval:
            self._missed += 1
            return None
        self._lag_s = max(self._lag_s, lag)
        return tick

    async def _one(self, assignment: Assignment, tick: float | None, recheck: str | None) -> None:
        began, began_wall = self._clock.now(), self._clock.wall()
        outcome = await look(self._run, assignment)
        self._running -= 1
        self._running_rechecks -= tick is None
        self._on_result(
            RanResult(
                assignment=assignment,
                outcome=outcome,
                began=began,
                began_wall=began_wall,
                tick=tick,
                recheck=recheck,
            )
        )
        self._fill()


async def look(run: Callable[[Assignment], Awaitable[Outcome]], assignment: Assignment) -> Outcome:
    """What `run` makes of an assignment, in any case in time; what it raises is our own fault."""
    try:
        with Deadline(assignment.timeout + GRACE_S):
            return await run(assignment)
    except TimeoutError:
        late = f"the check did not stop at its timeout of {assignment.timeout:g} s"
        return Outcome(up=False, reason=Reason.INTERNAL_ERROR, detail=late)
    except Exception:  # noqa: BLE001  our own bug must not become "target down"
        _log.exception("a check raised what it must not; monitor=%s", assignment.id)
        return Outcome(up=False, reason=Reason.INTERNAL_ERROR, detail="the check is broken")


def to_wire(ran: RanResult, *, seq: int | None, now: float | None) -> WireResult:
    """The result as nodes say it; `now` is the moment of sending by `Clock.now`, None for one that
    is still to come: then it has no age yet.

    A sample of the body goes along only where the monitor allows it.
    """
    outcome = ran.outcome
    return WireResult(
        monitor_id=ran.monitor_id,
        latency_ns=outcome.timings.total_ns,
        is_up=outcome.up,
        error_reason=outcome.detail or None,
        seq=seq,
        checked_at=int(ran.began_wall * 1000),
        age_ms=None if now is None else max(0, round((now - ran.began) * 1000)),
        reason=outcome.reason.value if outcome.reason is not None else None,
        timings=outcome.timings,
        status_code=outcome.status_code,
        address=outcome.address,
        cert_end=outcome.cert_end,
        failed=outcome.failed,
        sample=outcome.sample if ran.assignment.keep_body else None,
        proof=ran.proof,
        recheck=ran.recheck,
    )
