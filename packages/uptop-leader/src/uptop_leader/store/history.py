"""What history tells: uptime by time, days, latencies, raw results."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from uptop_core.outcomes import Reason


class Uptime(Struct, frozen=True, kw_only=True):
    """How long a monitor was up and down within a window, in seconds.

    Only observed time counts; the rest of the window (paused, maintenance, unknown, the leader not
    running, before the monitor was made) counts as neither.
    """

    up_s: float
    down_s: float
    observed_s: float
    window_s: float


class Day(Struct, frozen=True, kw_only=True):
    """One day of a monitor, UTC; the rest of it was not observed. Times in seconds. `maintained_s`
    is the time in maintenance, `outages` how many were felt in it.
    """

    date: date
    up_s: float
    down_s: float
    observed_s: float
    maintained_s: float = 0.0
    outages: int = 0


class Latency(Struct, frozen=True, kw_only=True):
    """The latencies of the up results of a series within a window, in milliseconds.

    `count` are all results that say something about the target, `down` those that say down. The
    quantiles are within 2 % of the true ones; they and the mean are None without an up result.
    """

    count: int
    down: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    mean_ms: float | None = None


class RawResult(Struct, frozen=True, kw_only=True):
    """A raw result as it was stored; `reason` None is up, `observed` Unix seconds."""

    node: str
    observed: float
    latency_us: int
    reason: Reason | None
