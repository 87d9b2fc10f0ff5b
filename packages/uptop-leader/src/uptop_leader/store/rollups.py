"""Rollups: what the results of a series come to per bucket, made of the level below.

Writing results marks their bucket; a roll-up computes marked buckets anew once they have ended, so
results that come late are counted, and computing twice changes nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select

from uptop_leader.store import facts, puts
from uptop_leader.store.codes import SILENT, UNPLACED, UPS
from uptop_leader.store.levels import LEVELS, Level, kept_from
from uptop_leader.store.raw import raw_results, stragglers
from uptop_leader.store.results import MARK_DIRTY
from uptop_leader.store.sums import Rollup, Totals
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Column, Connection, Select, Table

    from uptop_leader.store.connections import Connections

_DIRTY = METADATA.tables["dirty"]
_SERIES, _MONITOR = METADATA.tables["series"], METADATA.tables["monitor"]
_AT_ONCE = 1_000  # rollups written in one transaction
_SPEAKS_MS = 60_000  # of a monitor that is not known
_PUT = {level.name: puts.upsert(level.table) for level in LEVELS}
_ABOVE = {below.name: above for below, above in pairwise(LEVELS)}


class _Pace(Struct):
    """What is needed of a stored monitor to tell for how long one of its results speaks."""

    interval: float = 60.0


_decode_pace = msgspec.json.Decoder(_Pace).decode


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
            _put(connections, level, bucket, totals)
            with connections.writing() as connection:
                if totals:
                    _mark_above(connection, level, bucket)
                _unmark(connection, level, bucket, mark)
            done += 1
    return done


def add_raw(
    connection: Connection,
    since_ms: int,
    until_ms: int,
    totals: Totals,
    only: Collection[int] | None = None,
) -> None:
    """Count the raw results in [since, until), of all series or of `only` some."""
    up_us: dict[int, list[int]] = {}
    down: dict[int, int] = {}
    moments: dict[int, list[tuple[int, bool]]] = {}
    for at_ms, series, latency, reason in raw_results(connection, since_ms, until_ms, only):
        is_up = reason in UPS
        if is_up:
            up_us.setdefault(series, []).append(latency)
        elif reason not in SILENT:
            down[series] = down.get(series, 0) + 1
        else:
            continue
        if reason not in UNPLACED:
            moments.setdefault(series, []).append((at_ms, not is_up))
    for series in up_us.keys() | down.keys():
        rollup = totals.setdefault(series, Rollup())
        rollup.add_results(up_us.get(series, []), down.get(series, 0))
    _add_times(connection, moments, totals)


def _add_times(
    connection: Connection, moments: dict[int, list[tuple[int, bool]]], totals: Totals
) -> None:
    if not moments:
        return
    speaks = _speaking(connection)
    for series, results in moments.items():
        longest, rollup = speaks.get(series, _SPEAKS_MS), totals[series]
        for (at_ms, is_down), (next_ms, _) in pairwise(results):
            rollup.add_time(min(longest, next_ms - at_ms), is_down=is_down)
        rollup.add_time(longest, is_down=results[-1][1])


def _speaking(connection: Connection) -> dict[int, int]:
    """For how many milliseconds a result of each series speaks, by the interval there is now."""
    query = select(_SERIES.c.id, _MONITOR.c.id.label("name"), _MONITOR.c.spec).join(
        _MONITOR, _MONITOR.c.id == _SERIES.c.monitor
    )
    known: dict[str, int] = {}
    found: dict[int, int] = {}
    for series, name, spec in connection.execute(query):
        if name not in known:
            known[name] = round(_decode_pace(spec).interval * 1000)
        found[series] = known[name]
    return found


def add_level(
    connection: Connection,
    level: Level,
    since_ms: int,
    until_ms: int,
    totals: Totals,
    only: Collection[int] | None = None,
) -> None:
    """Count the rollups of a level whose buckets begin in [since, until), of all series or of
    `only` some.
    """
    table = level.table
    query = _sums_of(table, table.c.series)
    if only is None:
        query = query.where(table.c.bucket_ms >= since_ms, table.c.bucket_ms < until_ms)
    else:  # one look-up per row: the key begins with the bucket
        buckets = range(level.start_of(since_ms), until_ms, level.length_ms)
        query = query.where(table.c.bucket_ms.in_(buckets), table.c.series.in_(only))
    for series, *sums in connection.execute(query):
        rollup = totals.get(series)
        if rollup is None:
            rollup = totals[series] = Rollup()
        rollup.add_rollup(*sums)


def by_bucket(
    connection: Connection, level: Level, buckets: Collection[int], only: Collection[int]
) -> dict[int, Totals]:
    """The rollups of some series in some buckets, by the start of the bucket."""
    table = level.table
    query = _sums_of(table, table.c.bucket_ms, table.c.series)
    found: dict[int, Totals] = {}
    for bucket, series, *sums in connection.execute(
        query.where(table.c.bucket_ms.in_(buckets), table.c.series.in_(only))
    ):
        found.setdefault(bucket, {})[series] = rollup = Rollup()
        rollup.add_rollup(*sums)
    return found


def _sums_of(table: Table, *named: Column[int]) -> Select[Any]:
    """What `Rollup.add_rollup` takes, after the columns named."""
    names = ("count", "down", "seen_ms", "down_ms", "sum_us", "min_us", "max_us", "sketch")
    columns: list[Any] = [*named, *(table.c[name] for name in names)]
    return select(*columns)


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
        if level.below is not None:
            add_level(connection, level.below, bucket, end, totals)
        elif bucket >= facts.number(connection, facts.SEALING):
            add_raw(connection, bucket, end, totals)
        elif changed := stragglers(connection, bucket, end):
            # All was rolled up when it was sealed: only these have come to something else since.
            add_raw(connection, bucket, end, totals, changed)
    return totals


def _put(connections: Connections, level: Level, bucket: int, totals: Totals) -> None:
    """Write the rollups of a bucket, some at a time: as long as it is marked nobody reads them."""
    rows = [_row(bucket, series, totals[series]) for series in sorted(totals)]
    for start in range(0, len(rows), _AT_ONCE):
        with connections.writing() as connection:
            _PUT[level.name].tuples(connection, rows[start : start + _AT_ONCE])


def _row(bucket: int, series: int, rollup: Rollup) -> tuple[object, ...]:
    """A row as its table has it."""
    return (
        bucket,
        series,
        rollup.count,
        rollup.down,
        rollup.seen_ms,
        rollup.down_ms,
        rollup.sum_us,
        rollup.min_us,
        rollup.max_us,
        rollup.sketch.stored(),
    )


def _mark_above(connection: Connection, level: Level, bucket: int) -> None:
    """The bucket of the level above is not what it comes to any more."""
    if above := _ABOVE.get(level.name):
        mark = {"level": above.name, "bucket_ms": above.start_of(bucket), "mark": 1}
        MARK_DIRTY.rows(connection, mark)


def _unmark(connection: Connection, level: Level, bucket: int, mark: int) -> None:
    """Take the mark away, unless a result arrived in the bucket since it was read."""
    query = delete(_DIRTY).where(
        _DIRTY.c.level == level.name, _DIRTY.c.bucket_ms == bucket, _DIRTY.c.mark == mark
    )
    connection.execute(query)
