"""Step 13 for maintenance: what the API and the status page show of it. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.views import MaintenanceView
from uptop_leader.times import to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.calendars import Calendar
    from uptop_leader.maintenance import Maintenance, Span

AHEAD_S = 7 * 86_400.0
NAMED = 12  # monitors that the public is told the names of


class PublicMaintenance(Struct, frozen=True, kw_only=True):
    """A maintenance as the public sees it: Unix milliseconds, and the names of what it is for."""

    name: str
    starts: int
    ends: int
    is_now: bool
    affected: tuple[str, ...]
    more: int = 0


def maintenance_views(calendar: Calendar, now: float) -> tuple[MaintenanceView, ...]:
    """All maintenance in the order it was set up."""
    return tuple(maintenance_view(calendar, one, now) for one in calendar.maintenances)


def maintenance_view(calendar: Calendar, one: Maintenance, now: float) -> MaintenanceView:
    """One maintenance, and its time that is now or next."""
    span = calendar.next_span(one.id, now)
    return MaintenanceView(
        id=one.id,
        name=one.name,
        start=to_ms_or_none(one.start),
        end=to_ms_or_none(one.end),
        rrule=one.rrule,
        duration=one.duration,
        timezone=one.timezone,
        monitors=one.monitors,
        groups=one.groups,
        tags=one.tags,
        all=one.all,
        covered=calendar.covered[one.id],
        active=span is not None and span.start <= now,
        next_start=None if span is None else to_ms_or_none(span.start),
        next_end=None if span is None else to_ms_or_none(span.end),
    )


def public_maintenances(
    calendar: Calendar, monitors: Mapping[str, Monitor], now: float
) -> tuple[PublicMaintenance, ...]:
    """What is under way, and what comes in the next seven days, the first first; of what recurs
    only its next time.
    """
    found: list[tuple[Span, Maintenance]] = []
    for one in calendar.maintenances:
        span = calendar.next_span(one.id, now)
        if span is not None and span.start < now + AHEAD_S:
            found.append((span, one))
    found.sort(key=lambda each: (each[0], each[1].name))
    return tuple(_public(calendar, monitors, span, one, now) for span, one in found)


def _public(
    calendar: Calendar,
    monitors: Mapping[str, Monitor],
    span: Span,
    one: Maintenance,
    now: float,
) -> PublicMaintenance:
    known = (monitors[each] for each in calendar.covered[one.id] if each in monitors)
    names = [monitor.name for monitor in known]
    return PublicMaintenance(
        name=one.name,
        starts=math.floor(span.start * 1000),
        ends=math.floor(span.end * 1000),
        is_now=span.start <= now,
        affected=tuple(names[:NAMED]),
        more=max(0, len(names) - NAMED),
    )
