"""A draft of the next moment of the world: what a pass of the flow decides on.

Reads fall through to the world, writes stay in the draft. Only after the store has committed does
the world take them over, so nothing is ever half-done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.monitors import Monitor
from uptop_leader.changes import Changes
from uptop_leader.incidents import Incident, Transition
from uptop_leader.invariants import Breach, untold
from uptop_leader.nodes import Ledger, Node, Standing, standing
from uptop_leader.states import MonitorState, differs_beyond_votes, fresh_state
from uptop_leader.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.votes import Vote


class Draft(Struct, kw_only=True):
    """The next moment, while it is being decided."""

    world: World
    now: float
    standings: dict[str, Standing]
    changes: Changes
    states: dict[str, MonitorState] = {}
    moved: set[str] = set()
    """Monitors of whose state more than the votes may have changed."""
    anew: set[str] = set()
    """Monitors that were changed, and have been looked at since."""
    hands_back: bool = False
    """Whether a probe has voted on what the leader does in its place."""
    touched: set[str] = set()
    """Monitors to be judged."""
    turned: set[str] = set()
    """Those of them where a vote may have newly turned against the belief."""
    regroup: bool = False
    """Whether groups are to be judged even where no member moved."""
    due: dict[str, float | None] = {}
    """When time alone may change a judged monitor; None where it cannot."""
    examined: bool = False
    """Whether the nodes were looked at for troubles."""
    recalls: dict[str, float | None] = {}
    """When there may be something to tell of a monitor though nothing happens; None for never."""
    departed: dict[str, Monitor] = {}
    """Monitors that were deleted just now, so that their end can be told."""
    replanned: bool = False
    """Whether maintenance may have changed for any monitor."""
    overdue: set[str] = set()
    owed: list[tuple[Transition, Incident | None]] = []
    """What is to be told now that a maintenance has ended."""
    breaches: list[Breach] = []
    """Invariants that did not hold: bugs of ours."""

    def state(self, monitor: str) -> MonitorState:
        """The state as of this draft."""
        found = self.states.get(monitor) or self.world.states.get(monitor)
        return found if found is not None else fresh_state(monitor, self.now)

    def put(self, state: MonitorState) -> None:
        """Replace a state."""
        self.states[state.monitor] = state
        self.moved.add(state.monitor)

    def put_votes(self, state: MonitorState) -> None:
        """Replace a state by one that has other votes and nothing else."""
        self.states[state.monitor] = state

    def note_voter(self, monitor: str, vote: Vote) -> None:
        """Note what ends with a vote: the haste for a monitor that was changed, and the leader's
        own turn at one that a probe looks at again."""
        world = self.world
        if monitor in world.changed:
            self.anew.add(monitor)
        if world.stands_in and vote.node != world.own.id and not vote.abstains:
            is_own = world.own.id in world.assigned.get(monitor, ())
            self.hands_back = self.hands_back or is_own

    def moved_states(self) -> Iterator[MonitorState]:
        """The states of which more than the votes may have changed."""
        return (state for monitor, state in self.states.items() if monitor in self.moved)

    def incident(self, incident: str | None) -> Incident | None:
        """An open incident as of this draft."""
        for mine in (*reversed(self.changes.amended), *reversed(self.changes.opened)):
            if mine.id == incident:
                return mine
        return self.world.incidents.get(incident or "")

    def node(self, node: str) -> Node | None:
        """The node as of this draft."""
        if node in self.changes.gone:
            return self.changes.nodes.get(node)
        return self.changes.nodes.get(node) or self.world.nodes.get(node)

    def put_node(self, node: Node) -> None:
        """Replace a node, and with it where it stands."""
        self.changes.nodes[node.id] = node
        self.standings[node.id] = standing(node, self.world.constants, self.world.since, self.now)

    def put_late(self, monitor: str, observed: float) -> None:
        """Note that a result of a time came in when nobody could vote on that any more."""
        first, last = self.changes.late.get(monitor, (observed, observed))
        self.changes.late[monitor] = (min(first, observed), max(last, observed))

    def ledger(self, node: str, instance: str) -> Ledger:
        """The ledger of an instance as of this draft."""
        key = (node, instance)
        found = self.changes.ledgers.get(key) or self.world.ledgers.get(key)
        return found if found is not None else Ledger(node=node, instance=instance)

    def finish(self) -> Changes:
        """All there is to write: of the states those that moved beyond their votes."""
        before = self.world.states
        self.changes.states = {
            monitor: state
            for monitor, state in self.states.items()
            if monitor in self.moved
            and monitor not in self.changes.forgotten
            and differs_beyond_votes(before.get(monitor), state)
        }
        self.breaches += untold(self.changes, self.world.monitors, self.world.channels)
        self.changes.former = dict(self.world.terms.unwritten)
        self.changes.gaps = list(self.world.gaps)
        return self.changes

    def commit(self) -> None:
        """Make the draft the world: called once the store has committed it."""
        world, changes = self.world, self.changes
        for node in changes.gone:
            world.nodes.pop(node, None)
        world.nodes.update(changes.nodes)
        world.ledgers.update(changes.ledgers)
        world.states.update(self.states)
        for incident in (*changes.opened, *changes.amended):
            world.incidents[incident.id] = incident
        for incident in changes.closed:
            world.incidents.pop(incident.id, None)
        for monitor in changes.forgotten:
            world.states.pop(monitor, None)
            world.recalls.pop(monitor, None)
        for pair in changes.former:
            world.terms.unwritten.pop(pair, None)
        del world.gaps[: len(changes.gaps)]
        for monitor, at in self.recalls.items():
            if at is None:
                world.recalls.pop(monitor, None)
            else:
                world.recalls[monitor] = at
        world.changed -= self.anew
        world.looked, world.overdue = self.now, self.overdue
        world.calendar.forget(self.now)
        world.recent.note(changes.results, self.now)
        if self.examined:
            world.examined = self.now


def draft_of(world: World, now: float) -> Draft:
    """An empty draft of the moment `now`."""
    return Draft(world=world, now=now, standings=world.standings(now), changes=Changes())
