"""What the leader's API shows of the past of a monitor (`/api/v1/monitors/{id}` and `…/history`).

Times are Unix milliseconds UTC, durations seconds, latencies milliseconds, uptimes percent (100 only
where nothing at all was missed) or null where nothing was observed. Beside every uptime stands how
much of the time it covers.
"""

from __future__ import annotations

from msgspec import Struct


class RangeView(Struct, frozen=True, kw_only=True):
    """A window that ends now: 24h, 7d, 30d, 90d or 1y. `mttr_s` is the mean time to recovery,
    `mtbf_s` the mean time between failures; null without an outage.
    """

    range: str
    uptime: float | None
    covered: float
    down_s: float
    outages: int
    longest_s: float
    mttr_s: float | None
    mtbf_s: float | None


class RegionView(Struct, frozen=True, kw_only=True):
    """A monitor seen from one region. `status` is what its fresh votes say now: UP, DOWN, PARTIAL
    where they differ, UNKNOWN without any. The rest is about the window: uptime by time, the mean
    of the region's nodes; how many `checks` there were, how many of them `failed`; and how long
    those took that did not fail.
    """

    region: str
    status: str
    votes_up: int = 0
    votes_fresh: int = 0
    uptime: float | None = None
    covered: float = 0.0
    checks: int = 0
    failed: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


class SlaView(RangeView, frozen=True, kw_only=True):
    """A window of one monitor, in a list of all: `parent` is the id of the group that it is in."""

    monitor: str
    name: str
    type: str
    parent: str | None = None


class DayView(Struct, frozen=True, kw_only=True):
    """One day, UTC (`2026-11-22`). `outages` were felt in it, `maintained_s` was not observed."""

    date: str
    uptime: float | None
    covered: float
    down_s: float
    outages: int = 0
    maintained_s: float = 0.0


class PointView(Struct, frozen=True, kw_only=True):
    """The latencies of the results from `at` on, for `lasts_s`."""

    at: int
    lasts_s: float
    checks: int
    failed: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


class RegionHistory(Struct, frozen=True, kw_only=True):
    """The latencies of one region over time, the oldest first; what was not seen has no point."""

    region: str
    points: tuple[PointView, ...] = ()


class HistoryView(Struct, frozen=True, kw_only=True):
    """`GET /api/v1/monitors/{id}/history?range=`: the range as a whole, its days, the oldest first
    and today last, how it was in each region, and the latencies there over time.
    """

    range: RangeView
    days: tuple[DayView, ...] = ()
    regions: tuple[RegionView, ...] = ()
    latency: tuple[RegionHistory, ...] = ()
