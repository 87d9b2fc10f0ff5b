"""The leader of a simulation: the real engine, turn by turn, over a store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec.structs import replace

from tests.simulation.clockwork import EPOCH
from tests.simulation.machines import Machine
from tests.simulation.memories import Memory
from tests.simulation.spans import Spans
from uptop_core.clock import Clock, FollowingClock
from uptop_core.constants import TimeConstants
from uptop_core.wire import Rechecks
from uptop_leader.ballots import Rules
from uptop_leader.channels import Channel
from uptop_leader.configuration import Configuration
from uptop_leader.engine import Engine
from uptop_leader.inputs import Reconfigure
from uptop_leader.nodes import Node
from uptop_leader.providers.webhook import Webhook
from uptop_leader.refusals import Unregistered
from uptop_leader.reports import Report
from uptop_leader.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tests.simulation.clockwork import Clockwork
    from uptop_core.monitors import Monitor
    from uptop_core.wire import Assignments, ResultsBatch
    from uptop_leader.changes import Changes
    from uptop_leader.inputs import Input
    from uptop_leader.store.store import Store

T = TypeVar("T")

OWN = "leader"
SPOILT = ("undated", "jumping clock", "never steps in")
"""What a leader may get wrong: takes what lay unread for sent just now; lets its time jump with the
wall clock; leaves monitors alone that no probe looks at."""

_NEVER = Spans()
_BEAT_S = 5.0
_CLUSTER = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
_IDLE_S = 2.0  # the engine looks every second; every other one changes nothing here but the speed
_CHANNEL = Channel(id="ops", name="ops", provider=Webhook(url="https://hooks.example.com/x"))


class _VirtualClock(Clock):
    """The time of the clockwork."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork

    def now(self) -> float:
        return EPOCH + self._clockwork.now

    wall = now
    monotonic = now

    def follow(self) -> float:
        return 0.0


class _WallClock(_VirtualClock):
    """The same, `ahead` of it at a moment; `now` jumps with it, as no clock of ours does."""

    def __init__(self, clockwork: Clockwork, ahead: Callable[[float], float]) -> None:
        super().__init__(clockwork)
        self._ahead = ahead

    def now(self) -> float:
        at = self._clockwork.now
        return EPOCH + at + self._ahead(at)

    wall = monotonic = now


