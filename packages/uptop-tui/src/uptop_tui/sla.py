"""How reliable every monitor was within a span, as rows of a table, and all of them together. Pure.

Everything is time: uptime is of what was observed, and beside it stands how much that was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from textual.content import Content

from uptop_core.escaping import escape
from uptop_core.history_views import SlaView
from uptop_core.views import percent
from uptop_tui.moments import span
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, QUIET, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_tui.screens.table import Cells

SPANS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "1y": "1 year"}
SECONDS = {"24h": 86_400, "7d": 604_800, "30d": 2_592_000, "90d": 7_776_000, "1y": 31_536_000}
Order = Literal["uptime", "name", "down", "outages", "longest", "mttr", "mtbf", "covered"]
"""What a table may be sorted by: the keys of its columns; the worst comes first."""
ORDERS: tuple[Order, ...] = get_args(Order)

COLUMNS = (
    Column(key="name", title="MONITOR", width=16, share=1),
    Column(key="uptime", title="UPTIME", width=9, right=True),
    Column(key="covered", title="COVERED", width=8, rank=1, right=True),
    Column(key="down", title="DOWN", width=11, right=True),
    Column(key="outages", title="OUTAGES", width=7, rank=1, right=True),
    Column(key="longest", title="LONGEST", width=11, rank=4, right=True),
    Column(key="mttr", title="MTTR", width=11, rank=2, right=True),
    Column(key="mtbf", title="MTBF", width=11, rank=3, right=True),
)
ALL = "all"
"""The id of the row that tells of all together."""


def cells(view: SlaView) -> Cells:
    """The row of a monitor."""
    group = Content.styled(" (group)", QUIET) if view.type == "group" else ""
    return (Content.assemble(escape(view.name, 60), group), *_figures(view))


def total_cells(total: SlaView, count: int) -> Cells:
    """The row of all monitors together."""
    return (Content.styled(f"all {count} monitors", "bold"), *_figures(total))


def total(views: Iterable[SlaView], name: str) -> SlaView | None:
    """All monitors together, weighed by the time that each was observed; None without any.

    Groups repeat their members and are left out. The mean times are of all outages together.
    """
    own = [view for view in views if view.type != "group"]
    if not own:
        return None
    window = SECONDS.get(name, 0) * len(own)
    observed = sum(SECONDS.get(name, 0) * view.covered / 100 for view in own)
    down, outages = sum(view.down_s for view in own), sum(view.outages for view in own)
    up = max(0.0, observed - down)
    uptime = None if not observed else 100.0 if not down else min(99.999, 100 * up / observed)
    return SlaView(
        monitor=ALL, name="", type="", range=name,
        uptime=uptime,
        covered=100 * observed / window if window else 0.0,
        down_s=down,
        outages=outages,
        longest_s=max(view.longest_s for view in own),
        mttr_s=down / outages if outages else None,
        mtbf_s=up / outages if outages else None,
    )  # fmt: skip


def ordered(views: Iterable[SlaView], by: Order) -> list[SlaView]:
    """The worst first by one of the figures (those that have none last), or by name."""

    def place(view: SlaView) -> tuple[float, str]:
        return (_badness(view, by), view.name.casefold())

    return sorted(views, key=place)


def _badness(view: SlaView, by: Order) -> float:
    last = float("inf")
    match by:
        case "name":
            return 0.0
        case "uptime":
            return last if view.uptime is None else view.uptime
        case "covered":
            return view.covered
        case "down":
            return -view.down_s
        case "outages":
            return -view.outages
        case "longest":
            return -view.longest_s
        case "mttr":
            return last if view.mttr_s is None else -view.mttr_s
        case "mtbf":
            return last if view.mtbf_s is None else view.mtbf_s


def _figures(view: SlaView) -> Cells:
    uptime = "not seen" if view.uptime is None else percent(view.uptime, 3)
    look = QUIET if view.uptime is None else "" if not view.down_s else BAD
    covered = percent(view.covered, 1)
    return (
        Content.styled(uptime, look),
        Content.styled(covered, WARNING if view.covered < 99 else ""),
        _lasting(view.down_s),
        f"{view.outages}" if view.outages else "–",
        _lasting(view.longest_s),
        _lasting(view.mttr_s),
        _lasting(view.mtbf_s),
    )


def _lasting(seconds: float | None) -> str:
    return "–" if not seconds else span(seconds) if seconds >= 1 else "< 1 s"
