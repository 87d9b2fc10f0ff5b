"""The overview: every monitor as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from uptop_core.escaping import escape
from uptop_core.views import MonitorView, percent
from uptop_tui.screens.columns import Column
from uptop_tui.screens.page import Page
from uptop_tui.screens.table import Cells, Rows
from uptop_tui.signs import rank_of, signed

if TYPE_CHECKING:
    from uptop_tui.picture import Changes, Picture

COLUMNS = (
    Column(key="status", title="STATUS", width=13),
    Column(key="name", title="NAME", width=18, share=1),
    Column(key="kind", title="KIND", width=6, rank=3),
    Column(key="latency", title="LATENCY", width=8, right=True),
    Column(key="uptime", title="24 H", width=9, rank=1, right=True),
    Column(key="votes", title="VOTES", width=5, rank=2, right=True),
)


class OverviewPage(Page):
    """Every monitor, what is down first."""

    TITLE = "Overview"
    HELP: ClassVar[str] = "Every monitor as it stands, what is down first."

    def body(self) -> ComposeResult:
        yield Rows(COLUMNS, empty="nothing is watched yet", chooses=True)

    def show(self, picture: Picture, changes: Changes) -> None:
        if not (changes.all or changes.monitors):
            return
        rows = self.query_one(Rows)
        views = sorted(
            picture.monitors.values(), key=lambda view: (rank_of(view.status), view.name.casefold())
        )
        rows.fill((view.id, cells(view)) for view in views)


def cells(view: MonitorView) -> Cells:
    """The row of a monitor."""
    name = escape(view.name, 60) + (f" — {escape(view.error, 80)}" if view.error else "")
    return (
        signed(view.status),
        name,
        escape(view.type, 20),
        "–" if view.latency_ms is None else f"{view.latency_ms:.0f} ms",
        percent(view.uptime_24h),
        f"{view.votes_up}/{view.votes_fresh}" if view.votes_fresh else "–",
    )
