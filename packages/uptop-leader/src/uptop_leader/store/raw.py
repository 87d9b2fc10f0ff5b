"""Raw results as one, wherever they are: fresh ones in rows, those of sealed hours in packs, and
stragglers, which came for an hour when it was sealed or being sealed.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from uptop_leader.store import facts
from uptop_leader.store.packs import unpack
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection, Table

    from uptop_leader.store.packs import Packed

HOUR_MS = 3_600_000
_SERIES_BITS = 32
_ONLY_SERIES = (1 << _SERIES_BITS) - 1
_READ = 2000  # rows fetched together
_AT_ONCE = 500  # packs that are asked for together

_RESULT, _STRAGGLER = METADATA.tables["result"], METADATA.tables["straggler"]
_PACK = METADATA.tables["pack"]
_READ_PACKS = select(_PACK.c.place, _PACK.c.data).order_by(_PACK.c.place)

RawRow = tuple[int, int, int, int]
"""When (Unix milliseconds), the series, the latency in microseconds, and the code of the reason."""


def raw_results(
    connection: Connection, since_ms: int, until_ms: int, only: Collection[int] | None = None
) -> Iterator[RawRow]:
    """The raw results in [since, until), of all series or of `only` some, in their order."""
    sealed = facts.number(connection, facts.SEALED)
    fresh = _rows(connection, _RESULT, max(since_ms, sealed), until_ms, only)
    older = list(_rows(connection, _STRAGGLER, since_ms, until_ms, only))
    if since_ms < sealed:
        older += _packed(connection, since_ms, min(until_ms, sealed), only)
    return heapq.merge(sorted(older), fresh) if older else fresh


def stragglers(connection: Connection, since_ms: int, until_ms: int) -> set[int]:
    """The series of which results in [since, until) came late for the sealing."""
    found = select(_STRAGGLER.c.series).distinct()
    found = found.where(_STRAGGLER.c.time_ms >= since_ms, _STRAGGLER.c.time_ms < until_ms)
    return set(connection.execute(found).scalars())


def place_of(at_ms: int, series: int) -> int:
    """Where the pack is that holds a moment of a series."""
    return (at_ms // HOUR_MS << _SERIES_BITS) + series


def packs_at(connection: Connection, places: Collection[int]) -> dict[int, list[Packed]]:
    """The results of the packs at those of the places where there is one."""
    wanted = sorted(places)
    found: dict[int, list[Packed]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = _PACK.c.place.in_(wanted[start : start + _AT_ONCE])
        for place, data in connection.execute(_READ_PACKS.where(some)):
            found[place] = unpack(data, hour_of(place))
    return found


def hour_of(place: int) -> int:
    """When the hour of a pack begins, Unix milliseconds."""
    return (place >> _SERIES_BITS) * HOUR_MS


def _rows(
    connection: Connection,
    table: Table,
    since_ms: int,
    until_ms: int,
    only: Collection[int] | None,
) -> Iterator[RawRow]:
    query = select(table).where(table.c.time_ms >= since_ms, table.c.time_ms < until_ms)
    if only is not None:
        query = query.where(table.c.series.in_(only))
    else:
        query = query.execution_options(yield_per=_READ)  # may be more than should be in memory
    return iter(connection.execute(query.order_by(table.c.time_ms, table.c.series)))


def _packed(
    connection: Connection, since_ms: int, until_ms: int, only: Collection[int] | None
) -> Iterator[RawRow]:
    """The results in [since, until) that are in packs."""
    first, last = connection.execute(select(func.min(_PACK.c.place), func.max(_PACK.c.place))).one()
    if first is None:
        return
    hours = range(
        max(since_ms // HOUR_MS, first >> _SERIES_BITS),
        min((until_ms - 1) // HOUR_MS, last >> _SERIES_BITS) + 1,
    )
    for hour in hours:
        for place, rows in _packs_of(connection, hour, only).items():
            series = place & _ONLY_SERIES
            for at_ms, latency_us, reason in rows:
                if since_ms <= at_ms < until_ms:
                    yield at_ms, series, latency_us, reason


def _packs_of(
    connection: Connection, hour: int, only: Collection[int] | None
) -> dict[int, list[Packed]]:
    start = hour << _SERIES_BITS
    if only is not None:
        return packs_at(connection, [start + series for series in only])
    query = _READ_PACKS.where(_PACK.c.place >= start, _PACK.c.place <= start + _ONLY_SERIES)
    return {place: unpack(data, hour * HOUR_MS) for place, data in connection.execute(query)}
