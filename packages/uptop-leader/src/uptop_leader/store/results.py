"""Step 11, raw results: each gets a row of its own, once, wherever its hour is.

Results of hours that are sealed or being sealed become stragglers beside the packs, so that what
is being packed stands still. A result whose place another one has (two batches whose ways here
took differently long can put two looks into one millisecond) stands a millisecond before it; one
that is there already, the same in all, is the same result written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from uptop_leader.store import facts, puts
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
_SERIES, _RESULT, _STRAGGLER = _TABLES["series"], _TABLES["result"], _TABLES["straggler"]
_AT_ONCE = 500  # moments that are asked for together
_PUT_FRESH = puts.insert_new(_TABLES["result"])
_PUT_STRAGGLER = puts.insert_new(_TABLES["straggler"])
_PUT_SERIES = puts.insert_new(_SERIES)
MARK_DIRTY = puts.count_up(_TABLES["dirty"], "mark")


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
    MARK_DIRTY.rows(connection, marks)
    return learned


def _put_results(connection: Connection, rows: list[RawRow]) -> set[int]:
    """Add the rows; returns the moments at which they are."""
    moments = {at for at, *_ in rows}
    sealing = facts.number(connection, facts.SEALING)
    apart = rows
    if min(moments) >= sealing:
        if _PUT_FRESH.tuples(connection, rows) == len(rows):
            return moments
    else:
        fresh = [row for row in rows if row[0] >= sealing]
        if not fresh or _PUT_FRESH.tuples(connection, fresh) == len(fresh):
            apart = [row for row in rows if row[0] < sealing]
    places = _Places(connection, apart, sealing)
    moments.update(places.find(row) for row in apart)
    places.write()
    return moments


class _Places:
    """What is where already, for rows that cannot simply be added."""

    def __init__(self, connection: Connection, rows: list[RawRow], sealing: int) -> None:
        self._connection = connection
        self._sealing = sealing
        self._sealed = facts.number(connection, facts.SEALED)
        self._packs: dict[int, dict[int, tuple[int, int]]] = {}
        self._rows: dict[tuple[int, int], tuple[int, int]] = {}
        self._known: set[int] = set()  # moments of which all rows are known
        self._fresh: list[RawRow] = []
        self._stragglers: list[RawRow] = []
        self._know_packs({place_of(at, series) for at, series, *_ in rows if at < self._sealed})
        self._know_rows({at for at, *_ in rows})

    def find(self, row: RawRow) -> int:
        """Find a place for a row; returns the moment at which it is."""
        moment, series, latency, reason = row
        while (there := self._at(moment, series)) != (latency, reason):
            if there is None:
                new = self._stragglers if moment < self._sealing else self._fresh
                new.append((moment, series, latency, reason))
                self._rows[moment, series] = latency, reason
            else:
                moment -= 1
        return moment

    def write(self) -> None:
        """Add the rows for which there were places."""
        for put, rows in ((_PUT_FRESH, self._fresh), (_PUT_STRAGGLER, self._stragglers)):
            if rows:
                put.tuples(self._connection, rows)

    def _at(self, moment: int, series: int) -> tuple[int, int] | None:
        """The latency and the reason of the result that is there."""
        if moment not in self._known:
            self._know_rows({moment})
        there = self._rows.get((moment, series))
        if there is None and moment < self._sealed:
            place = place_of(moment, series)
            if place not in self._packs:
                self._know_packs({place})
            there = self._packs[place].get(moment)
        return there

    def _know_rows(self, moments: set[int]) -> None:
        """What counts of the rows at these moments: fresh ones of hours that are not sealed."""
        self._known |= moments
        fresh = [moment for moment in moments if moment >= self._sealed]
        for table, wanted in ((_RESULT, fresh), (_STRAGGLER, sorted(moments))):
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(table).where(table.c.time_ms.in_(wanted[start : start + _AT_ONCE]))
                for at, series, latency, reason in self._connection.execute(query):
                    self._rows[at, series] = latency, reason

    def _know_packs(self, places: set[int]) -> None:
        packs = packs_at(self._connection, places)
        for place in places:
            rows = packs.get(place, ())
            self._packs[place] = {at: (latency, reason) for at, latency, reason in rows}


def _learn_series(connection: Connection, missing: set[tuple[str, str]]) -> SeriesIds:
    if not missing:
        return {}
    pairs = sorted(missing)
    _PUT_SERIES.rows(connection, [{"monitor": monitor, "node": node} for monitor, node in pairs])
    learned: SeriesIds = {}
    for start in range(0, len(pairs), 500):
        some = tuple_(_SERIES.c.monitor, _SERIES.c.node).in_(pairs[start : start + 500])
        for row in connection.execute(select(_SERIES).where(some)):
            learned[row.monitor, row.node] = row.id
    return learned
