"""Removes what has outlived its use, in batches so small that nobody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from uptop_leader.store.levels import DAY, FIVE, HOUR, LEVELS, Level, keep_from, kept_from
from uptop_leader.store.rollups import marked
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

    from uptop_leader.store.connections import Connections

_RESULT, _LEDGER = METADATA.tables["result"], METADATA.tables["ledger"]
_FORMER = METADATA.tables["former"]
_NOTIFICATION = METADATA.tables["notification"]
_BATCH = 5_000  # rows of one transaction: some 10 ms


def retain(
    connections: Connections, now: float, raw_s: float, five_min_s: float, hour_s: float
) -> int:
    """Remove raw results, five-minute and hourly rollups older than so many seconds, what the
    outbox is done with as the five-minute rollups, and for as long as raw results ledgers
    that were not touched and assignments that ended. Days, incidents and transitions stay. Returns how many history rows went.

    Nothing is removed that a rollup is still to be made of.
    """
    removed = 0
    for source, made_of_it, age_s in (
        (None, FIVE, raw_s),
        (FIVE, HOUR, five_min_s),
        (HOUR, DAY, hour_s),
    ):
        with connections.writing() as connection:
            until = _removable_until(connection, made_of_it, to_ms(now - age_s))
            if until > kept_from(connection, source):
                keep_from(connection, source, until)
        table, moment = _timed(source)
        removed += _remove(connections, table, moment, until)
    _remove(connections, _FORMER, _FORMER.c.until_ms, to_ms(now - raw_s))
    _remove(connections, _LEDGER, _LEDGER.c.touched_ms, to_ms(now - raw_s))
    _remove(connections, _NOTIFICATION, _NOTIFICATION.c.done_ms, to_ms(now - five_min_s))
    return removed


def _timed(source: Level | None) -> tuple[Table, Column[int]]:
    if source is None:
        return _RESULT, _RESULT.c.time_ms
    return source.table, source.table.c.bucket_ms


def _removable_until(connection: Connection, made_of_it: Level, wanted_ms: int) -> int:
    """The newest moment up to which rows may go: whole buckets, all of them rolled up."""
    lower = {level.name for level in LEVELS[: LEVELS.index(made_of_it) + 1]}
    waiting = (bucket for level, bucket in marked(connection) if level in lower)
    return made_of_it.start_of(min((wanted_ms, *waiting)))


def _remove(connections: Connections, table: Table, moment: Column[int], until_ms: int) -> int:
    """Remove the rows before `until_ms`, the oldest first."""
    removed = 0
    nth = select(moment).where(moment < until_ms).order_by(moment).limit(1).offset(_BATCH - 1)
    while True:
        with connections.writing() as connection:
            last = connection.execute(nth).scalar_one_or_none()
            some = moment < until_ms if last is None else moment <= last
            removed += connection.execute(delete(table).where(some)).rowcount
        if last is None:
            return removed
