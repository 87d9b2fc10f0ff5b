"""How groups look that have hidden members: as the others make them. Pure.

The state of a group is judged of all its members, and would tell the public that something is wrong
which nobody may know of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.groups import worst
from uptop_leader.states import Belief, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uptop_core.monitors import Monitor
    from uptop_leader.public_views.looks import Look


_BELIEFS = {
    Status.DOWN: Belief.DOWN,
    Status.PAUSED: Belief.PENDING,
    Status.PENDING: Belief.PENDING,
    Status.UNKNOWN: Belief.PENDING,
}


def with_partial_groups(
    seen: Mapping[str, Look], monitors: Mapping[str, Monitor]
) -> dict[str, Look]:
    """What is `seen` of `monitors`, each group as its visible members make it. One that has no
    other members than hidden ones is left out: nothing can be told of it.
    """
    hidden = (monitor for monitor in monitors.values() if monitor.id not in seen)
    wanted = {group for one in hidden for group in _around(one, monitors) if group in seen}
    members: dict[str, list[Look]] = {group: [] for group in wanted}
    for look in seen.values():
        if not look.is_group:
            for group in _around(monitors[look.id], monitors):
                if group in members:
                    members[group].append(look)
    made = {group: _of_members(seen[group], own) for group, own in members.items() if own}
    made |= {one: replace(seen[one], is_part=True) for one in made if monitors[one].paused}
    return {one: made.get(one, look) for one, look in seen.items() if members.get(one) != []}


def _around(monitor: Monitor, monitors: Mapping[str, Monitor]) -> Iterator[str]:
    """The groups around a monitor, from the inside out."""
    passed = {monitor.id}
    parent = monitor.parent
    while parent is not None and parent not in passed and parent in monitors:
        yield parent
        passed.add(parent)
        parent = monitors[parent].parent


def _of_members(group: Look, members: Sequence[Look]) -> Look:
    """A group as these members make it. Its own maintenance is that of all its members; a member's
    leaves that one out.
    """
    if group.status == Status.MAINTENANCE:
        judged = worst(Status(one.judged) for one in members)
        return replace(group, judged=judged.value, belief=_belief(judged), is_part=True)
    status = worst(Status(one.status) for one in members)
    return replace(
        group,
        status=status.value,
        judged=status.value,
        belief=_belief(status),
        since=_since(status, members),
        is_part=True,
    )


def _belief(status: Status) -> str:
    return _BELIEFS.get(status, Belief.UP).value


def _since(status: Status, members: Sequence[Look]) -> int:
    """Since when it is so: with the last member that got well or was set aside, else with the first
    that is so.
    """
    if status is Status.PAUSED:  # some may be in maintenance
        return max(one.since for one in members)
    found = [one.since for one in members if one.status == status]
    return max(found) if status is Status.UP else min(found)
