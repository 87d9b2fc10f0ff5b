"""What the engine holds in memory, and a draft of the next moment of it.

A pass decides on a `Draft`: reads fall through to the world, writes stay in the draft. Only after
the store has committed does the world take them over, so nothing is ever half-done.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.wire import Assignment, Assignments, Recheck
from uptop_leader.assign import assign, assignment
from uptop_leader.calendars import Calendar
from uptop_leader.changes import Changes
from uptop_leader.dependencies import dependents
from uptop_leader.invariants import Breach, untold
from uptop_leader.nodes import Ledger, Node, Standing, standing
from uptop_leader.rounds import has_answered
from uptop_leader.sick_nodes import RecentResults
from uptop_leader.states import Belief, MonitorState, differs_beyond_votes, fresh_state
from uptop_leader.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Configuration
    from uptop_leader.incidents import Incident, Transition


class World:
    """Everything the engine knows now. Changed by `Draft.commit` and `configure` only."""

    def __init__(
        self, cluster: str, own: Node, constants: TimeConstants, checks: str, started: float
    ) -> None:
        self.cluster = cluster
        self.constants = constants
        self.checks = checks
        self.started = started
        self.since = started
        """Since when this leader has been there to listen: nobody's silence counts from before."""
        self.own = own
        self.monitors: dict[str, Monitor] = {}
        self.channels: dict[str, Channel] = {}
        self.states: dict[str, MonitorState] = {}
        self.nodes: dict[str, Node] = {own.id: own}
        self.ledgers: dict[tuple[str, str], Ledger] = {}
        self.incidents: dict[str, Incident] = {}
        self.dependents: dict[str, tuple[str, ...]] = {}
        """Who depends on a monitor."""
        self.recalls: dict[str, float] = {}
        """When there may be something to tell of a monitor though nothing happens to it."""
        self.assigned: dict[str, tuple[str, ...]] = {}
        self.terms = Terms()
        self.gaps: list[tuple[float, float]] = []
        """Times in which this leader stood still, as long as the store does not have them."""
        self.members: dict[str, list[str]] = {}
        self.push_tokens: dict[str, str] = {}
        self.groups: list[str] = []
        """The groups, each after those inside it, so that one sweep judges them all."""
        self.calendar = Calendar((), {}, started)
        self.looked = started
        """Until when the calendar has been followed."""
        self.overdue: set[str] = set()
        """Monitors whose maintenance is over, and still to be ended."""
        self.changed: set[str] = set()
        self.version = 0
        self.edition: dict[str, int] = defaultdict(int)
        self.rechecks: dict[str, dict[str, Recheck]] = defaultdict(dict)
        self._asked: dict[str, int] = defaultdict(int)  # how often a node's rechecks have changed
        self.recent = RecentResults()
        self.examined = started
        """When the nodes were last looked at for troubles."""
        self._rechecking: set[str] = set()  # monitors of which somebody is asked for a recheck

    def configure(self, configuration: Configuration) -> None:
        """Take over what people have set up; what they need of states is the engine's business."""
        known = self.monitors
        self.monitors = {monitor.id: monitor for monitor in configuration.monitors}
        self.channels = {channel.id: channel for channel in configuration.channels}
        self.version = configuration.version
        changed = {
            monitor.id
            for monitor in configuration.monitors
            if monitor.id in known and _looks_differ(known[monitor.id], monitor)
        }
        self.changed |= changed
        self.terms.change(changed)
        self.push_tokens = {
            monitor.check.token: monitor.id
            for monitor in configuration.monitors
            if isinstance(monitor.check, PushCheck) and monitor.check.token
        }
        for node in self.nodes:
            self.edition[node] += 1
        self.members = defaultdict(list)
        for monitor in configuration.monitors:
            if monitor.parent is not None:
                self.members[monitor.parent].append(monitor.id)
        self.groups = self._groups_inside_out()
        self.dependents = dependents(self.monitors)
        self.calendar = Calendar(configuration.maintenances, self.monitors, self.looked)

    def _groups_inside_out(self) -> list[str]:
        order: dict[str, None] = {}
        begun: set[str] = set()

        def visit(group: str) -> None:
            if group in begun:
                return
            begun.add(group)
            for member in self.members.get(group, ()):
                if isinstance(self.monitors[member].check, GroupCheck):
                    visit(member)
            order[group] = None

        for monitor in self.monitors.values():
            if isinstance(monitor.check, GroupCheck):
                visit(monitor.id)
        return list(order)

    def recalled(self, now: float) -> set[str]:
        """The monitors of which there may be something to tell by now."""
        return {monitor for monitor, at in self.recalls.items() if at <= now}

    def standings(self, now: float) -> dict[str, Standing]:
        """Where each node stands."""
        return {
            node.id: standing(node, self.constants, self.since, now) for node in self.nodes.values()
        }

    def reassign(self, now: float) -> set[str]:
        """Work out who runs what; the monitors whose nodes changed."""
        probes = [node for node in self.nodes.values() if not node.own]
        heard = self._heard(probes, now)
        moved: set[str] = set()
        concerned: set[str] = set()
        for monitor in self.monitors.values():
            before = self.assigned.get(monitor.id, ())
            is_own_now = self.own.id in before
            nodes = assign(
                monitor,
                probes,
                self.own,
                mode=self.checks,
                heard=heard,
                voted=self._voted(monitor.id, now) if is_own_now else (),
                is_own_now=is_own_now,
            )
            voters = self.states[monitor.id].votes if monitor.id in self.states else ()
            self.terms.follow(monitor.id, before, nodes, voters, now)
            if nodes != before:
                moved.add(monitor.id)
                concerned.update(before, nodes)
                self.assigned[monitor.id] = nodes
        for gone in self.assigned.keys() - self.monitors.keys():
            self.terms.drop(gone, self.assigned.pop(gone), now)
        for node in concerned:
            self.edition[node] += 1
        return moved

    def _heard(self, probes: list[Node], now: float) -> set[str]:
        """Probes heard within the time after which the leader takes over. After a start, those
        known from before count as heard until that time is over."""
        return {
            node.id
            for node in probes
            if not node.stopping and now - max(node.heard, self.since) <= self.constants.take_over
        }

    def _voted(self, monitor: str, now: float) -> set[str]:
        """Nodes that have voted on a monitor within the time after which the leader takes over:
        where it has taken over, none has that was not heard again since."""
        state = self.states.get(monitor)
        oldest = now - self.constants.take_over
        votes = state.votes.values() if state is not None else ()
        return {vote.node for vote in votes if vote.observed >= oldest and not vote.abstains}

    def etag(self, node: str) -> str:
        """Names what `assignments` gives now: another one when that has changed."""
        return f"{self.started:.3f}.{self.edition[node]}.{self._asked[node]}"

    def assignments(self, node: str) -> tuple[str, Assignments]:
        """What `node` is to run, and which rechecks are open for it, with its ETag."""
        rechecks = tuple(self.rechecks[node].values())
        return self.etag(node), Assignments(monitors=self._given_to(node), recheck=rechecks)

    def _given_to(self, node: str) -> tuple[Assignment, ...]:
        return tuple(
            assignment(monitor, node, nodes, soon=self._is_new(monitor.id))
            for monitor in self.monitors.values()
            if node in (nodes := self.assigned.get(monitor.id, ()))
        )

    def _is_new(self, monitor: str) -> bool:
        state = self.states.get(monitor)
        return state is None or state.belief is Belief.PENDING or monitor in self.changed

    def follow_rechecks(self, states: Iterable[MonitorState]) -> set[str]:
        """Keep who is asked to recheck what, for these monitors; the nodes for whom it changed."""
        woken: set[str] = set()
        for state in states:
            if state.run is None and state.monitor not in self._rechecking:
                continue
            owing = self._owing(state)
            for node in self.nodes:
                asked = self.rechecks[node]
                before = asked.get(state.monitor)
                after = owing.get(node)
                if before == after:
                    continue
                self._asked[node] += 1
                if after is None:
                    del asked[state.monitor]
                else:
                    asked[state.monitor] = after
                    woken.add(node)
            if owing:
                self._rechecking.add(state.monitor)
            else:
                self._rechecking.discard(state.monitor)
        return woken

    def forget_ledgers(self, before: float) -> None:
        """Drop the ledgers of instances that have not reported since: they are gone for good."""
        self.ledgers = {
            key: ledger for key, ledger in self.ledgers.items() if ledger.touched >= before
        }

    def _owing(self, state: MonitorState) -> dict[str, Recheck]:
        run = state.run
        if run is None or run.pause_until is not None or state.monitor not in self.monitors:
            return {}
        recheck = Recheck(run.recheck, state.monitor)
        return {
            node: recheck
            for node in self.assigned.get(state.monitor, ())
            if node not in state.votes or not has_answered(state.votes[node], run)
        }


