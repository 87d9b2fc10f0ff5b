"""What must hold of a configuration beyond the types of its fields.

`channel_problems` and `monitor_problems` look at one thing, with fields named as people write them;
`whole_problems` at everything together, after the change.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.errors import Problem
from uptop_core.verdicts import strategies
from uptop_leader import crons
from uptop_leader.messages import template_problem
from uptop_leader.zones import zone_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Configuration

LONGEST_INTERVAL = 86_400
GROUP_DEPTH = 16  # groups within groups
CIRCLE_SHOWN = 10  # names of a circle that are told


class Fault(Struct, frozen=True):
    """A problem of the whole. `field` is one of the first of `ids`; the others have part in it."""

    ids: tuple[str, ...]
    field: str
    message: str


def channel_problems(channel: Channel) -> Iterator[Problem]:
    """Templates that cannot be filled."""
    for field, template in (("title", channel.title), ("body", channel.body)):
        if template is not None and (wrong := template_problem(template)) is not None:
            yield Problem(field, wrong)


def monitor_problems(monitor: Monitor) -> Iterator[Problem]:
    """Times that do not fit together, strategies that do not exist, and what a kind cannot have."""
    is_push = isinstance(monitor.check, PushCheck)
    if monitor.interval > LONGEST_INTERVAL and not is_push:
        yield Problem("interval", f"must be at most {LONGEST_INTERVAL} seconds")
    least = monitor.check.least_interval_s
    if monitor.interval < least:
        yield Problem("interval", f"of a {monitor.kind} monitor must be at least {least:g} seconds")
    if monitor.timeout is not None and monitor.timeout > monitor.interval:
        yield Problem("timeout", f"must be at most the interval ({monitor.interval:g} seconds)")
    if isinstance(monitor.check, PushCheck) and monitor.check.cron:
        yield from _cron_problems(monitor.check)
    if not monitor.check.runs:
        yield from _judged_problems(monitor)
    elif monitor.aggregation is not None and monitor.aggregation not in strategies():
        known = ", ".join(sorted(strategies()))
        yield Problem("aggregation", f"must be one of {known}, not '{monitor.aggregation}'")
    if isinstance(monitor.check, GroupCheck) and monitor.check.conditions:
        yield Problem("conditions", "a group has none")


def _cron_problems(check: PushCheck) -> Iterator[Problem]:
    """An expression or a time zone that does not exist."""
    if (wrong := crons.problem(check.cron)) is not None:
        yield Problem("cron", wrong)
    if check.timezone and (wrong := zone_problem(check.timezone)) is not None:
        yield Problem("timezone", wrong)


def _judged_problems(monitor: Monitor) -> Iterator[Problem]:
    """What a monitor that no node checks cannot have."""
    kind = monitor.kind
    if monitor.aggregation is not None:
        yield Problem("aggregation", f"a {kind} monitor has none: no nodes vote on it")
    if monitor.min_votes != 1:
        yield Problem("min_votes", f"a {kind} monitor has none: no nodes vote on it")
    if monitor.regions:
        yield Problem("regions", f"a {kind} monitor has none: no node checks it")


def whole_problems(result: Configuration, elsewhere: Collection[str] = ()) -> Iterator[Fault]:
    """Names and tokens that stand twice, references that lead nowhere or in a circle, members of
    what is no group. The ids in `elsewhere` are known though they are not in `result`.
    """
    yield from _twice("name", {one.id: one.name for one in result.channels}, "the name '{}'")
    yield from _twice("name", {one.id: one.name for one in result.monitors}, "the name '{}'")
    yield from _twice("name", {one.id: one.name for one in result.maintenances}, "the name '{}'")
    checks = {one.id: one.check for one in result.monitors}
    tokens = {id: check.token for id, check in checks.items() if isinstance(check, PushCheck)}
    yield from _twice("token", tokens, "this token")
    yield from _lost_references(result, elsewhere)
    yield from _circle_faults(result)
    yield from _group_faults(result)
    yield from _maintenance_faults(result, elsewhere)


def _twice(field: str, values: Mapping[str, str], what: str) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for id, value in values.items():
        if value and value in seen:
            yield Fault((id, seen[value]), field, f"{what.format(value)} is another's already")
        seen[value] = id


def _lost_references(result: Configuration, elsewhere: Collection[str]) -> Iterator[Fault]:
    """What stays must not refer to what goes."""
    monitors = {one.id for one in result.monitors} | set(elsewhere)
    channels = {one.id for one in result.channels} | set(elsewhere)
    for one in result.monitors:
        references = (
            ("alerts", "an alert", set(one.channels) - channels),
            ("depends_on", "a monitor", set(one.depends_on) - monitors),
            ("parent", "a group", {one.parent} - monitors - {None}),
        )
        for field, what, lost in references:
            if lost:
                yield Fault((one.id,), field, f"'{one.name}' refers to {what} that would be gone")
    for channel in result.channels:
        if channel.fallback is not None and channel.fallback not in channels:
            message = f"'{channel.name}' falls back on an alert that would be gone"
            yield Fault((channel.id,), "fallback", message)


def _maintenance_faults(result: Configuration, elsewhere: Collection[str]) -> Iterator[Fault]:
    """Maintenance of what goes, and groups that are none. A group under `monitors` means itself,
    without what is in it."""
    monitors = {one.id: one for one in result.monitors}
    for one in result.maintenances:
        for field, ids in (("monitors", one.monitors), ("groups", one.groups)):
            if any(id not in monitors and id not in elsewhere for id in ids):
                message = f"'{one.name}' refers to a monitor that would be gone"
                yield Fault((one.id,), field, message)
        for group in (monitors[id] for id in one.groups if id in monitors):
            if not isinstance(group.check, GroupCheck):
                message = f"'{group.name}' is a {group.kind} monitor: write it under monitors:"
                yield Fault((one.id, group.id), "groups", message)


def _circle_faults(result: Configuration) -> Iterator[Fault]:
    names = {one.id: one.name for one in result.monitors}
    names |= {one.id: one.name for one in result.channels}
    written: dict[str, dict[str, Sequence[str]]] = {
        "parent": {one.id: (one.parent,) for one in result.monitors if one.parent},
        "depends_on": {one.id: one.depends_on for one in result.monitors},
        "fallback": {one.id: (one.fallback,) for one in result.channels if one.fallback},
    }
    for field, edges in written.items():
        graph = _through_groups(result) if field == "depends_on" else edges
        for circle in circles(graph):
            steps = zip(circle, (*circle[1:], circle[0]), strict=True)
            if not any(after in edges.get(before, ()) for before, after in steps):
                continue  # of groups alone: told as their parents' circle
            named = [f"'{names.get(one, one)}'" for one in circle[:CIRCLE_SHOWN]]
            left = len(circle) - len(named)
            words = " → ".join([*named, *([f"{left} more"] if left else []), named[0]])
            yield Fault(tuple(circle), field, f"goes in a circle: {words}")


def _through_groups(result: Configuration) -> Mapping[str, Sequence[str]]:
    """What each monitor depends on. A group is DOWN when a member is, so it depends on them: who
    would wait for the group it is in would wait for itself."""
    graph = {one.id: list(one.depends_on) for one in result.monitors}
    for one in result.monitors:
        if one.parent in graph:
            graph[one.parent].append(one.id)
    return graph


def circles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Circles of a graph: at least one of every knot of nodes that reach each other."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        places: dict[str, int] = {}
        ways: list[Iterator[str]] = [iter((start,))]
        while ways:
            node = next(ways[-1], None)
            if node is None:
                ways.pop()
                if path:
                    done.add(path[-1])
                    del places[path.pop()]
            elif node in places:
                yield path[places[node] :]
            elif node not in done:
                places[node] = len(path)
                path.append(node)
                ways.append(iter(graph.get(node, ())))


def _group_faults(result: Configuration) -> Iterator[Fault]:
    monitors = {one.id: one for one in result.monitors}
    depths = _depths(monitors)
    for one in result.monitors:
        group = monitors.get(one.parent or "")
        if group is not None and not isinstance(group.check, GroupCheck):
            message = f"'{one.name}' stands in '{group.name}', which is a {group.kind} monitor"
            yield Fault((one.id, group.id), "parent", f"{message}, not a group")
        if GROUP_DEPTH < depths[one.id] < math.inf:  # a circle is told as such
            message = f"groups stand in each other at most {GROUP_DEPTH} deep"
            yield Fault((one.id,), "parent", message)


def _depths(monitors: Mapping[str, Monitor]) -> Mapping[str, float]:
    """In how many groups each stands, one in the other; infinite where the way up comes round in a
    circle. Each is visited once.
    """
    depths: dict[str, float] = {}
    for start in monitors:
        way: dict[str, None] = {}
        node = start
        while node in monitors and node not in depths and node not in way:
            way[node] = None
            node = monitors[node].parent or ""
        depth = math.inf if node in way else depths.get(node, -1)
        for one in reversed(way):
            depth += 1
            depths[one] = depth
    return depths
