"""What the engine holds in memory: the configuration, what is believed, and who runs what."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.wire import Assignments
from uptop_leader.assign import assign, assignment, traits
from uptop_leader.calendars import Calendar
from uptop_leader.dependencies import dependents
from uptop_leader.nodes import Ledger, Node, Standing, standing
from uptop_leader.orders import Orders
from uptop_leader.sick_nodes import RecentResults
from uptop_leader.states import Belief, MonitorState
from uptop_leader.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Configuration
    from uptop_leader.incidents import Incident
    from uptop_leader.ingest import Given


class World:
    """Everything the engine knows now. Changed between passes, and by `Draft.commit`."""

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
        self.configuration: Configuration | None = None
        """What `configure` was given, until the states have followed it."""
        self.orders = Orders(started)
        self.stands_in = False
        """Whether the leader runs anything in the place of probes."""
        self._given: dict[str, dict[str, Given]] = defaultdict(dict)
        self.recent = RecentResults()
        self.examined = started
        """When the nodes were last looked at for troubles."""

    def configure(self, configuration: Configuration) -> None:
        """Take over what people have set up; what they need of states is the engine's business."""
        known = self.monitors
        # One that is as it was stays the same object, with what its check has worked out already.
        self.monitors = {
            monitor.id: known[monitor.id] if known.get(monitor.id) == monitor else monitor
            for monitor in configuration.monitors
        }
        self.channels = {channel.id: channel for channel in configuration.channels}
        self.version = configuration.version
        self.configuration = configuration
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
        if self.monitors != known:
            self.orders.change(self.nodes)
        self._given.clear()
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
        shared: dict[Hashable, tuple[str, ...]] = {}
        for monitor in self.monitors.values():
            before = self.assigned.get(monitor.id, ())
            is_own_now = self.own.id in before
            voted = self._voted(monitor.id, now) if is_own_now else frozenset()
            like = (traits(monitor), is_own_now, voted)
            if (nodes := shared.get(like)) is None:
                nodes = shared[like] = assign(
                    monitor,
                    probes,
                    self.own,
                    mode=self.checks,
                    heard=heard,
                    voted=voted,
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
        self.orders.change(concerned)
        self._given.clear()
        self.stands_in = self.checks == "auto" and any(
            self.own.id in nodes for nodes in self.assigned.values()
        )
        return moved

    def _heard(self, probes: list[Node], now: float) -> set[str]:
        """Probes heard within the time after which the leader takes over. After a start, those
        known from before count as heard until that time is over."""
        return {
            node.id
            for node in probes
            if not node.stopping and now - max(node.heard, self.since) <= self.constants.take_over
        }

    def _voted(self, monitor: str, now: float) -> frozenset[str]:
        """Nodes that have voted on a monitor within the time after which the leader takes over:
        where it has taken over, none has that was not heard again since."""
        state = self.states.get(monitor)
        oldest = now - self.constants.take_over
        votes = state.votes.values() if state is not None else ()
        voters = (vote.node for vote in votes if vote.observed >= oldest and not vote.abstains)
        return frozenset(voters)

    def assignments(self, node: str) -> tuple[str, Assignments]:
        """What `node` is to run, and which rechecks are open for it, with its ETag."""
        monitors = tuple(
            assignment(monitor, node, nodes, soon=self._is_new(monitor.id))
            for monitor in self.monitors.values()
            if node in (nodes := self.assigned.get(monitor.id, ()))
        )
        orders = Assignments(monitors=monitors, recheck=self.orders.rechecks_of(node))
        return self.orders.etag(node), orders

    def given_to(self, node: str) -> Callable[[str], Given | None]:
        """Tells how a monitor (an id) is or was given to the node; None where it never was."""
        now = self._given[node]

        def find(monitor: str) -> Given | None:
            return now.get(monitor) or self._look_up(node, monitor)

        return find

    def _look_up(self, node: str, monitor: str) -> Given | None:
        found = self.monitors.get(monitor) if node in self.assigned.get(monitor, ()) else None
        given = self.terms.given(found, monitor, node)
        if given is not None and given.monitor is not None:
            self._given[node][monitor] = given
        return given

    def _is_new(self, monitor: str) -> bool:
        state = self.states.get(monitor)
        return state is None or state.belief is Belief.PENDING or monitor in self.changed

    def follow_rechecks(self, states: Iterable[MonitorState]) -> set[str]:
        """See `Orders.follow`."""
        return self.orders.follow(states, self.nodes, self._nodes_of)

    def _nodes_of(self, monitor: str) -> tuple[str, ...]:
        return self.assigned.get(monitor, ()) if monitor in self.monitors else ()

    def forget_ledgers(self, before: float) -> None:
        """Drop the ledgers of instances that have not reported since: they are gone for good."""
        self.ledgers = {
            key: ledger for key, ledger in self.ledgers.items() if ledger.touched >= before
        }


def _looks_differ(before: Monitor, after: Monitor) -> bool:
    return (before.check, before.interval, before.timeout) != (
        after.check,
        after.interval,
        after.timeout,
    )
