"""Part of step 10: an outage is not told while something that the monitor depends on is DOWN. Pure.

What is down behind a dependency is its child: told only if it is still down once that is up again.
When a monitor is in doubt, what it depends on is rechecked too, since its next tick may be far away;
and again when it is confirmed DOWN, unless that was seen up since. Its message waits for an open run
of what it depends on, for a while.
The group that a monitor stands in is never a dependency of it: it is DOWN because of its members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.checks.push import PushCheck
from uptop_leader.states import Belief
from uptop_leader.telling import Hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_leader.incidents import Incident
    from uptop_leader.states import MonitorState

DEPENDENCY = "dependency"
RECENT_S = 10.0  # a dependency seen up by all in this time is not rechecked for a mere doubt
_LONGEST_LOOK_S = 300.0


def dependents(monitors: Mapping[str, Monitor]) -> dict[str, tuple[str, ...]]:
    """Who depends on each monitor, by id."""
    found: dict[str, list[str]] = {}
    for monitor in monitors.values():
        for dependency in depended_on(monitor, monitors):
            found.setdefault(dependency.id, []).append(monitor.id)
    return {dependency: tuple(children) for dependency, children in found.items()}


def depended_on(monitor: Monitor, monitors: Mapping[str, Monitor]) -> list[Monitor]:
    """What a monitor depends on: as written, without the groups that it is in itself."""
    if not monitor.depends_on:
        return []
    around = set(_groups_around(monitor, monitors))
    return [
        monitors[one]
        for one in monitor.depends_on
        if one in monitors and one != monitor.id and one not in around
    ]


def _groups_around(monitor: Monitor, monitors: Mapping[str, Monitor]) -> Iterator[str]:
    seen: set[str] = set()
    group = monitor.parent
    while group is not None and group not in seen:
        seen.add(group)
        yield group
        group = monitors[group].parent if group in monitors else None


def is_behind(dependencies: Iterable[MonitorState]) -> bool:
    """Whether something that a monitor depends on is DOWN."""
    return any(state.belief is Belief.DOWN for state in dependencies)


def hold(
    monitor: Monitor,
    state: MonitorState,
    incident: Incident,
    dependencies: Iterable[tuple[Monitor, MonitorState]],
    constants: TimeConstants,
    now: float,
) -> Hold | None:
    """Whether the beginning of `incident` waits for what the monitor depends on."""
    known = list(dependencies)
    for _, dependency in known:
        if dependency.belief is Belief.DOWN:
            return Hold(why=DEPENDENCY, child_of=dependency.incident)
    for chosen, dependency in known:
        patience = incident.confirmed + chosen.effective_timeout + constants.answer
        if dependency.run is not None and now < patience:
            return Hold(why=DEPENDENCY, until=patience)
    if incident.child_of is None:
        return None
    until = _looked_again(monitor, state, incident, [one for _, one in known], constants)
    return None if until is None or now >= until else Hold(why=DEPENDENCY, until=until)


def is_to_be_asked(monitor: Monitor, state: MonitorState, since: float) -> bool:
    """Whether a dependency is to be rechecked: it may be down by now, and not every node that votes
    has seen it up since a moment."""
    if not monitor.check.runs or monitor.paused or state.belief is Belief.DOWN or state.run:
        return False
    votes = [state.votes[node] for node in state.electors if node in state.votes]
    return not votes or any(not vote.up or vote.observed < since for vote in votes)


def _looked_again(
    monitor: Monitor,
    state: MonitorState,
    incident: Incident,
    dependencies: Iterable[MonitorState],
    constants: TimeConstants,
) -> float | None:
    """Until when a child whose dependency is up again is given the time to come up with it; None
    once it was seen down again since."""
    recovered = [one.since for one in dependencies if one.belief is Belief.UP]
    back = max((at for at in recovered if at > incident.started), default=None)
    seen_since = back is not None and any(
        vote.observed > back and not vote.up and not vote.abstains for vote in state.votes.values()
    )
    if back is None or (seen_since and state.run is None):
        return None
    return back + second_look_s(monitor, constants)


def second_look_s(monitor: Monitor, constants: TimeConstants) -> float:
    """How long it takes at most until a monitor was looked at again; a job that reports by itself
    is not waited for."""
    if isinstance(monitor.check, PushCheck):
        return 0.0
    return min(monitor.interval, _LONGEST_LOOK_S) + monitor.effective_timeout + constants.answer
