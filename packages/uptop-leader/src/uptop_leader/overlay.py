"""Part of steps 9 and 10: MAINTENANCE over what is judged. Pure.

Judging goes on beneath it, incidents open and close; people are told nothing. When it ends they are
told what they do not know by then: what is still down (its incident was held back until now), and
the end of what they knew to be down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_core.votes import fresh_for
from uptop_leader.incidents import MAINTENANCE, Incident, Transition
from uptop_leader.states import Belief, Maintained, MonitorState, Recovered, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.monitors import Monitor
    from uptop_leader.drafts import Draft

Owed = tuple[Transition, "Incident | None"]
"""A transition that was not told when it was made, and its incident."""


def maintain(draft: Draft) -> None:
    """Let maintenance begin and end where it is time, before anything is judged.

    What is to be told of it now is left in `draft.owed`.
    """
    world = draft.world
    draft.overdue = {monitor for monitor in world.overdue if monitor in world.monitors}
    for moment, monitors in world.calendar.changes(world.looked, draft.now):
        for monitor in monitors:
            _follow(draft, monitor, moment)
    if draft.replanned:
        for monitor in world.monitors:
            _follow(draft, monitor, draft.now)
    groups = [one for one in world.groups if one in draft.overdue]  # each after those inside it
    for monitor in (*sorted(draft.overdue.difference(groups)), *groups):
        if _may_end(draft, world.monitors[monitor]):
            _end(draft, monitor)
    for gone in draft.departed:
        state = draft.state(gone)
        under = state.maintenance
        if under is not None and under.recovered is not None:
            draft.owed.append(_recovery(gone, under.recovered, draft.now))
            draft.put(replace(state, maintenance=None))


def _follow(draft: Draft, monitor: str, at: float) -> None:
    """Begin or end for one monitor what begins or ends at `at`."""
    state = draft.states.get(monitor) or draft.world.states.get(monitor)
    if state is None:  # it is new, and begins in this pass
        return
    names, under = draft.world.calendar.under(monitor, at), state.maintenance
    if names and under is None:
        _begin(draft, state, names, at)
    elif names and under is not None and under.over is not None:
        draft.put(replace(state, maintenance=replace(under, over=None)))
        draft.overdue.discard(monitor)
    elif not names and under is not None and under.over is None:
        over = replace(under, over=max(under.since, at))
        draft.put(replace(state, maintenance=over))
        draft.overdue.add(monitor)


def _begin(draft: Draft, state: MonitorState, names: tuple[str, ...], at: float) -> None:
    under = Maintained(since=at, names=names, status=state.status)
    draft.put(replace(state, maintenance=under))
    draft.changes.transitions.append(
        _transition(state, at, draft.now, state.status, Status.MAINTENANCE, ", ".join(names))
    )


def _may_end(draft: Draft, monitor: Monitor) -> bool:
    """Whether what is believed is known to be so: an outage that began before this leader was
    away may be long over, so the nodes get the time to say so.
    """
    under = draft.state(monitor.id).maintenance
    if isinstance(monitor.check, GroupCheck):
        return draft.overdue.isdisjoint(draft.world.members.get(monitor.id, ()))
    since = draft.world.since
    if under is None or under.over is None or under.over >= since or not monitor.check.runs:
        return True
    return draft.now >= since + fresh_for(monitor)


def _end(draft: Draft, monitor: str) -> None:
    draft.overdue.discard(monitor)
    state = draft.state(monitor)
    under = state.maintenance
    if under is None:
        return
    at = under.over if under.over is not None else draft.now
    draft.changes.transitions.append(
        _transition(state, at, draft.now, Status.MAINTENANCE, state.status, ", ".join(under.names))
    )
    draft.owed += owed(under, state, draft.now)
    draft.put(replace(state, maintenance=None))
    draft.touched.add(monitor)


def _transition(
    state: MonitorState, at: float, now: float, before: Status, after: Status, names: str
) -> Transition:
    return Transition(
        monitor=state.monitor,
        at=at,
        known=now,
        belief_from=state.belief,
        belief_to=state.belief,
        status_from=before,
        status_to=after,
        cause=MAINTENANCE,
        detail=names,
        incident=state.incident,
    )


def owed(under: Maintained, state: MonitorState, now: float) -> Iterator[Owed]:
    """What people do not know when a maintenance ends, but for an outage that goes on: that waits
    with its incident. What began and ended within it is nobody's news.
    """
    if under.recovered is not None:
        yield _recovery(state.monitor, under.recovered, now)
    is_known = state.status in (under.status, Status.DOWN, Status.PAUSED)
    if state.belief is not Belief.DOWN and not is_known:
        change = Transition(
            monitor=state.monitor,
            at=state.status_since,
            known=now,
            belief_from=state.belief,
            belief_to=state.belief,
            status_from=under.status,
            status_to=state.status,
        )
        yield change, None


def _recovery(monitor: str, known: Recovered, now: float) -> Owed:
    incident = Incident(
        id=known.incident,
        monitor=monitor,
        number=0,
        name="",
        started=known.started,
        confirmed=known.started,
        reasons=known.reasons,
        ended=known.ended,
    )
    transition = Transition(
        monitor=monitor,
        at=known.ended,
        known=now,
        belief_from=Belief.DOWN,
        belief_to=Belief.UP,
        status_from=Status.DOWN,
        status_to=Status.UP,
        incident=known.incident,
    )
    return transition, incident


def hush(draft: Draft, transition: Transition, incident: Incident | None) -> bool:
    """Whether nothing is told of a transition now; the end of what people know is kept for later.

    The beginning of an incident is not hushed: it is held, as for other reasons too. Who pauses or
    deletes a monitor is told at once that its known outage ends with it.
    """
    if transition.cause == MAINTENANCE:
        return True
    state = draft.state(transition.monitor)
    under = state.maintenance
    if under is None or transition.opens:
        return False
    if not transition.closes or incident is None:
        return True
    if incident.untold or transition.cause in ("paused", "deleted"):
        return False
    recovered = Recovered(
        incident=incident.id,
        started=incident.started,
        ended=incident.ended if incident.ended is not None else transition.at,
        reasons=incident.reasons,
    )
    draft.put(replace(state, maintenance=replace(under, recovered=recovered)))
    return True


def as_seen(group: MonitorState, member: MonitorState) -> MonitorState:
    """A member as its group counts it: left out while in maintenance, unless the group is too."""
    if member.maintenance is None or group.maintenance is not None:
        return member
    return replace(member, status=member.shown, status_since=member.shown_since)
