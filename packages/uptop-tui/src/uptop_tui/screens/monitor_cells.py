"""The row of a monitor in the overview. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_core.views import MonitorView, percent
from uptop_tui.evidence import milliseconds
from uptop_tui.moments import brief
from uptop_tui.overview import error_of
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, QUIET, WARNING, sign_of

if TYPE_CHECKING:
    from uptop_tui.listing import Line
    from uptop_tui.screens.table import Cells

SPARK = 16
COLUMNS = (
    Column(key="status", title="STATUS", width=13),
    Column(key="name", title="NAME", width=19, share=1),
    Column(key="kind", title="KIND", width=6, rank=5),
    Column(key="since", title="FOR", width=9, rank=4, right=True),
    Column(key="latency", title="LATENCY", width=8, rank=2, right=True),
    Column(key="uptime", title="24 H", width=8, rank=1, right=True),
    Column(key="history", title="LATENCY 24 H", width=SPARK, rank=6),
    Column(key="cert", title="CERT", width=5, rank=3, right=True),
    Column(key="votes", title="VOTES", width=6, right=True),
)
_SOON_D = 14


def monitor_cells(
    view: MonitorView, line: Line, spark: Content | None, now: int, *, is_acknowledged: bool
) -> Cells:
    """Its cells, in the order of COLUMNS. `now` is Unix ms."""
    return (
        status_cell(view, is_acknowledged=is_acknowledged),
        _name(view, line),
        escape(view.type, 20),
        brief((now - view.since) / 1000),
        "–" if view.latency_ms is None else milliseconds(view.latency_ms),
        percent(view.uptime_24h),
        spark if spark is not None else "",
        _certificate(view.cert_end, now),
        votes_words(view),
    )


def status_cell(view: MonitorView, *, is_acknowledged: bool = False) -> Content:
    """`● UP`, with ↻ while it is rechecked and ✓ where somebody has taken the incident on."""
    sign = sign_of(view.status)
    more = f"{' ↻' if view.rechecking else ''}{' ✓' if is_acknowledged else ''}"
    return Content.assemble((f"{sign.sign} {sign.word}", sign.style), more)


def votes_words(view: MonitorView) -> str:
    """Up of fresh, such as `2/3`; a dash without any."""
    return f"{view.votes_up}/{view.votes_fresh}" if view.votes_fresh else "–"


def _name(view: MonitorView, line: Line) -> Content:
    fold = {None: "", True: "▸ ", False: "▾ "}[line.fold]
    name = "  " * line.depth + fold + escape(view.name, 60)
    error = error_of(view)
    return Content.assemble(name, (f"  {escape(error, 200)}", QUIET) if error else "")


def _certificate(cert_end: int | None, now: int) -> Content:
    if cert_end is None:
        return Content("")
    days = (cert_end - now) // 86_400_000
    if days < 0:
        return Content.styled("ended", BAD)
    return Content.styled(
        f"{days} d" + ("!" if days < _SOON_D else ""), WARNING if days < _SOON_D else ""
    )
