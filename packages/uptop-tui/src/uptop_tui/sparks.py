"""The past in a line of text: how long answers took, and how the days were. Pure.

Height tells latency. What failed and what nobody saw have shapes of their own, so that nothing rests
on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from uptop_tui.signs import BAD, GOOD, QUIET, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uptop_core.history_views import DayView, HistoryView, PointView

SPANS_S = {"24h": 86400, "7d": 7 * 86400, "30d": 30 * 86400, "90d": 90 * 86400, "1y": 365 * 86400}
_HEIGHTS = "▁▂▃▄▅▆▇"
"""Never a full one: lines below each other stay apart."""
FAILED, UNSEEN = "×", "·"
_FINE, _FAIR = 99.9, 99.0


class Cell(Struct, frozen=True):
    """A part of the time: its median latency, how many checks there were, how many failed."""

    latency_ms: float | None
    checks: int
    failed: int


def cells(history: HistoryView, count: int, until: int) -> list[Cell]:
    """The range before `until` (Unix ms) in `count` equal parts, over all regions."""
    points = (point for region in history.latency for point in region.points)
    return parts(points, SPANS_S[history.range.range], count, until)


def parts(points: Iterable[PointView], span_s: float, count: int, until: int) -> list[Cell]:
    """The time before `until` (Unix ms) in `count` equal parts; points that overlap are weighed."""
    length_ms = span_s * 1000 / count
    first = until - count * length_ms
    sums = [[0.0, 0, 0, 0] for _ in range(count)]
    for point in points:
        middle = min(point.at + point.lasts_s * 500, until - 1)
        place = int((middle - first) // length_ms)
        if 0 <= place < count:
            told = sums[place]
            told[1] += point.checks
            told[2] += point.failed
            if point.p50_ms is not None and (good := point.checks - point.failed) > 0:
                told[0] += point.p50_ms * good
                told[3] += good
    return [
        Cell(total / good if good else None, int(checks), int(failed))
        for total, checks, failed, good in sums
    ]


def latency_spark(parts: Sequence[Cell]) -> Content:
    """`▂▂▃▂×▅·`: × where half or more failed, · where nobody looked."""
    slowest = max((part.latency_ms or 0.0 for part in parts), default=0.0)
    return Content.assemble(*(_spark(part, slowest) for part in parts))


def _spark(part: Cell, slowest: float) -> tuple[str, str]:
    if not part.checks:
        return UNSEEN, QUIET
    if part.latency_ms is None or 2 * part.failed >= part.checks:
        return FAILED, BAD
    return height(part.latency_ms, slowest), WARNING if part.failed else GOOD


def height(value: float, highest: float) -> str:
    """A bar of one character; the lowest is never nothing."""
    part = value / highest if highest > 0 else 0.0
    return _HEIGHTS[min(len(_HEIGHTS) - 1, int(part * len(_HEIGHTS)))]


def day_bars(days: Iterable[DayView]) -> Content:
    """One character a day: █ nothing missed, ▆ a little, ▄ more, ▁ under 99 %, · not observed."""
    return Content.assemble(*(_day(day) for day in days))


def _day(day: DayView) -> tuple[str, str]:
    if day.uptime is None:
        return UNSEEN, QUIET
    if day.uptime >= 100:
        return "█", GOOD
    if day.uptime >= _FINE:
        return "▆", GOOD
    return ("▄", WARNING) if day.uptime >= _FAIR else ("▁", BAD)
