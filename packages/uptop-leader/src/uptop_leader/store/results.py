"""Step 11, raw results: each gets a row of its own, once, wherever its hour is.

Results of hours that are sealed or being sealed become stragglers beside the packs, so that what
is being packed stands still. A result whose place another one has (two batches whose ways here
took differently long can put two looks into one millisecond) stands a millisecond before it; one
that is there already, the same in all, is the same result written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from uptop_leader.store import dialect, facts
from uptop_leader.store.codes import code_of
from uptop_leader.store.raw import packs_at, place_of
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from uptop_leader.changes import StoredResult
    from uptop_leader.store.raw import RawRow

SeriesIds = dict[tuple[str, str], int]
"""The number of each (monitor id, node id)."""

FIVE_MINUTES_MS = 300_000

_TABLES = METADATA.tables
_SERIES = _TABLES["series"]
_PUT_FRESH = dialect.in_text(dialect.insert_new(_TABLES["result"]))
_PUT_STRAGGLER = dialect.in_text(dialect.insert_new(_TABLES["straggler"]))
_AT = "SELECT latency_us, reason FROM {} WHERE time_ms = ? AND series = ?"
_FRESH_AT, _STRAGGLER_AT = _AT.format("result"), _AT.format("straggler")
_PUT_SERIES = dialect.insert_new(_SERIES)
MARK_DIRTY = dialect.count_up(_TABLES["dirty"], "mark")


def write_results(
    connection: Connection, results: Iterable[StoredResult], series: SeriesIds
) -> SeriesIds:
    """Add raw results and mark their buckets for the next roll-up; returns series not known yet."""
    rows = [
        (
            round(result.observed * 1000),
            (result.monitor, result.node),
            result.latency_ns // 1000,
            code_of(result.reason, result.bearing),
        )
        for result in results
    ]
    if not rows:
        return {}
    learned = _learn_series(connection, {row[1] for row in rows if row[1] not in series})
    known = series | learned if learned else series
    moments = _put_results(
        connection, [(at, known[pair], latency, reason) for at, pair, latency, reason in rows]
    )
    buckets = {at - at % FIVE_MINUTES_MS for at in moments}
    marks = [{"level": "five", "bucket_ms": bucket, "mark": 1} for bucket in sorted(buckets)]
    connection.execute(MARK_DIRTY, marks)
    return learned


def _put_results(connection: Connection, rows: list[RawRow]) -> set[int]:
    """Add the rows; returns the moments at which they are."""
    moments = {at for at, *_ in rows}
    sealing = facts.number(connection, facts.SEALING)
    apart = rows
    if min(moments) >= sealing:
        if connection.exec_driver_sql(_PUT_FRESH, rows).rowcount == len(rows):
            return moments
    else:
        fresh = [row for row in rows if row[0] >= sealing]
        if not fresh or connection.exec_driver_sql(_PUT_FRESH, fresh).rowcount == len(fresh):
            apart = [row for row in rows if row[0] < sealing]
    places = _Places(connection, apart, sealing)
    moments.update(places.put(row) for row in apart)
    return moments


class _Places:
    """What is where already, for rows that cannot simply be added."""

    def __init__(self, connection: Connection, rows: list[RawRow], sealing: int) -> None:
        self._connection = connection
        self._sealing = sealing
        self._sealed = facts.number(connection, facts.SEALED)
        self._packs: dict[int, dict[int, tuple[int, int]]] = {}
        self._know({place_of(at, series) for at, series, *_ in rows if at < self._sealed})

    def put(self, row: RawRow) -> int:
        """Add a row; returns the moment at which it is."""
        moment, series, latency, reason = row
        while (there := self._at(moment, series)) != (latency, reason):
            if there is None:
                put = _PUT_STRAGGLER if moment < self._sealing else _PUT_FRESH
                self._connection.exec_driver_sql(put, (moment, series, latency, reason))
            else:
                moment -= 1
        return moment

    def _at(self, moment: int, series: int) -> tuple[int, int] | None:
        """The latency and the reason of the result that is there."""
        if moment >= self._sealed:
            there = self._row(_FRESH_AT, moment, series)
        else:
            place = place_of(moment, series)
            if place not in self._packs:
                self._know({place})
            there = self._packs[place].get(moment)
        if there is None and moment < self._sealing:
            there = self._row(_STRAGGLER_AT, moment, series)
        return there

    def _row(self, question: str, moment: int, series: int) -> tuple[int, int] | None:
        row = self._connection.exec_driver_sql(question, (moment, series)).one_or_none()
        return None if row is None else (row[0], row[1])

    def _know(self, places: set[int]) -> None:
        packs = packs_at(self._connection, places)
        for place in places:
            rows = packs.get(place, ())
            self._packs[place] = {at: (latency, reason) for at, latency, reason in rows}


def _learn_series(connection: Connection, missing: set[tuple[str, str]]) -> SeriesIds:
    if not missing:
        return {}
    pairs = sorted(missing)
    connection.execute(_PUT_SERIES, [{"monitor": monitor, "node": node} for monitor, node in pairs])
    learned: SeriesIds = {}
    for start in range(0, len(pairs), 500):
        some = tuple_(_SERIES.c.monitor, _SERIES.c.node).in_(pairs[start : start + 500])
        for row in connection.execute(select(_SERIES).where(some)):
            learned[row.monitor, row.node] = row.id
    return learned
