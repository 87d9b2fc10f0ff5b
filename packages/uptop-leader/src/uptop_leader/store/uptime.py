"""Uptime by time, not by count of checks: for one window, and day by day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uptop_leader.reliability import Reliability, reliability
from uptop_leader.store.days import known_days, sums_since
from uptop_leader.store.history import Day, Uptime
from uptop_leader.store.levels import DAY
from uptop_leader.store.observed import observed
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from uptop_leader.store.day_blocks import Days


_DAY_S = DAY.length_ms / 1000


def uptime(connection: Connection, now: float, seconds: float) -> dict[str, Uptime]:
    """The uptime of every monitor in the last `seconds`."""
    found = sums_since(connection, to_ms(now - seconds), to_ms(now))
    return {
        monitor: Uptime(
            up_s=(total - down) / 1000,
            down_s=down / 1000,
            observed_s=total / 1000,
            window_s=seconds,
        )
        for monitor, (total, down) in found.items()
    }


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


def reliability_of_all(
    connection: Connection, now: float, seconds: float
) -> dict[str, Reliability]:
    """How every monitor that is there was in the last `seconds`."""
    since, until = to_ms(now - seconds), to_ms(now)
    return {
        monitor: reliability(seen.all, seen.down, since, until)
        for monitor, seen in observed(connection, since, until).items()
    }


def daily(
    connection: Connection, now: float, days: int, only: str | None = None
) -> dict[str, list[Day]]:
    """The last `days` days of every monitor, UTC, the oldest first; the last one is today so far.
    `only` names one monitor.
    """
    first = DAY.start_of(to_ms(now)) - (days - 1) * DAY.length_ms
    dates = [_date(first + number * DAY.length_ms) for number in range(days)]
    usual = [Day(date=date, up_s=_DAY_S, down_s=0.0, observed_s=_DAY_S) for date in dates]
    blank = [Day(date=date, up_s=0.0, down_s=0.0, observed_s=0.0) for date in dates]
    found = known_days(connection, first, to_ms(now), only)
    return {monitor: _days(known, usual, blank) for monitor, known in found.items()}


def columns(connection: Connection, now: float, days: int) -> dict[str, Days]:
    """The last `days` days of every monitor, UTC, as columns; the last one is today so far."""
    first = DAY.start_of(to_ms(now)) - (days - 1) * DAY.length_ms
    return known_days(connection, first, to_ms(now))


def _days(known: Days, usual: list[Day], blank: list[Day]) -> list[Day]:
    """The days as they are told. Most are like `usual` ones, up throughout, or `blank`, and those
    are shared: of a thousand monitors' quarters, making each anew takes longer than all else.
    """
    observed, down, maintained, outages = known.columns()
    whole_day = DAY.length_ms
    told = [
        full if whole == whole_day else none
        for full, none, whole in zip(usual, blank, observed, strict=True)
    ]
    odd = {number for number, whole in enumerate(observed) if whole and whole != whole_day}
    for column in (down, maintained):
        if any(column):
            odd.update(number for number, part in enumerate(column) if part)
    for number in odd:
        whole, bad = observed[number], down[number]
        told[number] = Day(
            date=usual[number].date,
            up_s=(whole - bad) / 1000,
            down_s=bad / 1000,
            observed_s=whole / 1000,
            maintained_s=maintained[number] / 1000,
            outages=outages[number],
        )
    return told


def _date(moment_ms: int) -> date:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).date()
