"""The past in a line of text."""

from __future__ import annotations

from uptop_core.history_views import DayView, HistoryView, PointView, RangeView, RegionHistory
from uptop_tui.sparks import Cell, cells, day_bars, latency_spark

_DAY = RangeView(
    range="24h", uptime=100, covered=100, down_s=0, outages=0, longest_s=0, mttr_s=None, mtbf_s=None
)
_HOUR_MS = 3_600_000


def _point(hour: int, p50_ms: float | None, checks: int = 10, failed: int = 0) -> PointView:
    return PointView(at=hour * _HOUR_MS, lasts_s=3600, checks=checks, failed=failed, p50_ms=p50_ms)


def test_regions_are_put_together_by_how_many_answers_they_gave() -> None:
    regions = (
        RegionHistory(region="a", points=(_point(23, 10.0),)),
        RegionHistory(region="b", points=(_point(23, 40.0, checks=30, failed=10),)),
    )
    parts = cells(HistoryView(range=_DAY, latency=regions), 4, until=24 * _HOUR_MS)
    assert parts == [Cell(None, 0, 0)] * 3 + [Cell(30.0, 40, 10)]


def test_height_is_latency_and_what_failed_or_was_not_seen_has_its_own_shape() -> None:
    parts = [Cell(10, 5, 0), Cell(80, 5, 1), Cell(None, 5, 5), Cell(40, 4, 2), Cell(None, 0, 0)]
    assert latency_spark(parts).plain == "▁▇××·"


def test_days_tell_by_their_shape() -> None:
    uptimes = (100.0, 99.95, 99.5, 80.0, None)
    days = [DayView(date="d", uptime=up, covered=100.0, down_s=0) for up in uptimes]
    assert day_bars(days).plain == "█▆▄▁·"
