"""What comes to the engine: each kind of input enters the draft of the next moment in its own way
and has its own answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_leader.incidents import Acknowledgement
from uptop_leader.judge import shift
from uptop_leader.nodes import Node, Troubles
from uptop_leader.pushes import hear
from uptop_leader.records import Record
from uptop_leader.refusals import Conflict, InstanceConflict
from uptop_leader.rounds import ask
from uptop_leader.states import MonitorState, Status, fresh_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.monitors import Monitor
    from uptop_core.wire import Registration
    from uptop_leader.configuration import Configuration
    from uptop_leader.drafts import Draft
    from uptop_leader.incidents import Incident, Transition


OVER = "the incident is over: only an open one is acknowledged"


class Input(Protocol):
    """Something that happened. `enter` writes what it means into the draft and gives the answer;
    it may refuse by raising a refusal, leaving the draft as it was."""

    def enter(self, draft: Draft) -> object: ...


class Register(Struct, frozen=True):
    """A probe says who it is. Answer: the `Node` as known."""

    registration: Registration
    address: str

    def enter(self, draft: Draft) -> Node:
        """Known or new; refused while another live instance has the id."""
        said = self.registration
        known = draft.node(said.id)
        if known is not None:
            refuse_second(known, said.instance, draft)
        record = known.record if known is not None else Record()
        again = known if known is not None and known.instance == said.instance else None
        rank = known.rank if known is not None else _next_rank(draft)
        node = Node(
            id=said.id,
            name=said.name or said.id,
            region=said.region.strip().lower(),
            rank=rank,
            version=said.version,
            instance=said.instance,
            kinds=said.kinds,
            joined=known.joined if known is not None else draft.now,
            heard=draft.now,
            offset_ms=again.offset_ms if again is not None else None,
            record=record if again is not None else record.of_a_new_instance(),
            address=self.address,
            troubles=known.troubles if known is not None else Troubles(),
        )
        draft.put_node(node)
        return node


def _next_rank(draft: Draft) -> int:
    nodes = {**draft.world.nodes, **draft.changes.nodes}
    return max((node.rank for node in nodes.values()), default=-1) + 1


def refuse_second(node: Node, instance: str, draft: Draft) -> None:
    """Refuse an instance beside a live one. One that names none replaces only another such."""
    silence = draft.now - node.heard
    bound = draft.world.constants.instance
    if node.own or (node.instance != instance and not node.stopping and silence < bound):
        raise InstanceConflict(node.id, max(1.0, bound - silence))


class Dismiss(Struct, frozen=True):
    """A node may not report any more: its key was revoked. Answer: whether it was there."""

    node: str

    def enter(self, draft: Draft) -> bool:
        """It leaves at once, as one that says that it stops."""
        known = draft.node(self.node)
        if known is None or known.own:
            return False
        draft.put_node(replace(known, stopping=True))
        return True


class Forget(Struct, frozen=True):
    """A node is gone for good. Answer: whether it was there."""

    node: str

    def enter(self, draft: Draft) -> bool:
        """It is in no list any more; its history stays. Conflict while it is there."""
        known = draft.node(self.node)
        if known is None:
            return False
        if known.own or not draft.standings[known.id].offline:
            raise Conflict(f"node {self.node!r} is there: stop it first, or revoke its key")
        draft.changes.nodes.pop(known.id, None)
        draft.changes.gone.add(known.id)
        return True


class Signal(Struct, frozen=True):
    """A push job says something. Answer: whether the monitor is there to hear it."""

    monitor: str
    signal: str
    detail: str

    def enter(self, draft: Draft) -> bool:
        """Note it, and have the monitor judged."""
        monitor = draft.world.monitors.get(self.monitor)
        if monitor is None or not isinstance(monitor.check, PushCheck):
            return False
        if not monitor.paused:
            draft.put(hear(draft.state(self.monitor), self.signal, self.detail, draft.now))
            draft.touched.add(self.monitor)
        return True


class Acknowledge(Struct, frozen=True):
    """Somebody takes an open incident on. Answer: the incident, with that."""

    incident: str
    by: str
    note: str = ""

    def enter(self, draft: Draft) -> Incident:
        """Note it. Conflict when the incident is not open any more."""
        known = draft.incident(self.incident)
        if known is None:
            raise Conflict(OVER)
        taken = Acknowledgement(at=draft.now, by=self.by, note=self.note)
        before = known.acknowledged
        if before is not None and (before.by, before.note) == (taken.by, taken.note):
            return known
        after = replace(known, acknowledged=taken)
        draft.changes.amended.append(after)
        draft.touched.add(known.monitor)
        return after


class LookAgain(Struct, frozen=True):
    """Somebody wants to know now. Answer: the ids of those monitors that are rechecked; not those
    that are paused, or that no node checks.
    """

    monitors: tuple[str, ...]

    def enter(self, draft: Draft) -> tuple[str, ...]:
        """Open a run where none is open."""
        asked = self.found(draft.world.monitors)
        for monitor in asked:
            state = draft.state(monitor)
            if state.run is None:
                draft.put(replace(state, run=ask(state, draft.now)))
                draft.due[monitor] = draft.now
        return asked

    def found(self, monitors: Mapping[str, Monitor]) -> tuple[str, ...]:
        """Those of them that can be rechecked."""
        known = (monitors.get(one) for one in self.monitors)
        return tuple(one.id for one in known if one and one.check.runs and not one.paused)


class Reconfigure(Struct, frozen=True):
    """The configuration has changed. Answer: the number of monitors it has now.

    The world must have taken it over already (`World.configure`); here it becomes states:
    new monitors begin, paused and deleted ones close their incident. `before` are the monitors as
    the states know them, those that were deleted while the leader was away included.
    """

    before: dict[str, Monitor]
    after: Configuration

    def enter(self, draft: Draft) -> int:
        """See above."""
        monitors = {monitor.id: monitor for monitor in self.after.monitors}
        draft.departed = {
            gone: monitor for gone, monitor in self.before.items() if gone not in monitors
        }
        for gone in (self.before.keys() | draft.world.states.keys()) - monitors.keys():
            _close(draft, draft.state(gone), Status.PENDING, "deleted")
            draft.changes.forgotten.append(gone)
        for monitor in monitors.values():
            known = draft.world.states.get(monitor.id)
            if known is None:
                draft.put(fresh_state(monitor.id, draft.now))
            if monitor.paused and (known is None or known.status is not Status.PAUSED):
                _close(draft, draft.state(monitor.id), Status.PAUSED, "paused")
            elif not monitor.paused and known is not None and known.status is Status.PAUSED:
                _resume(draft, monitor)
            if not monitor.paused and (known is None or self.before.get(monitor.id) != monitor):
                draft.touched.add(monitor.id)
        draft.regroup = draft.replanned = True
        return len(monitors)


def _close(draft: Draft, state: MonitorState, status: Status, cause: str) -> None:
    """Set a monitor aside: its belief and votes go, its counters stay."""
    quiet = _blank(state, draft.now)
    after, transition = shift(state, quiet, status, draft.now, draft.now, cause=cause)
    draft.put(after)
    _record(draft, transition)


def _resume(draft: Draft, monitor: Monitor) -> None:
    if isinstance(monitor.check, GroupCheck):
        return
    state = draft.state(monitor.id)
    after, transition = shift(
        state, _blank(state, draft.now), Status.PENDING, draft.now, draft.now, cause="resumed"
    )
    draft.put(after)
    _record(draft, transition)


def _record(draft: Draft, transition: Transition | None) -> None:
    if transition is not None:
        draft.changes.transitions.append(transition)


def _blank(state: MonitorState, now: float) -> MonitorState:
    """A fresh state that keeps what is counted, and the open incident until it is closed."""
    return replace(
        fresh_state(state.monitor, now),
        status=state.status,
        status_since=state.status_since,
        incident=state.incident,
        incidents=state.incidents,
        told=state.told,
        cert_told=state.cert_told,
        maintenance=state.maintenance,
        telling=state.telling,
    )
