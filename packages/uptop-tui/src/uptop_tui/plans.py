"""Maintenance as rows of a table, and all that is known of one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_core.forms import write_duration
from uptop_tui.forms.recurring import repeat_words
from uptop_tui.moments import moment, span
from uptop_tui.screens.columns import Column
from uptop_tui.signs import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptop_core.views import MaintenanceView, MonitorView
    from uptop_tui.screens.table import Cells

COLUMNS = (
    Column(key="state", title="STATE", width=9),
    Column(key="name", title="NAME", width=14, share=2),
    Column(key="next", title="WHEN", width=22, share=1),
    Column(key="how", title="REPEATS", width=12, share=2, rank=1),
    Column(key="covers", title="MONITORS", width=8, rank=2, right=True),
    Column(key="zone", title="ZONE", width=13, rank=3),
)
_NAME_LIMIT = 60


def cells(one: MaintenanceView, now_ms: int) -> Cells:
    """The row of a maintenance."""
    return (
        state(one),
        escape(one.name, _NAME_LIMIT),
        when(one, now_ms),
        how(one),
        str(len(one.covered)),
        escape(one.timezone, 40),
    )


def ordered(found: Iterable[MaintenanceView]) -> list[MaintenanceView]:
    """What is now first, then what comes next, last what is over."""

    def place(one: MaintenanceView) -> tuple[bool, bool, int, str]:
        begins = one.next_start
        return (not one.active, begins is None, begins or 0, one.name.casefold())

    return sorted(found, key=place)


def state(one: MaintenanceView) -> Content:
    """Whether it is now."""
    if one.active:
        return Content.styled("▣ now", "$text-accent")
    if one.next_start is not None:
        return Content("○ planned")
    return Content.styled("· over", QUIET)


def when(one: MaintenanceView, now_ms: int) -> str:
    """Its time that is now, or the next one, or the last it had."""
    begins, ends = one.next_start, one.next_end
    if begins is None or ends is None:
        return "–" if one.end is None else f"until {moment(one.end, now_ms)}"
    if one.active:
        return f"for {span((ends - now_ms) / 1000)} more"
    return f"{moment(begins, now_ms)}, {span((ends - begins) / 1000)}"


def how(one: MaintenanceView) -> str:
    """How it recurs."""
    if one.rrule is None:
        return "once"
    return escape(repeat_words(one.rrule, write_duration(one.duration or 0.0)), 120)


def about(one: MaintenanceView, monitors: Mapping[str, MonitorView], now_ms: int) -> Content:
    """All that is known of one maintenance, in lines."""
    return Content("\n").join(_lines(one, monitors, now_ms))


def _lines(
    one: MaintenanceView, monitors: Mapping[str, MonitorView], now_ms: int
) -> Iterator[Content]:
    yield Content.assemble((escape(one.name, _NAME_LIMIT), "bold"), f" — {how(one)}")
    if one.next_start is not None and one.next_end is not None:
        word = "now" if one.active else "next"
        begins, ends = moment(one.next_start, now_ms), moment(one.next_end, now_ms)
        yield Content(f"{word}: {begins} to {ends}, by the clocks here")
    if one.rrule is not None:
        yield Content(f"{escape(one.rrule, 200)}, by the clocks of {escape(one.timezone, 40)}")
    yield Content(f"for {_for_what(one, monitors)}")
    covered = [monitors[id].name for id in one.covered if id in monitors]
    shown = ", ".join(escape(name, 40) for name in covered[:8])
    more = f" and {len(covered) - 8} more" if len(covered) > 8 else ""
    yield Content(f"covers {shown}{more}" if covered else "covers no monitor")


def _for_what(one: MaintenanceView, monitors: Mapping[str, MonitorView]) -> str:
    if one.all:
        return "all monitors"
    tags = [f"tag {escape(tag, 40)}" for tag in one.tags]
    groups = [f"group {_name(id, monitors)}" for id in one.groups]
    named = [_name(id, monitors) for id in one.monitors[:8]]
    if len(one.monitors) > 8:
        named.append(f"{len(one.monitors) - 8} more")
    return ", ".join([*named, *groups, *tags])


def _name(id: str, monitors: Mapping[str, MonitorView]) -> str:
    view = monitors.get(id)
    return escape(view.name, 40) if view is not None else "one that is gone"
