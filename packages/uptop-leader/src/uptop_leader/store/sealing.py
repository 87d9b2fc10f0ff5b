"""Sealing: raw results of hours that are over go into packs, one per series and hour.

Every step is a small transaction, and between any two of them each result is read once:

1. From now on, results of the hour become stragglers: what is in rows stands still.
2. The rows are read and packed, and the packs written, which nobody reads yet.
3. The hour is sealed: from now on its packs are read, and its rows are not.
4. The rows are removed.

Who comes after a killed one begins with 4 for what was sealed, and with 1 for what was not.
Stragglers join the packs once rollups have counted them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from uptop_leader.store import facts, puts
from uptop_leader.store.levels import FIVE
from uptop_leader.store.packs import Packer, pack
from uptop_leader.store.raw import HOUR_MS, packs_at, place_of
from uptop_leader.store.removing import remove_before
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from uptop_leader.store.connections import Connections
    from uptop_leader.store.packs import Packed
    from uptop_leader.store.raw import RawRow

AFTER_MS = 900_000
"""How long after its end an hour is sealed: by then most of what comes late has come."""

_RESULT, _STRAGGLER = METADATA.tables["result"], METADATA.tables["straggler"]
_DIRTY = METADATA.tables["dirty"]
_PUT_PACK = puts.upsert(METADATA.tables["pack"])
_FORGET = delete(_STRAGGLER).where(
    _STRAGGLER.c.time_ms == bindparam("at"), _STRAGGLER.c.series == bindparam("of")
)
_READ = 500  # rows fetched together
_PACKS = 500  # written in one transaction
_REPACKS = 50  # unpacked and packed anew in one transaction


def seal(connections: Connections, now: float) -> int:
    """Seal the hours that are over and rolled up, the oldest first; returns how many rows went
    into packs.
    """
    packed = 0
    connections.make_room(to_ms(now))
    with connections.reading() as connection:
        sealed = facts.number(connection, facts.SEALED)
    remove_before(connections, _RESULT, _RESULT.c.time_ms, sealed)
    while (hour := _next_hour(connections, to_ms(now))) is not None:
        packed += _seal_hour(connections, hour)
        remove_before(connections, _RESULT, _RESULT.c.time_ms, hour + HOUR_MS)
    return packed + _take_in_stragglers(connections)


def _next_hour(connections: Connections, now_ms: int) -> int | None:
    """The oldest hour with rows, if it may be sealed; what comes for it is a straggler from now on."""
    with connections.reading() as connection:
        sealed = facts.number(connection, facts.SEALED)
        rows = select(func.min(_RESULT.c.time_ms)).where(_RESULT.c.time_ms >= sealed)
        oldest: int | None = connection.execute(rows).scalar_one()
    if oldest is None:
        return None
    end = oldest - oldest % HOUR_MS + HOUR_MS
    if end + AFTER_MS > now_ms:
        return None
    with connections.writing() as connection:
        if facts.number(connection, facts.SEALING) < end:
            waiting = select(_DIRTY.c.bucket_ms).where(
                _DIRTY.c.level == FIVE.name, _DIRTY.c.bucket_ms >= sealed, _DIRTY.c.bucket_ms < end
            )
            if connection.execute(waiting.limit(1)).first() is not None:
                return None
            facts.put(connection, facts.SEALING, end)
    return end - HOUR_MS


def _seal_hour(connections: Connections, hour: int) -> int:
    packers: dict[int, Packer] = {}
    packed = 0
    with connections.reading() as connection:
        for at_ms, series, latency_us, reason in _rows_of(connection, hour):
            packer = packers.get(series)
            if packer is None:
                packer = packers[series] = Packer(hour)
            packer.add(at_ms, latency_us, reason)
            packed += 1
    packs = [(place_of(hour, series), packer.packed()) for series, packer in packers.items()]
    packs.sort()  # so that they lie one after the other, and fill their pages
    for start in range(0, len(packs), _PACKS):
        with connections.writing() as connection:
            if facts.number(connection, facts.SEALED) > hour:
                return 0  # somebody else has done it
            _PUT_PACK.tuples(connection, packs[start : start + _PACKS])
    with connections.writing() as connection:
        sealed = facts.number(connection, facts.SEALED)
        facts.put(connection, facts.SEALED, max(sealed, hour + HOUR_MS))
    return packed


def _rows_of(connection: Connection, hour: int) -> Iterable[RawRow]:
    query = select(_RESULT).where(_RESULT.c.time_ms >= hour, _RESULT.c.time_ms < hour + HOUR_MS)
    query = query.order_by(_RESULT.c.time_ms).execution_options(yield_per=_READ)
    found = connection.execute(query)
    return chain.from_iterable(found.partitions(_READ))  # a row each takes twice as long


def _take_in_stragglers(connections: Connections) -> int:
    """Put the stragglers of sealed hours that rollups have counted into the packs."""
    taken = 0
    with connections.reading() as connection:
        hours = _straggled(connection)
    for hour, series in hours.items():
        for start in range(0, len(series), _REPACKS):
            with connections.writing() as connection:
                taken += _repack(connection, hour, series[start : start + _REPACKS])
    return taken


def _straggled(connection: Connection) -> dict[int, list[int]]:
    """The series that have stragglers, by sealed hour."""
    hour, series = (_STRAGGLER.c.time_ms // HOUR_MS).label("hour"), _STRAGGLER.c.series
    query = select(hour, series).distinct().order_by(hour, series)
    sealed = facts.number(connection, facts.SEALED)
    found: dict[int, list[int]] = {}
    for number, one in connection.execute(query.where(_STRAGGLER.c.time_ms < sealed)):
        found.setdefault(number * HOUR_MS, []).append(one)
    return found


def _repack(connection: Connection, hour: int, series: list[int]) -> int:
    """Pack the results of these series anew, with their stragglers but those not yet counted."""
    end = hour + HOUR_MS
    bucket = _DIRTY.c.bucket_ms
    marks = select(bucket).where(_DIRTY.c.level == FIVE.name, bucket >= hour, bucket < end)
    waiting = set(connection.execute(marks).scalars())
    within = (_STRAGGLER.c.time_ms >= hour, _STRAGGLER.c.time_ms < end)
    rows = select(_STRAGGLER).where(*within, _STRAGGLER.c.series.in_(series))
    came: dict[int, list[Packed]] = {}
    keys = []
    for at_ms, one, latency_us, reason in connection.execute(rows):
        if FIVE.start_of(at_ms) not in waiting:
            came.setdefault(place_of(at_ms, one), []).append((at_ms, latency_us, reason))
            keys.append((at_ms, one))
    if not keys:
        return 0
    there = packs_at(connection, came)
    packs = [
        (place, pack(sorted({*there.get(place, ()), *more}), hour)) for place, more in came.items()
    ]
    _PUT_PACK.tuples(connection, packs)
    connection.execute(_FORGET, [{"at": at, "of": one} for at, one in keys])
    return len(keys)