class _Desk(Engine):
    """The real engine, but for three things: it writes to memory, it tells somebody else which
    nodes have news, and its turns are made one by one and not by a loop."""

    def __init__(
        self, world: World, rules: Rules, memory: Memory, clock: Clock, clockwork: Clockwork,
        wake: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(world, cast("Store", memory), rules, clock)
        self._memory = memory
        self._clockwork = clockwork
        self._wake_one = wake

    async def _write(self, changes: Changes, now: float) -> None:
        self._memory.write(changes, self._clockwork.now)

    def _wake_nodes(self, nodes: set[str]) -> None:
        for node in nodes:
            self._wake_one(node)

    def take(self, entry: Input) -> object:
        """An input, the turn it makes, and its answer."""
        waiting = self._queue.put(entry)
        self.pass_time()
        return waiting.answer

    def pass_time(self) -> None:
        """A turn. A fault of our own ends the simulation, and so does an invariant that fails."""
        _at_once(self.turn())
        if self.counters.faults or self.faulty or self.breaches.counts:
            raise AssertionError("the engine met a fault of its own, see its log")

    def report(self, batch: ResultsBatch, *, is_dated: bool) -> Report:
        """A batch as `submit` takes it. Not `is_dated`: as if it had been sent just now."""
        now = self._clock.now()
        return Report(batch, now, self._stood_s(now) if is_dated else 0.0)

    def is_waited_for(self) -> bool:
        """Whether a turn would find something to do: what `run` wakes up for."""
        now = self._clock.now()
        next_at = self._agenda.next_at()
        return (
            self._reassign
            or (next_at is not None and next_at <= now)
            or now - self.last_turn >= _IDLE_S
        )

    def until_next_turn(self) -> float:
        """In how many seconds to look again."""
        next_at = min(self.last_turn + _IDLE_S, self._agenda.next_at() or float("inf"))
        return next_at - self._clock.now()

    def is_known(self, node: str) -> bool:
        """A node asks for its assignments; False when it is not known."""
        try:
            if node != OWN:
                self.hear(node)
        except Unregistered:
            return False
        return True


class SimulatedLeader:
    """One leader, whose process may end and start again. `wake` is told which nodes have something
    new to fetch. `suspended` is when its machine stands still, `clock_s` how far its wall clock is
    ahead at a moment; `spoilt` names what it gets wrong on purpose: see `SPOILT`."""

    def __init__(
        self,
        monitors: Sequence[Monitor],
        strategy: str,
        checks: str,
        clockwork: Clockwork,
        wake: Callable[[str], None],
        *,
        suspended: Spans = _NEVER,
        clock_s: Callable[[float], float] | None = None,
        spoilt: str = "",
    ) -> None:
        self.memory = Memory()
        self.runs = False
        self._configuration = Configuration(
            version=1,
            monitors=tuple(replace(monitor, channels=("ops",)) for monitor in monitors),
            channels=(_CHANNEL,),
        )
        self._rules = Rules(constants=TimeConstants(), strategy=strategy)
        self._checks = "never" if spoilt == "never steps in" else checks
        self._clockwork = clockwork
        self._wake = wake
        self._machine = Machine(clockwork, suspended)
        self._clock_s = clock_s
        self._spoilt = spoilt
        self._desk: _Desk

    @property
    def world(self) -> World:
        """What the engine holds."""
        return self._desk.world

    def is_awake(self, at: float) -> bool:
        """Whether its machine runs."""
        return self._machine.is_awake(at)

    def awake_at(self, at: float) -> float:
        """When it runs, at a moment or after it."""
        return self._machine.awake_at(at)

    def _clock(self) -> Clock:
        clockwork, ahead = self._clockwork, self._clock_s
        if ahead is None:
            return _VirtualClock(clockwork)
        if self._spoilt == "jumping clock":
            return _WallClock(clockwork, ahead)
        return FollowingClock(
            wall=lambda: EPOCH + clockwork.now + ahead(clockwork.now),
            elapsed=lambda: clockwork.now,
        )

    def start(self, at: float) -> None:
        """A process starts, and takes up what the last one has written."""
        clock = self._clock()
        now = clock.now()
        own = Node(id=OWN, name=OWN, region="", rank=0, instance=f"{OWN}.{at:g}", joined=now,
                   heard=now, own=True)  # fmt: skip
        world = World(_CLUSTER, own, self._rules.constants, self._checks, now)
        world.nodes |= {name: node for name, node in self.memory.nodes.items() if name != OWN}
        world.states = dict(self.memory.states)
        world.ledgers = dict(self.memory.ledgers)
        world.incidents = dict(self.memory.incidents)
        world.configure(self._configuration)
        self._desk = _Desk(world, self._rules, self.memory, clock, self._clockwork, self._wake)
        self._desk.begin()
        self.runs = True
        self._desk.take(Reconfigure(dict(world.monitors), self._configuration))
        self._idle(self._desk, at)
        self._follow(self._desk, clock, at)

    def stop(self, at: float) -> None:
        """The process ends without a word."""
        self.runs = False

    def take(self, entry: Input, at: float) -> object:
        """An input, and its answer."""
        return self._desk.take(entry)

    def report(self, batch: ResultsBatch) -> object:
        """A batch that is read now, and its answer."""
        return self._desk.take(self._desk.report(batch, is_dated=self._spoilt != "undated"))

    def hear(self, node: str, at: float) -> bool:
        """A node asks for its assignments; False when it is not known."""
        return self._desk.is_known(node)

    def orders(self, node: str, etag: str) -> tuple[str, Assignments | Rechecks | None]:
        """What the node is to do, for one that has what `etag` names, and the ETag of that. Who has
        its monitors is told of the rechecks alone, and of nothing if it has them too."""
        world, orders = self.world, self.world.orders
        if etag == orders.etag(node):
            return etag, None
        if orders.names_monitors(node, etag):
            return orders.etag(node), Rechecks(recheck=orders.rechecks_of(node))
        return world.assignments(node)

    def _idle(self, desk: _Desk, at: float) -> None:
        """Time alone makes turns, as in `Engine.run`."""
        if not self.runs or self._desk is not desk:
            return
        if desk.is_waited_for():
            desk.pass_time()
        again = at + max(0.001, desk.until_next_turn())
        self._machine.at(again, lambda then: self._idle(desk, then))

    def _follow(self, desk: _Desk, clock: Clock, at: float) -> None:
        """Its clock follows its wall clock, as in `Leader`."""
        if self.runs and self._desk is desk:
            clock.follow()
            self._machine.at(at + _BEAT_S, lambda then: self._follow(desk, clock, then))


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("the engine has waited for something")
