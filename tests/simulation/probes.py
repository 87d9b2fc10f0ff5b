"""A node of a simulation: the real schedule, at most so many checks at once, and a report a second.

It follows the rules of `uptop_core.runner`, `uptop_probe.reporter` and `uptop_probe.link` under
virtual time. What goes to the leader is encoded and decoded as on the wire.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tests.simulation.clockwork import EPOCH
from tests.simulation.lineups import Line
from tests.simulation.machines import Machine
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.runner import RanResult, to_wire
from uptop_core.schedule import Schedule, Tick
from uptop_core.wire import (
    Assignments,
    Recheck,
    Registration,
    ResultsAnswer,
    ResultsBatch,
    decode_batch,
)
from uptop_leader.inputs import Register
from uptop_leader.refusals import InstanceConflict, Unregistered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from tests.simulation.clockwork import Clockwork
    from tests.simulation.leaders import SimulatedLeader
    from tests.simulation.scenes import Life, Place, Scene
    from uptop_core.wire import Assignment

_TRIP_S = 0.025  # one way to the leader
_FLUSH_S = 1.0
_POLL_S = 10.0
_REQUEST_S = 10.0  # how long an answer is waited for
_BATCH = 1000
_ENCODE = msgspec.json.encode


class Sent(msgspec.Struct):
    """A result on its way: what it says, and what of it the naive rules need."""

    seq: int
    began: float
    monitor: str
    up: bool
    is_tick: bool
    data: bytes
    is_taken: bool = False


class SimulatedNode:
    """One node for one life. `seen` is told of every result that the leader has taken."""

    def __init__(
        self,
        place: Place,
        life: Life,
        scene: Scene,
        numbers: Mapping[str, int],
        leader: SimulatedLeader,
        clockwork: Clockwork,
        rng: Random,
        seen: Callable[[str, Sent, float], None],
    ) -> None:
        self.place = place
        self._life = life
        self._scene = scene
        self._numbers = numbers
        self._leader = leader
        self._clockwork = clockwork
        self._machine = Machine(clockwork, place.suspended)
        self._rng = rng
        self._seen = seen
        self._instance = f"{place.name}.{life.begins:g}"
        self._ahead = EPOCH + place.clock_s(life.begins)
        self._schedule = Schedule()
        self._line = Line(self._machine, scene.timeout, self._look, self._proves_by_leader)
        self._given: tuple[Assignment, ...] | None = None
        self._ticks: OrderedDict[str, Tick] = OrderedDict()
        self._rechecks: OrderedDict[str, Recheck] = OrderedDict()
        self._known: frozenset[str] = frozenset()
        self._running = self._running_rechecks = 0
        self._wakes_at = float("inf")
        self._seq = 0
        self._spool: dict[int, Sent] = {}
        self._is_sending = False
        self._sent_at = float("-inf")
        self._offset_ms: int | None = None  # as measured in the last exchange
        self._etag = ""
        self._is_registered = place.own
        self._polls = 0
        self._has_stopped = False

    # The process.

    def begin(self, at: float) -> None:
        """The process starts."""
        self._machine.at(at + self._rng.uniform(0.05, 0.5), self._poll_for_ever)
        if self._life.says_goodbye and self._life.ends < self._scene.length:
            self._machine.at(self._life.ends - 0.1, self._say_goodbye)

    def _lives(self, at: float) -> bool:
        return self._life.begins <= at < self._life.ends and not self._has_stopped

    def _has_leader(self, at: float) -> bool:
        return self._reaches_leader(at) and self._leader.is_awake(at)

    def _reaches_leader(self, at: float) -> bool:
        """Whether what is sent arrives, be it read or not."""
        return self._lives(at) and self._leader.runs and at not in self.place.cut

    def _proves_by_leader(self, at: float) -> bool:
        """Whether the leader's answer shows that the line works; its own answer shows nothing."""
        return not self.place.own and self._has_leader(at)

    def _say_goodbye(self, at: float) -> None:
        if self._has_leader(at) and self._is_registered:
            self._deliver(list(self._spool.values())[:_BATCH], at, stopping=True)
        self._has_stopped = True

    # The long poll.

    def wake(self) -> None:
        """The leader has news; the poll that is held brings it."""
        self._polls += 1
        number = self._polls
        self._machine.at(self._machine.now + _TRIP_S, lambda at: self._poll_once(at, number))

    def _poll_for_ever(self, at: float) -> None:
        if not self._lives(at):
            return
        pause = _POLL_S
        if not self._has_leader(at) or not self._join(at) or not self._poll(at):
            pause = self._rng.uniform(2.5, 5.0)
        self._machine.at(at + pause, self._poll_for_ever)

    def _poll_once(self, at: float, number: int) -> None:
        if number == self._polls and self._has_leader(at) and self._is_registered:
            self._poll(at)

    def _join(self, at: float) -> bool:
        if self._is_registered:
            return True
        registration = Registration(
            id=self.place.name, region=self.place.region, instance=self._instance
        )
        answer = self._leader.take(Register(registration, "192.0.2.1"), at)
        self._is_registered = not isinstance(answer, InstanceConflict)
        return self._is_registered

    def _poll(self, at: float) -> bool:
        if not self._leader.hear(self.place.name, at):
            self._is_registered = False
            return False
        self._etag, told = self._leader.orders(self.place.name, self._etag)
        if isinstance(told, Assignments) and told.monitors != self._given:
            self._given = told.monitors
            self._update(told.monitors, at)
        if told is not None:
            self._ask(told.recheck, at)
        return True

    # The runner.

    def _update(self, monitors: tuple[Assignment, ...], at: float) -> None:
        self._schedule.update(monitors, self._ahead + at)
        self._line.update(monitors)
        kept = self._schedule.get
        self._ticks = OrderedDict(
            (name, Tick(assignment, tick.at))
            for name, tick in self._ticks.items()
            if (assignment := kept(name)) is not None
        )
        self._plan(at)

    def _ask(self, rechecks: tuple[Recheck, ...], at: float) -> None:
        waiting = {recheck.id for recheck in self._rechecks.values()}
        self._rechecks = OrderedDict(
            (recheck.monitor_id, recheck)
            for recheck in rechecks
            if (recheck.id in waiting or recheck.id not in self._known)
            and self._schedule.get(recheck.monitor_id) is not None
        )
        self._known = frozenset(recheck.id for recheck in rechecks)
        self._fill(at)

    def _plan(self, at: float) -> None:
        next_at = self._schedule.next_at()
        if next_at is not None:
            self._wakes_at = max(at, next_at - self._ahead + 1e-4)
            self._machine.at(self._wakes_at, self._due)

    def _due(self, at: float) -> None:
        if at != self._wakes_at or not self._lives(at):
            return
        for tick in self._schedule.due(self._ahead + at):
            self._ticks[tick.assignment.id] = tick
        self._plan(at)
        self._fill(at)

    def _fill(self, at: float) -> None:
        scene = self._scene
        while self._running < scene.slots:
            if self._rechecks and self._running_rechecks < max(1, scene.slots // 2):
                name, recheck = self._rechecks.popitem(last=False)
                assignment = self._schedule.get(name)
                if assignment is None:
                    continue
                self._running_rechecks += 1
                self._check(assignment, False, recheck.id, at)
            elif self._ticks:
                name, tick = self._ticks.popitem(last=False)
                if self._ahead + at - tick.at > tick.assignment.interval:
                    continue
                answered = self._rechecks.pop(name, None)
                recheck_id = answered.id if answered is not None else None
                self._check(tick.assignment, True, recheck_id, at)
            else:
                return
            self._running += 1

    def _check(self, assignment: Assignment, is_tick: bool, recheck: str | None, at: float) -> None:
        took, outcome = self._look(assignment, at)

        def ended(then: float) -> None:
            self._running -= 1
            self._running_rechecks -= not is_tick
            if self._lives(then):
                self._found(assignment, outcome, is_tick, recheck, at, then)
                self._fill(then)

        self._machine.at(at + took, ended)

    def _look(self, assignment: Assignment, at: float) -> tuple[float, Outcome]:
        target = self._scene.targets[self._numbers[assignment.id]]
        look = self._scene.look(self.place, target, at, self._rng)
        return look.took, _outcome(look.reason)

    def _found(
        self, assignment: Assignment, outcome: Outcome, is_tick: bool, recheck: str | None,
        began: float, at: float,
    ) -> None:  # fmt: skip
        def tell(then: float, proof: str | None) -> None:
            self._seq += 1
            wall = EPOCH + began + self.place.clock_s(began)
            ran = RanResult(
                assignment=assignment, outcome=outcome, began=began, began_wall=wall,
                recheck=recheck, proof=proof,
            )  # fmt: skip
            wire = replace(to_wire(ran, seq=self._seq, now=began), age_ms=None)
            sent = Sent(self._seq, began, assignment.id, outcome.up, is_tick, _ENCODE(wire))
            self._spool[self._seq] = sent
            self._arrange_to_send(then)

        self._line.take(assignment, began, outcome, at, tell)

    # The reporter.

    def _arrange_to_send(self, at: float) -> None:
        if not self._is_sending:
            self._is_sending = True
            flush = 0.05 if self.place.own else _FLUSH_S
            self._machine.at(max(at, self._sent_at + flush), self._send)

    def _send(self, at: float) -> None:
        """Send a batch, or try again later; what was sent waits until it is acknowledged."""
        if not self._lives(at):
            return
        can_send = self._reaches_leader(at) and at not in self.place.mute
        if not can_send or not self._is_registered:
            self._machine.at(at + self._rng.uniform(2.5, 5.0), self._send)
            return
        self._sent_at = at
        recent = [sent for sent in self._spool.values() if at - sent.began <= 30.0]
        older = (sent for sent in self._spool.values() if at - sent.began > 30.0)
        batch = (recent + [sent for sent, _ in zip(older, range(_BATCH), strict=False)])[:_BATCH]
        self._machine.at(at + _TRIP_S, lambda then: self._arrive(batch, then))

    def _arrive(self, batch: list[Sent], at: float) -> None:
        is_acknowledged = False
        patience = 0.0
        if self._reaches_leader(at) and not self._leader.is_awake(at):
            self._lies_unread(batch, at)
            patience = _REQUEST_S
        if self._has_leader(at):
            answer = self._deliver(batch, at)
            is_acknowledged = self._has_leader(at + _TRIP_S) and answer is not None
        if is_acknowledged:
            for sent in batch:
                self._spool.pop(sent.seq, None)
        self._is_sending = False
        if self._spool:
            self._is_sending = True
            pause = _FLUSH_S if is_acknowledged else self._rng.uniform(2.5, 5.0)
            self._machine.at(at + patience + pause, self._send)

    def _lies_unread(self, batch: list[Sent], at: float) -> None:
        """The leader's machine is suspended: it reads this when it wakes up, and nobody waits for
        the answer any more."""
        body = self._body(batch, at)

        def read(_: float) -> None:
            self._leader.report(body)

        self._clockwork.at(self._leader.awake_at(at), read)

    def _deliver(
        self, batch: list[Sent], at: float, *, stopping: bool = False
    ) -> ResultsAnswer | None:
        """Hand the batch to the leader, who acknowledges what it has taken."""
        answer = self._leader.report(self._body(batch, at, stopping=stopping))
        if isinstance(answer, Unregistered | InstanceConflict):
            self._is_registered = False
            return None
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, ResultsAnswer)
        if self.place.gives_age and not self.place.own:
            wall = EPOCH + at + self.place.clock_s(at)
            self._offset_ms = round(wall * 1000) - answer.now
        for sent in batch:
            if not sent.is_taken:
                sent.is_taken = True
                self._seen(self.place.name, sent, at)
        return answer

    def _body(self, batch: list[Sent], at: float, *, stopping: bool = False) -> ResultsBatch:
        """The batch as it comes out at the leader."""
        results = []
        for sent in batch:
            age = max(0, round((at - sent.began) * 1000))
            aged = b'%s,"age_ms":%d}' % (sent.data[:-1], age)
            results.append(msgspec.Raw(aged if self.place.gives_age else sent.data))
        body = ResultsBatch(
            node_id=self.place.name,
            results=tuple(results),
            instance=self._instance,
            sent_at=round((EPOCH + at + self.place.clock_s(at)) * 1000),
            offset_ms=self._offset_ms,
            stopping=stopping,
        )
        return decode_batch(_ENCODE(body))


@cache
def _outcome(reason: Reason | None) -> Outcome:
    """What a check finds; all hosts are found by name."""
    if reason is None:
        return Outcome(up=True, timings=Timings(dns_ns=1_000_000, total_ns=100_000_000))
    return Outcome(up=False, reason=reason, detail=reason.value)
