"""What the public may know: which monitors, and which facts about them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.settings import LeaderSettings


class Openness(Struct, frozen=True, kw_only=True):
    """The switches. `regions`: names of regions and how it is there; `targets`: URLs and hosts;
    `errors`: why something is down; `hidden_tags`: monitors and groups with one of these tags are
    not there at all.
    """

    regions: bool = False
    targets: bool = False
    errors: bool = False
    hidden_tags: frozenset[str] = frozenset()


def openness_of(settings: LeaderSettings) -> Openness:
    """The switches as they are set."""
    return Openness(
        regions=settings.status_regions,
        targets=settings.status_targets,
        errors=settings.status_errors,
        hidden_tags=frozenset(settings.status_hidden_tags),
    )


def shown_monitors(monitors: Mapping[str, Monitor], openness: Openness) -> dict[str, Monitor]:
    """The monitors that the public may know of, in their order. What is in a hidden group is
    hidden too.
    """
    if not openness.hidden_tags:
        return dict(monitors)
    return {
        monitor.id: monitor
        for monitor in monitors.values()
        if not _is_hidden(monitor, monitors, openness.hidden_tags)
    }


def _is_hidden(
    monitor: Monitor, monitors: Mapping[str, Monitor], hidden_tags: frozenset[str]
) -> bool:
    passed: set[str] = set()
    here: Monitor | None = monitor
    while here is not None and here.id not in passed:
        if not hidden_tags.isdisjoint(here.tags):
            return True
        passed.add(here.id)
        here = monitors.get(here.parent) if here.parent else None
    return False
