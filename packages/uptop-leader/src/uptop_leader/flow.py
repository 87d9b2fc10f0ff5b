"""The order of steps 7 to 11, and the only place that knows it.

A pass takes what has come in, ingests it, judges what it touches, decides whom to notify, and
stores everything in one transaction. If the store refuses, nothing has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.errors import UptopError
from uptop_leader.ballots import has_turned
from uptop_leader.dependencies import RECENT_S, depended_on, is_to_be_asked
from uptop_leader.drafts import Draft, draft_of
from uptop_leader.groups import judge_group
from uptop_leader.incidents import Incident, Transition, close_incident, open_incident
from uptop_leader.judge import Judged, judge
from uptop_leader.news import concerned, of_time, of_transition, tell
from uptop_leader.node_news import tell_of_nodes
from uptop_leader.notify import certificate_occasion
from uptop_leader.overlay import as_seen, maintain
from uptop_leader.pushes import judge_push
from uptop_leader.rounds import ask
from uptop_leader.states import Belief, MonitorState, Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from uptop_core.monitors import Monitor
    from uptop_leader.ballots import Rules
    from uptop_leader.changes import Changes
    from uptop_leader.inputs import Input
    from uptop_leader.world import World

_CERT_MEMORY = 8  # certificates of one monitor whose warning is remembered


async def one_pass(
    world: World,
    inputs: Sequence[Input],
    due: Collection[str],
    rules: Rules,
    public_url: str,
    write: Callable[[Changes], Awaitable[None]],
    now: float,
) -> tuple[Draft, list[object]]:
    """Decide on everything that came in or is due, and store it whole or not at all.

    Returns the draft, committed, and one answer per input: what it answers, or the refusal it
    met. Raises StoreError when nothing could be written; then the world is as it was.
    """
    draft = draft_of(world, now)
    draft.touched |= set(due)
    answers = [_enter(entry, draft) for entry in inputs]  # 7
    maintain(draft)  # 9, what lies over the judgement
    _judge(draft, rules)  # 8, 9
    _settle(draft, public_url)  # 10
    tell_of_nodes(draft, public_url)  # 10, of nodes
    changes = draft.finish()
    if not changes.is_empty():
        await write(changes)  # 11
    draft.commit()
    return draft, answers


def _enter(entry: Input, draft: Draft) -> object:
    try:
        return entry.enter(draft)
    except UptopError as refusal:
        return refusal


def _judge(draft: Draft, rules: Rules) -> None:
    """Judge what was touched, then the groups around what moved."""
    world = draft.world
    doubted: list[Monitor] = []
    for monitor_id in draft.touched:
        monitor = world.monitors.get(monitor_id)
        if monitor is None or monitor.paused or isinstance(monitor.check, GroupCheck):
            continue
        was_sure = draft.state(monitor_id).run is None
        _take(draft, monitor_id, _judge_one(draft, monitor, rules))
        if monitor.depends_on and was_sure and _is_in_doubt(draft.state(monitor_id)):
            doubted.append(monitor)
    for monitor in doubted:
        _ask_dependencies(draft, monitor, draft.now - RECENT_S)
    moved = {transition.monitor for transition in draft.changes.transitions}
    known = (world.monitors[monitor] for monitor in moved if monitor in world.monitors)
    stirred = moved | {monitor.parent for monitor in known}
    for group in world.groups if draft.regroup or stirred else ():
        monitor = world.monitors[group]
        if monitor.paused or not (draft.regroup or group in stirred):
            continue
        state = draft.state(group)
        members = [as_seen(state, draft.state(one)) for one in world.members.get(group, ())]
        judged = judge_group(state, members, draft.now)
        _take(draft, group, judged)
        if judged.transition is not None:
            stirred.add(monitor.parent)


def _is_in_doubt(state: MonitorState) -> bool:
    return state.run is not None and state.belief is not Belief.DOWN


def _judge_one(draft: Draft, monitor: Monitor, rules: Rules) -> Judged:
    world, state = draft.world, draft.state(monitor.id)
    if isinstance(monitor.check, PushCheck):
        return judge_push(monitor, state, world.since, draft.now)
    nodes = world.assigned.get(monitor.id, ())
    turned = monitor.id in draft.turned and has_turned(world.states.get(monitor.id), state)
    return judge(monitor, state, nodes, draft.standings, rules, draft.now, turned=turned)


def _take(draft: Draft, monitor: str, judged: Judged) -> None:
    draft.put(judged.state)
    draft.due[monitor] = judged.due
    if judged.breach is not None:
        draft.breaches.append(judged.breach)
    if judged.transition is not None:
        draft.changes.transitions.append(judged.transition)


def _settle(draft: Draft, public_url: str) -> None:
    """Incidents and notifications of every transition, and what else is to be told by now."""
    monitors = draft.world.monitors
    if draft.departed:
        monitors = {**monitors, **draft.departed}
    for transition, incident in draft.owed:
        if (monitor := monitors.get(transition.monitor)) is not None:
            of_transition(draft, monitor, transition, incident, public_url)
    transitions = draft.changes.transitions
    draft.changes.transitions = []
    for transition in transitions:
        monitor = monitors.get(transition.monitor)
        name = monitor.name if monitor is not None else ""
        transition, incident = _incident(draft, transition, name)
        draft.changes.transitions.append(transition)
        if monitor is not None:
            if transition.opens and incident is not None:
                _ask_dependencies(draft, monitor, incident.started)
            of_transition(draft, monitor, transition, incident, public_url)
    for monitor_id in concerned(draft):
        if (monitor := draft.world.monitors.get(monitor_id)) is not None:
            of_time(draft, monitor, public_url)
            _warn_of_certificate(draft, monitor, public_url)


def _ask_dependencies(draft: Draft, monitor: Monitor, since: float) -> None:
    """Have what a monitor depends on rechecked, and what that depends on, unless it was seen up
    since a moment; the next turn judges it."""
    asked = {monitor.id}
    waiting = depended_on(monitor, draft.world.monitors)
    while waiting:
        one = waiting.pop()
        state = draft.state(one.id)
        if one.id in asked:
            continue
        asked.add(one.id)
        waiting += depended_on(one, draft.world.monitors)
        if is_to_be_asked(one, state, since):
            draft.put(replace(state, run=ask(state, draft.now)))
            draft.due[one.id] = draft.now


def _incident(
    draft: Draft, transition: Transition, name: str
) -> tuple[Transition, Incident | None]:
    """Open or close the incident of a transition; the one that is open, where it does neither."""
    state = draft.state(transition.monitor)
    world, changes = draft.world, draft.changes
    if transition.opens:
        state, incident = open_incident(world.cluster, name, state, transition)
        changes.opened.append(incident)
        draft.put(state)
        return replace(transition, incident=incident.id), incident
    known = draft.incident(state.incident)
    if transition.closes and known is not None:
        state, incident = close_incident(known, state, transition)
        changes.closed.append(incident)
        draft.put(state)
        return replace(transition, incident=incident.id), incident
    return transition, known


def _warn_of_certificate(draft: Draft, monitor: Monitor, public_url: str) -> None:
    """Once per certificate, when it ends within the threshold."""
    state: MonitorState = draft.state(monitor.id)
    days, end = monitor.check.certificate_warning_days(), state.cert_end
    if days is None or end is None:
        return
    soon = end / 1000 - draft.now < days * 86_400
    is_quiet = state.shown in (Status.PAUSED, Status.MAINTENANCE)
    if not soon or end in state.cert_told or is_quiet:
        return
    if monitor.notify.cert:
        tell(draft, monitor, certificate_occasion(monitor, end, draft.now), public_url)
    remembered = (*state.cert_told, end)[-_CERT_MEMORY:]
    draft.put(replace(draft.state(monitor.id), cert_told=remembered))
