"""Step 13 for the past of a monitor: windows, days and regions → what the API shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from uptop_core.history_views import (
    DayView,
    PointView,
    RangeView,
    RegionHistory,
    RegionView,
    SlaView,
)
from uptop_leader.percents import cut_percent
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uptop_core.monitors import Monitor
    from uptop_core.views import VoteView
    from uptop_leader.reliability import Reliability
    from uptop_leader.store.history import Day, Latency
    from uptop_leader.store.regions import Point, Regional

_DAY_S = 86_400


def range_views(found: Mapping[str, Reliability]) -> tuple[RangeView, ...]:
    """The windows of a monitor, by name."""
    return tuple(range_view(name, one) for name, one in found.items())


def range_view(name: str, one: Reliability) -> RangeView:
    """One window."""
    return RangeView(
        range=name,
        uptime=cut_percent(one.up_s, one.observed_s),
        covered=cut_percent(one.observed_s, one.window_s) or 0.0,
        down_s=round(one.down_s, 3),
        outages=one.outages,
        longest_s=round(one.longest_s, 3),
        mttr_s=_rounded(one.mttr_s),
        mtbf_s=_rounded(one.mtbf_s),
    )


def sla_view(monitor: Monitor, name: str, one: Reliability) -> SlaView:
    """One window of a monitor in a list of all."""
    return SlaView(
        monitor=monitor.id,
        name=monitor.name,
        type=monitor.check.kind(),
        parent=monitor.parent,
        **msgspec.structs.asdict(range_view(name, one)),
    )


def region_views(
    votes: Iterable[VoteView], found: Mapping[str, Regional]
) -> tuple[RegionView, ...]:
    """Every region that has votes now or had results in the window, by name."""
    by_region: dict[str, list[VoteView]] = {region: [] for region in found}
    for vote in votes:
        by_region.setdefault(vote.region, []).append(vote)
    return tuple(
        _region(region, own, found.get(region)) for region, own in sorted(by_region.items())
    )


def _region(region: str, votes: list[VoteView], regional: Regional | None) -> RegionView:
    fresh = [vote for vote in votes if vote.fresh]
    up = sum(vote.up for vote in fresh)
    view = RegionView(
        region=region,
        status=region_status(up, len(fresh)).value,
        votes_up=up,
        votes_fresh=len(fresh),
    )
    if regional is None:
        return view
    latency = regional.latency
    return RegionView(
        region=view.region,
        status=view.status,
        votes_up=view.votes_up,
        votes_fresh=view.votes_fresh,
        uptime=None if regional.uptime is None else cut_percent(regional.uptime, 1.0),
        covered=cut_percent(regional.covered, 1.0) or 0.0,
        checks=latency.count,
        failed=latency.down,
        p50_ms=_rounded(latency.p50_ms),
        p95_ms=_rounded(latency.p95_ms),
        p99_ms=_rounded(latency.p99_ms),
    )


def region_status(up: int, fresh: int) -> Status:
    """What a region's fresh votes say, of which so many say up."""
    if not fresh:
        return Status.UNKNOWN
    if 0 < up < fresh:
        return Status.PARTIAL
    return Status.UP if up else Status.DOWN


def day_views(days: Iterable[Day]) -> tuple[DayView, ...]:
    """The days of a monitor."""
    return tuple(
        DayView(
            date=day.date.isoformat(),
            uptime=cut_percent(day.up_s, day.observed_s),
            covered=cut_percent(day.observed_s, _DAY_S) or 0.0,
            down_s=round(day.down_s, 3),
            outages=day.outages,
            maintained_s=round(day.maintained_s, 3),
        )
        for day in days
    )


def region_histories(found: Mapping[str, Sequence[Point]]) -> tuple[RegionHistory, ...]:
    """The latencies of each region over time, by its name."""
    return tuple(
        RegionHistory(region=region, points=tuple(_point(point) for point in points))
        for region, points in sorted(found.items())
    )


def _point(point: Point) -> PointView:
    latency: Latency = point.latency
    return PointView(
        at=point.at_ms,
        lasts_s=point.lasts_ms / 1000,
        checks=latency.count,
        failed=latency.down,
        p50_ms=_rounded(latency.p50_ms),
        p95_ms=_rounded(latency.p95_ms),
        p99_ms=_rounded(latency.p99_ms),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
