"""Removes what has outlived its use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.store.levels import DAY, FIVE, HOUR, LEVELS, Level, keep_from, kept_from
from uptop_leader.store.raw import place_of
from uptop_leader.store.removing import remove_before
from uptop_leader.store.rollups import marked
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

    from uptop_leader.store.connections import Connections

_RESULT, _LEDGER = METADATA.tables["result"], METADATA.tables["ledger"]
_STRAGGLER, _PACK = METADATA.tables["straggler"], METADATA.tables["pack"]
_SPANS = METADATA.tables["day_spans"]
_FORMER = METADATA.tables["former"]
_NOTIFICATION = METADATA.tables["notification"]


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
        for table, key, end in _keyed(source, until):
            removed += remove_before(connections, table, key, end)
    remove_before(connections, _FORMER, _FORMER.c.until_ms, to_ms(now - raw_s))
    remove_before(connections, _LEDGER, _LEDGER.c.touched_ms, to_ms(now - raw_s))
    remove_before(connections, _SPANS, _SPANS.c.day_ms, to_ms(now - hour_s))
    remove_before(connections, _NOTIFICATION, _NOTIFICATION.c.done_ms, to_ms(now - five_min_s))
    return removed


def _keyed(source: Level | None, until_ms: int) -> list[tuple[Table, Column[int], int]]:
    """Where the rows of a level are, and what the keys of those before the moment are less than.
    A pack goes when its whole hour may.
    """
    if source is not None:
        return [(source.table, source.table.c.bucket_ms, until_ms)]
    return [
        (_RESULT, _RESULT.c.time_ms, until_ms),
        (_STRAGGLER, _STRAGGLER.c.time_ms, until_ms),
        (_PACK, _PACK.c.place, place_of(until_ms, 0)),
    ]


def _removable_until(connection: Connection, made_of_it: Level, wanted_ms: int) -> int:
    """The newest moment up to which rows may go: whole buckets, all of them rolled up."""
    lower = {level.name for level in LEVELS[: LEVELS.index(made_of_it) + 1]}
    waiting = (bucket for level, bucket in marked(connection) if level in lower)
    return made_of_it.start_of(min((wanted_ms, *waiting)))
