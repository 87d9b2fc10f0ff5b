"""Latencies per series over any window, from the longest rollups that fit; what is not rolled up
yet is counted from raw results."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from sqlalchemy import select

from uptop_leader.store.history import Latency
from uptop_leader.store.levels import DAY, FIVE, HOUR, LEVELS, Level
from uptop_leader.store.rollups import Rollup, Totals, add_level, add_raw, marked
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_SERIES = METADATA.tables["series"]
_DAY_S, _MONTH_S = 86_400, 30 * 86_400


def latency(connection: Connection, now: float, seconds: float) -> dict[tuple[str, str], Latency]:
    """The latencies of every (monitor, node) within the last `seconds`.

    The window begins at a whole bucket: of five minutes, above a day of an hour, above 30 days of
    a day.
    """
    totals: Totals = {}
    until = to_ms(now) + 1
    for level, start, end in plan(_since(now, seconds), until, marked(connection)):
        if level is None:
            add_raw(connection, start, end, totals)
        else:
            add_level(connection, level, start, end, totals)
    names = {row.id: (row.monitor, row.node) for row in connection.execute(select(_SERIES))}
    return {names[series]: _latency(rollup) for series, rollup in totals.items()}


def _since(now: float, seconds: float) -> int:
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


def _latency(rollup: Rollup) -> Latency:
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
