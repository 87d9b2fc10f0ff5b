"""Rollups: what the results of a series come to per bucket, made of the level below.

Writing results marks their bucket; a roll-up computes marked buckets anew once they have ended, so
results that come late are counted, and computing twice changes nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from uptop_leader.store import dialect
from uptop_leader.store.codes import SILENT, UPS
from uptop_leader.store.levels import LEVELS, Level, kept_from
from uptop_leader.store.sketch import Sketch
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms
from uptop_leader.store.writing import MARK_DIRTY

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from uptop_leader.store.connections import Connections

_RESULT, _DIRTY = METADATA.tables["result"], METADATA.tables["dirty"]
_PUT = {level.name: dialect.upsert(level.table) for level in LEVELS}
_ABOVE = {below.name: above for below, above in pairwise(LEVELS)}


class Rollup:
    """Sums over results of one series. Results that say nothing of the target are not counted;
    latencies are those of up results.
    """

    __slots__ = ("count", "down", "max_us", "min_us", "sketch", "sum_us")

    def __init__(self) -> None:
        self.count = 0
        self.down = 0
        self.sum_us = 0
        self.min_us: int | None = None
        self.max_us: int | None = None
        self.sketch = Sketch()

    def add_results(self, up_us: list[int], down: int) -> None:
        """Count raw results: the latencies of those that are up, and how many are down."""
        self.count += len(up_us) + down
        self.down += down
        if up_us:
            self.sum_us += sum(up_us)
            self._widen(min(up_us), max(up_us))
            self.sketch.add(up_us)

    def add_rollup(
        self,
        count: int,
        down: int,
        sum_us: int,
        min_us: int | None,
        max_us: int | None,
        sketch: bytes,
    ) -> None:
        """Count what a stored rollup of any level has counted."""
        self.count += count
        self.down += down
        self.sum_us += sum_us
        if min_us is not None and max_us is not None:
            self._widen(min_us, max_us)
            self.sketch.add_stored(sketch)

    def _widen(self, least: int, most: int) -> None:
        self.min_us = least if self.min_us is None else min(self.min_us, least)
        self.max_us = most if self.max_us is None else max(self.max_us, most)


Totals = dict[int, Rollup]
"""Rollups by the number of the series."""


def roll_up(connections: Connections, now: float) -> int:
    """Compute all marked buckets that have ended; returns how many that were."""
    done = 0
    for level in LEVELS:
        with connections.reading() as connection:
            marks = _ended_marks(connection, level, to_ms(now))
            complete_from = kept_from(connection, level.below)
        for bucket, mark in marks:
            # What is left of a bucket whose rows were partly removed is no reason to forget more.
            totals = _totals(connections, level, bucket) if bucket >= complete_from else {}
            with connections.writing() as connection:
                _put(connection, level, bucket, totals)
                _unmark(connection, level, bucket, mark)
            done += 1
    return done


def add_raw(connection: Connection, since_ms: int, until_ms: int, totals: Totals) -> None:
    """Count the raw results in [since, until)."""
    query = select(_RESULT.c.series, _RESULT.c.latency_us, _RESULT.c.reason).where(
        _RESULT.c.time_ms >= since_ms, _RESULT.c.time_ms < until_ms
    )
    up_us: dict[int, list[int]] = {}
    down: dict[int, int] = {}
    for series, latency, reason in connection.execute(query):
        if reason in UPS:
            up_us.setdefault(series, []).append(latency)
        elif reason not in SILENT:
            down[series] = down.get(series, 0) + 1
    for series in up_us.keys() | down.keys():
        rollup = totals.setdefault(series, Rollup())
        rollup.add_results(up_us.get(series, []), down.get(series, 0))


def add_level(
    connection: Connection, level: Level, since_ms: int, until_ms: int, totals: Totals
) -> None:
    """Count the rollups of a level whose buckets begin in [since, until)."""
    table = level.table
    query = select(
        table.c.series,
        table.c.count,
        table.c.down,
        table.c.sum_us,
        table.c.min_us,
        table.c.max_us,
        table.c.sketch,
    ).where(table.c.bucket_ms >= since_ms, table.c.bucket_ms < until_ms)
    for series, *sums in connection.execute(query):
        rollup = totals.get(series)
        if rollup is None:
            rollup = totals[series] = Rollup()
        rollup.add_rollup(*sums)


def marked(connection: Connection) -> list[tuple[str, int]]:
    """All buckets, as level and start, whose rollups are not what their results come to."""
    return [(row.level, row.bucket_ms) for row in connection.execute(select(_DIRTY))]


def _ended_marks(connection: Connection, level: Level, now_ms: int) -> list[tuple[int, int]]:
    query = (
        select(_DIRTY.c.bucket_ms, _DIRTY.c.mark)
        .where(_DIRTY.c.level == level.name, _DIRTY.c.bucket_ms <= now_ms - level.length_ms)
        .order_by(_DIRTY.c.bucket_ms)
    )
    return [(bucket, mark) for bucket, mark in connection.execute(query)]


def _totals(connections: Connections, level: Level, bucket: int) -> Totals:
    """What the rows below a bucket come to."""
    totals: Totals = {}
    end = bucket + level.length_ms
    with connections.reading() as connection:
        if level.below is None:
            add_raw(connection, bucket, end, totals)
        else:
            add_level(connection, level.below, bucket, end, totals)
    return totals


def _put(connection: Connection, level: Level, bucket: int, totals: Totals) -> None:
    """Write the rollups of a bucket, and mark the bucket of the level above."""
    if not totals:
        return
    rows = [_row(bucket, series, rollup) for series, rollup in totals.items()]
    connection.execute(_PUT[level.name], rows)
    if above := _ABOVE.get(level.name):
        mark = {"level": above.name, "bucket_ms": above.start_of(bucket), "mark": 1}
        connection.execute(MARK_DIRTY, mark)


def _row(bucket: int, series: int, rollup: Rollup) -> dict[str, object]:
    return {
        "bucket_ms": bucket,
        "series": series,
        "count": rollup.count,
        "down": rollup.down,
        "sum_us": rollup.sum_us,
        "min_us": rollup.min_us,
        "max_us": rollup.max_us,
        "sketch": rollup.sketch.stored(),
    }


def _unmark(connection: Connection, level: Level, bucket: int, mark: int) -> None:
    """Take the mark away, unless a result arrived in the bucket since it was read."""
    query = delete(_DIRTY).where(
        _DIRTY.c.level == level.name, _DIRTY.c.bucket_ms == bucket, _DIRTY.c.mark == mark
    )
    connection.execute(query)
