"""Uptime by time, not by count of checks: for one window, and day by day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uptop_leader.reliability import Reliability, reliability
from uptop_leader.store.history import Day, Uptime
from uptop_leader.store.intervals import Intervals, length
from uptop_leader.store.levels import DAY
from uptop_leader.store.observed import Observed, observed
from uptop_leader.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection


def uptime(connection: Connection, now: float, seconds: float) -> dict[str, Uptime]:
    """The uptime of every monitor in the last `seconds`."""
    found = observed(connection, to_ms(now - seconds), to_ms(now))
    return {monitor: _uptime(seen, seconds) for monitor, seen in found.items()}


def reliabilities(
    connection: Connection, monitor: str, now: float, windows: Mapping[str, float]
) -> dict[str, Reliability]:
    """How one monitor was in each window (seconds before `now`, by name); empty without it."""
    until = to_ms(now)
    starts = {name: to_ms(now - seconds) for name, seconds in windows.items()}
    seen = observed(connection, min(starts.values()), until, monitor).get(monitor)
    if seen is None:
        return {}
    return {name: reliability(seen.all, seen.down, start, until) for name, start in starts.items()}


def daily(
    connection: Connection, now: float, days: int, only: str | None = None
) -> dict[str, list[Day]]:
    """The last `days` days of every monitor, UTC, the oldest first; the last one is today so far.
    `only` names one monitor.
    """
    today = DAY.start_of(to_ms(now))
    first = today - (days - 1) * DAY.length_ms
    dates = [_date(first + number * DAY.length_ms) for number in range(days)]
    found = observed(connection, first, to_ms(now), only)
    return {monitor: _days(seen, first, dates) for monitor, seen in found.items()}


def _uptime(seen: Observed, seconds: float) -> Uptime:
    total, down = length(seen.all), length(seen.down)
    return Uptime(
        up_s=(total - down) / 1000,
        down_s=down / 1000,
        observed_s=total / 1000,
        window_s=seconds,
    )


def _days(seen: Observed, first: int, dates: list[date]) -> list[Day]:
    total = _by_day(seen.all, first, len(dates))
    down = _by_day(seen.down, first, len(dates))
    return [
        Day(date=date, up_s=(whole - bad) / 1000, down_s=bad / 1000, observed_s=whole / 1000)
        for date, whole, bad in zip(dates, total, down, strict=True)
    ]


def _by_day(intervals: Intervals, first: int, days: int) -> list[int]:
    """How many milliseconds of the intervals, all from `first` on, lie in each day."""
    sums = [0] * days
    for start, end in intervals:
        while start < end:
            number = (start - first) // DAY.length_ms
            stop = min(end, first + (number + 1) * DAY.length_ms)
            sums[number] += stop - start
            start = stop
    return sums


def _date(moment_ms: int) -> date:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).date()