def _looks_differ(before: Monitor, after: Monitor) -> bool:
    return (before.check, before.interval, before.timeout) != (
        after.check,
        after.interval,
        after.timeout,
    )


class Draft(Struct, kw_only=True):
    """The next moment, while it is being decided."""

    world: World
    now: float
    standings: dict[str, Standing]
    changes: Changes
    states: dict[str, MonitorState] = {}
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

    def incident(self, incident: str | None) -> Incident | None:
        """An open incident as of this draft."""
        for mine in (*reversed(self.changes.amended), *reversed(self.changes.opened)):
            if mine.id == incident:
                return mine
        return self.world.incidents.get(incident or "")

    def node(self, node: str) -> Node | None:
        """The node as of this draft."""
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

    def hear(self, node: Node, **facts: object) -> None:
        """Note that a node has spoken."""
        self.put_node(replace(node, heard=self.now, **facts))

    def finish(self) -> Changes:
        """All there is to write: of the states those that moved beyond their votes."""
        before = self.world.states
        self.changes.states = {
            monitor: state
            for monitor, state in self.states.items()
            if monitor not in self.changes.forgotten
            and differs_beyond_votes(before.get(monitor), state)
        }
        self.breaches += untold(self.changes, self.world.monitors, self.world.channels)
        self.changes.former = dict(self.world.terms.unwritten)
        self.changes.gaps = list(self.world.gaps)
        return self.changes

    def commit(self) -> None:
        """Make the draft the world: called once the store has committed it."""
        world, changes = self.world, self.changes
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
        world.looked, world.overdue = self.now, self.overdue
        world.calendar.forget(self.now)
        world.recent.note(changes.results, self.now)
        if self.examined:
            world.examined = self.now
        for pair in changes.former:
            world.terms.unwritten.pop(pair, None)
        del world.gaps[: len(changes.gaps)]


def draft_of(world: World, now: float) -> Draft:
    """An empty draft of the moment `now`."""
    return Draft(world=world, now=now, standings=world.standings(now), changes=Changes())
