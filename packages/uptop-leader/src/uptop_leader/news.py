"""Step 10, put together: what of all that happened is told now, held back, or told after all.

In: a draft whose monitors have been judged. Out: notifications, and in states and incidents what
was told. The rules stand in modules of their own: `notify` (what there is to tell), `dependencies`,
`flapping`, `reminders`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader import dependencies, flapping
from uptop_leader.incidents import MAINTENANCE
from uptop_leader.messages import CLOSING
from uptop_leader.node_news import is_told_with_its_node
from uptop_leader.notify import (
    Occasion,
    ending,
    notifications,
    of_status,
    outage,
    over,
    status_event,
)
from uptop_leader.overlay import hush
from uptop_leader.reminders import remind_at
from uptop_leader.states import Belief
from uptop_leader.telling import Hold, Telling
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor
    from uptop_leader.drafts import Draft
    from uptop_leader.incidents import Incident, Transition

_SET_ASIDE = ("paused", "deleted")
_BEHIND = "told only now, since what it depends on was down"
_QUIET = "no longer flapping"


def of_transition(
    draft: Draft,
    monitor: Monitor,
    transition: Transition,
    incident: Incident | None,
    public_url: str,
) -> None:
    """What a transition gives people to hear. `incident` is the one it opens or closes, or that is
    open while it happens."""
    if hush(draft, transition, incident):
        return
    _note_move(draft, transition)
    if transition.opens and incident is not None:
        _tell_outage(draft, monitor, incident, public_url)
    elif transition.closes and incident is not None:
        is_told = _tell_move(draft, monitor, ending(incident, transition.cause), public_url)
        if not is_told and not incident.untold:
            tell(draft, monitor, over(incident.id, incident.id), public_url)
    else:
        _tell_move(draft, monitor, _of_status(draft, monitor, transition), public_url)
    _close_alert(draft, monitor, public_url)


def of_time(draft: Draft, monitor: Monitor, public_url: str) -> None:
    """What is to be told of a monitor without a transition: what was held back, and reminders."""
    if draft.state(monitor.id).maintenance is not None:
        draft.recalls[monitor.id] = None  # its end is one more occasion
        return
    _end_flapping(draft, monitor, public_url)
    incident = draft.incident(draft.state(monitor.id).incident)
    if incident is not None and incident.untold:
        _tell_outage(draft, monitor, incident, public_url)
        incident = draft.incident(incident.id)
    hold = None if incident is None else why_held(draft, monitor, incident)
    remind = None if hold is not None else _remind(draft, monitor, incident, public_url)
    quiet = _quiet_at(draft, monitor)
    times = (hold.until if hold is not None else None, remind, quiet)
    draft.recalls[monitor.id] = min((at for at in times if at is not None), default=None)


def concerned(draft: Draft) -> list[str]:
    """The monitors that `of_time` is for: those that moved, were looked at, or depend on such."""
    found = dict.fromkeys(transition.monitor for transition in draft.changes.transitions)
    found.update(dict.fromkeys(sorted(draft.touched)))
    for monitor in list(found):
        found.update(dict.fromkeys(draft.world.dependents.get(monitor, ())))
    return list(found)


def why_held(draft: Draft, monitor: Monitor, incident: Incident) -> Hold | None:
    """Why the beginning of an incident is not told now; the first reason there is."""
    state = draft.state(monitor.id)
    if not monitor.notify.down:
        return Hold(why="switched off")
    if state.maintenance is not None:
        return Hold(why=MAINTENANCE)
    if state.telling.flapping is not None:
        return Hold(why=flapping.FLAPPING)
    world = draft.world
    known = dependencies.depended_on(monitor, world.monitors)
    pairs = [(one, draft.state(one.id)) for one in known]
    return dependencies.hold(monitor, state, incident, pairs, world.constants, draft.now)


def tell(draft: Draft, monitor: Monitor, what: Occasion, public_url: str) -> None:
    """Make the notifications, and keep in mind what was told."""
    state = draft.state(monitor.id)
    draft.changes.notifications += notifications(
        monitor, state, what, draft.world.channels, public_url, draft.now
    )
    telling = _kept_in_mind(state.telling, what, monitor.id, draft.now)
    draft.put(replace(state, told=state.told + 1, telling=telling))


def _kept_in_mind(telling: Telling, what: Occasion, monitor: str, now: float) -> Telling:
    if what.event in ("down", "reminder"):
        return replace(telling, said=now)
    if what.subject != monitor or what.event == "cert":
        return telling
    return replace(telling, alert="" if what.event in CLOSING else what.event)


def _note_move(draft: Draft, transition: Transition) -> None:
    """Keep flapping up to date with what happens, told or not."""
    state = draft.state(transition.monitor)
    telling = state.telling
    if transition.cause in _SET_ASIDE:
        telling = flapping.settled(telling)
    elif telling.flapping is not None and (transition.opens or transition.closes):
        telling, _ = flapping.moved(telling, draft.now)
    if telling is not state.telling:
        draft.put(replace(state, telling=telling))


def _tell_move(draft: Draft, monitor: Monitor, what: Occasion | None, public_url: str) -> bool:
    """Tell a change, unless there were so many that it is flapping; whether it was told."""
    if what is None:
        return False
    state = draft.state(monitor.id)
    if what.event in _SET_ASIDE:
        tell(draft, monitor, what, public_url)
        return True
    telling, is_told = flapping.moved(state.telling, draft.now)
    draft.put(replace(state, telling=telling))
    if is_told:
        tell(draft, monitor, what, public_url)
    elif state.telling.flapping is None:
        tell(draft, monitor, _flapping(monitor, telling, draft.now), public_url)
    return is_told


def _flapping(monitor: Monitor, telling: Telling, now: float) -> Occasion:
    first = telling.moves[0]
    words = f"{len(telling.moves)} changes within {duration(round((now - first) * 1000))}"
    return Occasion(event=flapping.FLAPPING, subject=monitor.id, started=first, detail=words)


def _end_flapping(draft: Draft, monitor: Monitor, public_url: str) -> None:
    """When it has been quiet for long enough: say how it stands. If that is DOWN, its incident,
    which was held back, says so."""
    state = draft.state(monitor.id)
    quiet = _quiet_at(draft, monitor)
    if quiet is None or draft.now < quiet:
        return
    state = replace(state, telling=flapping.settled(state.telling))
    draft.put(state)
    if state.belief is Belief.UP and state.maintenance is None and monitor.notify.down:
        event = status_event(state.status) or "up"
        tell(draft, monitor, Occasion(event=event, subject=monitor.id, detail=_QUIET), public_url)
    _close_alert(draft, monitor, public_url)


def _quiet_at(draft: Draft, monitor: Monitor) -> float | None:
    quiet_s = draft.world.constants.quiet
    return flapping.quiet_at(monitor, draft.state(monitor.id).telling, quiet_s)


def _tell_outage(draft: Draft, monitor: Monitor, incident: Incident, public_url: str) -> None:
    """Tell the beginning of an incident, or hold it back; the incident says which."""
    hold = why_held(draft, monitor, incident)
    if hold is not None:
        after = replace(incident, untold=hold.why, child_of=hold.child_of or incident.child_of)
    else:
        what = outage(incident, draft.world.nodes, why_late=_why_late(incident))
        is_told = _tell_move(draft, monitor, what, public_url)
        after = replace(incident, untold="" if is_told else flapping.FLAPPING)
    if after != incident:
        draft.changes.amended.append(after)


def _why_late(incident: Incident) -> str:
    """Why an incident that was held back is told after all."""
    if incident.untold == MAINTENANCE:
        return "told only now, since there was maintenance"
    if incident.untold == flapping.FLAPPING:
        return _QUIET
    return _BEHIND if incident.untold and incident.child_of else ""


def _remind(
    draft: Draft, monitor: Monitor, incident: Incident | None, public_url: str
) -> float | None:
    """Remind of an open incident if it is time to; when it will be next."""
    since, constants = draft.world.since, draft.world.constants
    due = remind_at(monitor, draft.state(monitor.id), incident, since, constants)
    if due is None or incident is None or draft.now < due:
        return due
    tell(draft, monitor, outage(incident, draft.world.nodes, event="reminder"), public_url)
    return remind_at(monitor, draft.state(monitor.id), incident, since, constants)


def _of_status(draft: Draft, monitor: Monitor, transition: Transition) -> Occasion | None:
    """A status to be told; not of a monitor behind one that is DOWN, nor what its node's message
    says already."""
    what = of_status(monitor, transition, draft.state(monitor.id).telling.alert)
    if what is None:
        return None
    known = dependencies.depended_on(monitor, draft.world.monitors)
    if dependencies.is_behind(draft.state(one.id) for one in known):
        return None
    if what.event == "unknown" and is_told_with_its_node(draft, monitor.id):
        return None
    return what


def _close_alert(draft: Draft, monitor: Monitor, public_url: str) -> None:
    """What was told under the monitor's own name and holds no longer, and whose end is not told,
    is closed where it was opened."""
    state = draft.state(monitor.id)
    alert = state.telling.alert
    if alert == flapping.FLAPPING:
        stands = state.telling.flapping is not None
    else:
        stands = alert == status_event(state.status)
    if alert and not stands:
        tell(draft, monitor, over(monitor.id), public_url)
