"""Incidents as rows of a table: open ones first, then the newest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import moment, span
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, GOOD, QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.views import IncidentView
    from uptop_tui.screens.table import Cells

COLUMNS = (
    Column(key="state", title="STATE", width=9),
    Column(key="monitor", title="MONITOR", width=14, share=1),
    Column(key="started", title="STARTED", width=16, rank=1),
    Column(key="lasted", title="LASTED", width=11, right=True),
    Column(key="seen", title="WHAT WAS SEEN", width=12, share=2, rank=2),
    Column(key="taken", title="TAKEN ON BY", width=11, rank=3),
    Column(key="number", title="NO.", width=4, rank=4, right=True),
)


def cells(incident: IncidentView, now_ms: int) -> Cells:
    """The row of an incident."""
    until = now_ms if incident.ended is None else incident.ended
    taken = incident.acknowledged
    return (
        state(incident),
        escape(incident.name, 60),
        moment(incident.started, now_ms),
        span((until - incident.started) / 1000),
        escape(" — ".join(part for part in (incident.reasons, incident.detail) if part), 200),
        f"✓ {escape(taken.by, 40)}" if taken is not None else "",
        f"{incident.number}" if incident.number else "",
    )


def state(incident: IncidentView) -> Content:
    """`▼ open`, `✓ taken` (open and acknowledged), `● over`, or how else it ended."""
    if incident.ended is None:
        return Content.styled("✓ taken" if incident.acknowledged else "▼ open", BAD)
    if incident.late:
        return Content.styled("○ late", QUIET)
    if incident.cause in ("paused", "deleted"):
        return Content.styled(f"○ {incident.cause}", QUIET)
    return Content.styled("● over", GOOD)


def ordered(incidents: Iterable[IncidentView]) -> list[IncidentView]:
    """Open ones that nobody has taken on first, then other open ones, then the rest; each the newest
    first.
    """
    return sorted(incidents, key=lambda one: (_rank(one), -one.started, one.id))


def matches(incident: IncidentView, words: str) -> bool:
    """Whether every word stands somewhere in what is shown of it."""
    taken = incident.acknowledged
    by = (taken.by, taken.note) if taken is not None else ()
    is_open = "open" if incident.ended is None else "over"
    shown = "\n".join(
        (is_open, incident.name, incident.reasons, incident.detail, incident.cause, *by)
    ).casefold()
    return all(word in shown for word in words.casefold().split())


def _rank(incident: IncidentView) -> int:
    if incident.ended is not None:
        return 2
    return 1 if incident.acknowledged is not None else 0
