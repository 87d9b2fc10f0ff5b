"""The engine's turns: what waits and what is due goes through a pass of the flow, and is answered.

A turn that the store refuses, or that meets a fault of our own, leaves everything as it was: what was
asked is refused, and what was due stays due.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec import Struct

from uptop_core.alarm import Alarm
from uptop_core.errors import StoreError
from uptop_leader.agenda import Agenda
from uptop_leader.asked import Asked, Queue, refuse
from uptop_leader.flow import one_pass
from uptop_leader.inputs import Forget, Register
from uptop_leader.invariants import Breaches
from uptop_leader.node_watch import NodeWatch
from uptop_leader.offsets import OffClocks
from uptop_leader.refusals import Behind, StandingBy
from uptop_leader.restart import resumed

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.clock import Clock
    from uptop_leader.ballots import Rules
    from uptop_leader.changes import Changes
    from uptop_leader.inputs import Input
    from uptop_leader.states import MonitorState
    from uptop_leader.store.store import Store
    from uptop_leader.world import World

_PASS_LIMIT = 200  # inputs in one pass
_PULSE_S = 0.2  # what the time alone makes due is taken together
_SOON_S = 1.0
_LOT = 500  # monitors that are judged together at a start
_IDLE_S = 1.0  # the world is looked at this often even when nothing comes
_FAULTY_S = 60.0  # how long a monitor is left alone when judging it met a fault of ours
_STANDSTILL_S = 10.0  # a longer pause between two passes means that we were not there to listen

_PAUSE_S = 2.0  # so long it takes to do nothing, if one is not stopped
_READING_S = 5.0  # after a pause, all that had come is read within this time

log = logging.getLogger(__name__)


class Counters(Struct):
    """What the engine has done since its start."""

    passes: int = 0
    results: int = 0
    duplicates: int = 0
    rejected: int = 0
    store_errors: int = 0
    faults: int = 0


class Turns:
    """Owns the world. `run` is the loop; `ask` has an input enter the next turn."""

    def __init__(
        self,
        world: World,
        store: Store,
        rules: Rules,
        clock: Clock,
        *,
        public_url: str = "",
        on_notifications: Callable[[], None] = lambda: None,
        may_act: Callable[[], bool] = lambda: True,
        on_written: Callable[[Changes], None] = lambda _: None,
    ) -> None:
        self.world = world
        self.counters = Counters()
        self.last_write = clock.now()
        self.trouble = ""
        """Why the store could not be written last time; empty when it could."""
        self.faulty: set[str] = set()
        """Monitors that a fault of our own keeps from being judged."""
        self._store = store
        self.rules = rules
        self._clock = clock
        self._public_url = public_url
        self._on_notifications = on_notifications
        self._may_act = may_act
        self._on_written = on_written
        self._queue = Queue()
        self._alarm = Alarm()
        self._agenda = Agenda()
        self._waiters: dict[str, anyio.Event] = {}
        self._nodes = NodeWatch(world, clock.now())
        self._off_clocks = OffClocks()
        self.breaches = Breaches()
        self._reassign = True
        self.last_turn = clock.now()
        self._paused = (0.0, 0.0)  # when the last pause ended, and how long it was

    @property
    def depth(self) -> int:
        """How many inputs wait."""
        return len(self._queue)

    async def ask(self, entry: Input) -> object:
        """Have an input enter a pass, and give its answer after the commit. Raises Behind, and what
        the input refuses with."""
        waiting = self._queue.put(entry)
        self._alarm.ring()
        await waiting.done.wait()
        if isinstance(waiting.answer, Exception):
            raise waiting.answer
        return waiting.answer

    async def run(self) -> None:
        """Pass after pass, until cancelled; then who waits is told to come again."""
        self.begin()
        try:
            while True:
                await self._alarm.rings(within_s=self._until_due())
                await self.turn()
        finally:
            self._queue.end(StandingBy("leader"))

    async def drained(self) -> None:
        """Return when nothing waits any more, or at once while the store cannot be written."""
        while self._queue and not self.trouble:
            await self._queue.emptied()

    def begin(self) -> None:
        """Have everything judged once; open rounds begin anew (DESIGN 9, after a restart).

        In lots: to judge ten thousand at once takes 0.3 s, in which no check could begin.
        """
        now = self._clock.now()
        self.world.reassign(now)
        self._reassign = False
        self._resume(now)
        self.world.follow_rechecks(self.world.states.values())
        for place, monitor in enumerate(self.world.monitors):
            self._agenda.put(monitor, now + place // _LOT * _PULSE_S)

    def _resume(self, now: float) -> None:
        states = self.world.states
        states.update({monitor: resumed(state, now) for monitor, state in states.items()})

    def _until_due(self) -> float:
        if self._queue:
            return 0.0
        next_at = self._agenda.next_at()
        if next_at is None:
            return _IDLE_S
        return min(_IDLE_S, max(_PULSE_S, next_at - self._clock.now()))

    async def turn(self) -> None:
        """One pass over what waits and what is due."""
        now = self._clock.now()
        self._notice_standstill(now)
        due = set(self._agenda.take(now)) | self._notice_nodes(now) | self.world.recalled(now)
        batch = self._queue.take(_PASS_LIMIT)
        if await self._try(batch, due, now) is not None:
            await self._one_by_one(batch, due, now)
        self.last_turn = self._clock.now()

    async def _try(self, batch: list[Asked], due: set[str], now: float) -> Exception | None:
        """A pass that is answered for if the store fails; the fault of our own that it met."""
        try:
            await self._pass(batch, due, now)
        except StandingBy as refusal:  # nothing is decided by who may not act
            self._put_off(refusal, batch, due, now)
        except StoreError as error:
            self._fail(error, batch, due, now)
        except Exception as fault:  # one that is not ours to foresee must not end the judging
            log.exception("a fault in a pass over %s inputs, %s monitors", len(batch), len(due))
            return fault
        return None

    async def _one_by_one(self, batch: list[Asked], due: set[str], now: float) -> None:
        """After a fault, which left everything as it was: find what met it, do all the rest."""
        self.counters.faults += 1
        for waiting in batch:
            if (fault := await self._try([waiting], set(), now)) is not None:
                kind = type(fault).__name__
                waiting.answer = Behind(f"a fault of the leader's own ({kind}): see its log")
                waiting.done.set()
        for monitor in due:
            if await self._try([], {monitor}, now) is not None:
                self.faulty.add(monitor)
                self._agenda.put(monitor, now + _FAULTY_S)

    async def _pass(self, batch: list[Asked], due: set[str], now: float) -> None:
        entries = [waiting.entry for waiting in batch]
        if self.trouble:  # look whether the store is back before deciding anything
            await to_thread.run_sync(self._store.alive, now)
            self.trouble = ""

        async def write(changes: Changes) -> None:
            if not self._may_act():
                raise StandingBy("leader")
            await self._write(changes, now)

        draft, answers = await one_pass(
            self.world, entries, due, self.rules, self._public_url, write, now
        )
        self.counters.passes += 1
        for line in self._off_clocks.notice(draft.changes.nodes.values()):
            log.warning("%s", line)
        for line in self.breaches.note(draft.breaches, now):
            log.error("%s", line)
        self.faulty -= draft.due.keys()
        self._reassign = self._reassign or any(
            isinstance(entry, Register | Forget) for entry in entries
        )
        for monitor, when in draft.due.items():
            if when is not None and _only_ages(draft.state(monitor), when, now):
                when = math.ceil(when)
            self._agenda.put(monitor, when)
        self._wake_nodes(self.world.follow_rechecks(draft.moved_states()))
        self._reassign = self._reassign or draft.hands_back
        if self._reassign:
            self._alarm.ring()
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.answer = answer
            waiting.done.set()
        if draft.changes.notifications:
            self._on_notifications()

    async def _write(self, changes: Changes, now: float) -> None:
        await to_thread.run_sync(self._store.write, changes, now)
        self._on_written(changes)
        self.last_write = self._clock.now()

    def _fail(self, error: StoreError, batch: list[Asked], due: set[str], now: float) -> None:
        """Nothing was written: who asked is told to come again, what was due stays due."""
        self.counters.store_errors += 1
        if self.trouble != str(error):
            log.error("cannot store: %s", error)
        self.trouble = str(error)
        self._put_off(Behind(f"cannot store just now: {error}"), batch, due, now)

    def _put_off(self, refusal: Behind, batch: list[Asked], due: set[str], now: float) -> None:
        """Refuse what was asked; what was due stays due."""
        refuse(refusal, batch)
        for monitor in due:
            self._agenda.put(monitor, now + _IDLE_S)

    def _notice_standstill(self, now: float) -> None:
        """After a suspend or a blocked loop nobody's silence counts from before it."""
        self._stood_s(now)
        if now - self.last_turn > _STANDSTILL_S:
            log.warning("stood still for %.0f s", now - self.last_turn)
            self.world.gaps.append((self.last_turn, now))
            self.world.since = max(self.world.since, now)
            self._resume(now)

    def _stood_s(self, now: float) -> float:
        """For how long no pass was made until now, or until a few seconds ago: what is read now
        may have come in all that time."""
        if now - self.last_turn > _PAUSE_S:
            self._paused = (now, now - self.last_turn)
        ended, paused = self._paused
        return paused if now - ended < _READING_S else 0.0

    def _notice_nodes(self, now: float) -> set[str]:
        """The monitors of nodes that went or came back; reassigns where that matters."""
        world = self.world
        moved, others_heard = self._nodes.look(now)
        touched: set[str] = set()
        if self._reassign or others_heard:
            self._reassign = False
            touched |= world.reassign(now)
            self._wake_nodes(set(world.nodes))
            world.follow_rechecks(world.states.values())
        if moved:
            touched |= {
                monitor for monitor, nodes in world.assigned.items() if not moved.isdisjoint(nodes)
            }
        return touched

    def _wake_nodes(self, nodes: set[str]) -> None:
        for node in nodes:
            if (waiter := self._waiters.pop(node, None)) is not None:
                waiter.set()


def _only_ages(state: MonitorState, when: float, now: float) -> bool:
    """Whether a monitor is due only because its votes will be old by then. All of a second are
    judged together: with a thousand monitors one is due at every moment, and a pass for each would
    cost as much as their checks.
    """
    return state.run is None and bool(state.votes) and when - now > _SOON_S
