"""The leader of a simulation: the real flow over a store in memory, in the engine's order.

Every input is a pass of `one_pass`; between them time alone makes passes, as in `Engine.turn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from tests.simulation.clockwork import EPOCH
from uptop_core.constants import TimeConstants
from uptop_leader.agenda import Agenda
from uptop_leader.ballots import Rules
from uptop_leader.channels import Channel
from uptop_leader.configuration import Configuration
from uptop_leader.flow import one_pass
from uptop_leader.inputs import Reconfigure, Register
from uptop_leader.nodes import Ledger, Node
from uptop_leader.providers.webhook import Webhook
from uptop_leader.restart import resumed
from uptop_leader.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from tests.simulation.clockwork import Clockwork
    from uptop_core.monitors import Monitor
    from uptop_core.wire import Assignments
    from uptop_leader.changes import Changes
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.inputs import Input
    from uptop_leader.nodes import Standing
    from uptop_leader.notifications import Notification
    from uptop_leader.states import MonitorState

T = TypeVar("T")

OWN = "leader"
_CLUSTER = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
_IDLE_S = 1.0
_CHANNEL = Channel(id="ops", name="ops", provider=Webhook(url="https://hooks.example.com/x"))


class Memory:
    """What has been written: all that is left of a leader when its process ends."""

    def __init__(self) -> None:
        self.states: dict[str, MonitorState] = {}
        self.nodes: dict[str, Node] = {}
        self.ledgers: dict[tuple[str, str], Ledger] = {}
        self.incidents: dict[str, Incident] = {}
        self.transitions: list[Transition] = []
        self.notifications: list[Notification] = []

    async def write(self, changes: Changes) -> None:
        """Step 11, without a disk."""
        for monitor, state in changes.states.items():
            known = self.states.get(monitor)
            self.states[monitor] = replace(state, votes=known.votes if known is not None else {})
        for (monitor, node), vote in changes.votes.items():
            self.states[monitor].votes[node] = vote
        self.nodes.update(changes.nodes)
        self.ledgers.update(changes.ledgers)
        for incident in changes.opened:
            self.incidents[incident.id] = incident
        for incident in changes.closed:
            self.incidents.pop(incident.id, None)
        self.transitions += changes.transitions
        self.notifications += changes.notifications


class SimulatedLeader:
    """One leader. `wake` is told which nodes have something new to fetch."""

    def __init__(
        self,
        monitors: Sequence[Monitor],
        strategy: str,
        checks: str,
        clockwork: Clockwork,
        wake: Callable[[str], None],
    ) -> None:
        self.memory = Memory()
        self.runs = False
        self.passes = 0
        self._configuration = Configuration(
            version=1,
            monitors=tuple(replace(monitor, channels=("ops",)) for monitor in monitors),
            channels=(_CHANNEL,),
        )
        self._rules = Rules(constants=TimeConstants(), strategy=strategy)
        self._checks = checks
        self._clockwork = clockwork
        self._wake = wake
        self.world: World
        self._agenda: Agenda
        self._seen: dict[str, Standing]
        self._heard: frozenset[str]
        self._reassign: bool

    def start(self, at: float) -> None:
        """A process starts, and takes up what the last one has written."""
        now = EPOCH + at
        own = Node(id=OWN, name=OWN, region="", rank=0, instance=f"{OWN}.{at:g}", joined=now,
                   heard=now, own=True)  # fmt: skip
        self.world = world = World(_CLUSTER, own, self._rules.constants, self._checks, now)
        world.nodes |= {name: node for name, node in self.memory.nodes.items() if name != OWN}
        world.ledgers = dict(self.memory.ledgers)
        world.incidents = dict(self.memory.incidents)
        world.configure(self._configuration)
        self._agenda = Agenda()
        world.reassign(now)
        world.states = {
            monitor: resumed(state, now) for monitor, state in self.memory.states.items()
        }
        world.follow_rechecks(world.states.values())
        self._seen = world.standings(now)
        self._heard, self._reassign = frozenset(), True
        for monitor in world.monitors:
            self._agenda.put(monitor, now)
        self.runs = True
        self._turn(at, [Reconfigure(dict(world.monitors), self._configuration)])
        self._idle(at, world)

    def stop(self, at: float) -> None:
        """The process ends without a word."""
        self.runs = False

    def take(self, entry: Input, at: float) -> object:
        """An input, and its answer."""
        return self._turn(at, [entry])[0]

    def hear(self, node: str, at: float) -> bool:
        """A node asks for its assignments; False when it is not known."""
        known = self.world.nodes.get(node)
        if known is None:
            return False
        if not known.own:
            self.world.nodes[node] = replace(known, heard=EPOCH + at)
        return True

    def etag(self, node: str) -> str:
        """Another one when `assignments` has changed."""
        return self.world.etag(node)

    def assignments(self, node: str) -> Assignments:
        """What the node is to do."""
        return self.world.assignments(node)[1]

    def _idle(self, at: float, world: World) -> None:
        """Time alone: a pass when something is due or a node went, and look again in a second."""
        if not self.runs or self.world is not world:
            return
        due = self._agenda.next_at()
        if (due is not None and due <= EPOCH + at) or self._have_nodes_moved(at):
            self._turn(at, [])
            due = self._agenda.next_at()
        pause = _IDLE_S if due is None else min(_IDLE_S, max(0.001, due - EPOCH - at))
        self._clockwork.at(at + pause, lambda then: self._idle(then, world))

    def _have_nodes_moved(self, at: float) -> bool:
        return self._reassign or self.world.standings(EPOCH + at) != self._seen

    def _turn(self, at: float, entries: list[Input]) -> list[object]:
        """One turn of the engine. See `Engine.turn` for why it is in this order."""
        now, world = EPOCH + at, self.world
        due = set(self._agenda.take(now)) | self._notice_nodes(now)
        self.passes += 1
        draft, answers = _at_once(
            one_pass(world, entries, due, self._rules, "", self.memory.write, now)
        )
        self._reassign = self._reassign or any(isinstance(entry, Register) for entry in entries)
        for monitor, when in draft.due.items():
            self._agenda.put(monitor, when)
        for node in world.follow_rechecks(draft.states.values()):
            self._wake(node)
        for (monitor, node), vote in draft.changes.votes.items():
            world.changed.discard(monitor)
            if node != OWN and not vote.abstains and OWN in world.assigned.get(monitor, ()):
                self._reassign = self._reassign or world.checks == "auto"
        if self._reassign:
            self._clockwork.at(at, self._reassign_now(world))
        return answers

    def _reassign_now(self, world: World) -> Callable[[float], None]:
        def turn(at: float) -> None:
            if self.runs and self.world is world and self._reassign:
                self._turn(at, [])

        return turn

    def _notice_nodes(self, now: float) -> set[str]:
        """See `Engine._notice_nodes`."""
        world = self.world
        standings = world.standings(now)
        moved = {node for node, where in standings.items() if self._seen.get(node) != where}
        heard = frozenset(
            node.id
            for node in world.nodes.values()
            if not node.own
            and not node.stopping
            and now - max(node.heard, world.since) <= self._rules.constants.take_over
        )
        touched: set[str] = set()
        if self._reassign or heard != self._heard:
            self._reassign, self._heard = False, heard
            touched |= world.reassign(now)
            world.follow_rechecks(world.states.values())
            for node in world.nodes:
                self._wake(node)
        if moved:
            touched |= {
                monitor for monitor, nodes in world.assigned.items() if not moved.isdisjoint(nodes)
            }
        self._seen = standings
        return touched


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("the flow has waited for something")
