"""Step 9 for groups: the worst of the members, judged at each member's transition. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.judge import Judged, shift
from uptop_leader.states import Belief, MonitorState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORST_FIRST = (
    Status.DOWN,
    Status.UNKNOWN,
    Status.PARTIAL,
    Status.LATE,
    Status.DEGRADED,
    Status.PENDING,
    Status.UP,
)
_LEFT_OUT = (Status.PAUSED, Status.MAINTENANCE)


def worst(statuses: Iterable[Status]) -> Status:
    """The status a group shows for these members; PENDING when it is empty, PAUSED when all its
    members are paused or in maintenance."""
    members = list(statuses)
    judged = [status for status in members if status not in _LEFT_OUT]
    if not judged:
        return Status.PAUSED if members else Status.PENDING
    return min(judged, key=_WORST_FIRST.index)


def judge_group(state: MonitorState, members: Iterable[MonitorState], now: float) -> Judged:
    """Judge a group by its members' states; UNKNOWN and PENDING leave the belief
    be. When all members are set aside, so is the group, as if it had been paused itself."""
    chosen = list(members)
    status = worst(member.status for member in chosen)
    blamed = [member for member in chosen if member.status is status]
    at = _since(state, status, chosen, now)
    after = state
    if status is Status.DOWN:
        after = replace(state, belief=Belief.DOWN)
    elif status is Status.PAUSED:
        after = replace(state, belief=Belief.PENDING)
    elif status not in (Status.UNKNOWN, Status.PENDING):
        after = replace(state, belief=Belief.UP)
    if after.belief is not state.belief:
        after = replace(after, since=at)
    number = len(blamed)
    detail = f"{number} of {len(chosen)} members {status.value}" if number else ""
    cause = "paused" if status is Status.PAUSED else "group"
    after, transition = shift(state, after, status, at, now, cause=cause, detail=detail)
    return Judged(after, transition, None)


def _since(before: MonitorState, status: Status, members: list[MonitorState], now: float) -> float:
    """Since when the group shows this: it got worse with the first member that did, and better
    with the last. Never before its own last transition."""
    if status in _LEFT_OUT or not members:
        return now
    is_worse = before.status in _LEFT_OUT or _rank(status) < _rank(before.status)
    if is_worse:
        at = min(member.status_since for member in members if member.status is status)
    else:
        at = max(member.status_since for member in members)
    return max(before.status_since, at)


def _rank(status: Status) -> int:
    return _WORST_FIRST.index(status)
