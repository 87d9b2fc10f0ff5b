"""Latencies per series over any window, from the longest rollups that fit; what is not rolled up
yet is counted from raw results."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from sqlalchemy import select

from uptop_leader.store.history import Latency
from uptop_leader.store.levels import DAY, FIVE, HOUR, LEVELS, Level
from uptop_leader.store.rollups import add_level, add_raw, marked
from uptop_leader.store.sums import Rollup, Totals
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

_SERIES = METADATA.tables["series"]
_DAY_S, _MONTH_S = 86_400, 30 * 86_400


def latency(connection: Connection, now: float, seconds: float) -> dict[tuple[str, str], Latency]:
    """The latencies of every (monitor, node) within the last `seconds`.

    The window begins at a whole bucket: of five minutes, above a day of an hour, above 30 days of
    a day.
    """
    totals = totals_between(connection, whole_since(now, seconds), to_ms(now) + 1)
    names = {row.id: (row.monitor, row.node) for row in connection.execute(select(_SERIES))}
    return {names[series]: latency_of(rollup) for series, rollup in totals.items()}


def totals_between(
    connection: Connection,
    since_ms: int,
    until_ms: int,
    only: Collection[int] | None = None,
) -> Totals:
    """The sums of every series, or of `only` some, in [since, until)."""
    totals: Totals = {}
    for level, start, end in plan(since_ms, until_ms, marked(connection)):
        if level is None:
            add_raw(connection, start, end, totals, only)
        else:
            add_level(connection, level, start, end, totals, only)
    return totals


def waiting_for(connection: Connection, level: Level) -> list[int]:
    """The starts of buckets, of this level or below, whose results are not rolled up yet."""
    names = _names_up_to(level)
    return [bucket for name, bucket in marked(connection) if name in names]


def whole_since(now: float, seconds: float) -> int:
    """The start of the window: at a whole bucket, the longer the longer the window is."""
    edge = FIVE if seconds <= _DAY_S else HOUR if seconds <= _MONTH_S else DAY
    return edge.start_of(to_ms(now - seconds))


def plan(
    since_ms: int, until_ms: int, marks: list[tuple[str, int]]
) -> list[tuple[Level | None, int, int]]:
    """Which level (None: raw results) answers for which part of [since, until).

    A bucket answers when it lies in the window whole and nothing in it waits to be rolled up.
    """
    waiting = {
        level.name: sorted(
            bucket for name, bucket in marks if name in _names_up_to(level) and bucket < until_ms
        )
        for level in LEVELS
    }
    parts: list[tuple[Level | None, int, int]] = []
    for level, start, end in _split(DAY, since_ms, until_ms, waiting):
        if parts and parts[-1][0] is level:
            parts[-1] = (level, parts[-1][1], end)
        else:
            parts.append((level, start, end))
    return parts


def _names_up_to(level: Level) -> set[str]:
    return {lower.name for lower in LEVELS[: LEVELS.index(level) + 1]}


def _split(
    level: Level, since: int, until: int, waiting: dict[str, list[int]]
) -> Iterator[tuple[Level | None, int, int]]:
    marks = waiting[level.name]
    bucket = level.start_of(since)
    while bucket < until:
        end = bucket + level.length_ms
        first = bisect_left(marks, bucket)
        is_settled = first == len(marks) or marks[first] >= end
        if is_settled and since <= bucket and end <= until:
            yield level, bucket, end
        elif level.below is not None:
            yield from _split(level.below, max(since, bucket), min(until, end), waiting)
        else:
            yield None, max(since, bucket), min(until, end)
        bucket = end


def latency_of(rollup: Rollup) -> Latency:
    """Sums as they are told."""
    up = rollup.count - rollup.down

    def at(share: float) -> float | None:
        found = rollup.sketch.quantile(share)
        return None if found is None else found / 1000

    return Latency(
        count=rollup.count,
        down=rollup.down,
        p50_ms=at(0.50),
        p95_ms=at(0.95),
        p99_ms=at(0.99),
        mean_ms=rollup.sum_us / up / 1000 if up else None,
    )
