"""Parts of the tables of results, so that nothing is deleted row by row: fresh results by the hour,
which go when the hour is sealed, and packs by the day, which go when they are too old.

Parts are made ahead. What comes for a time without one (a new installation gets what a probe has
kept for a week) lies in the part named `_rest`, and goes row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, select, text

from uptop_leader.store import facts
from uptop_leader.store.raw import HOUR_MS, place_of
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_DAY_MS = 24 * HOUR_MS
_PATIENCE_MS = 1000  # for the lock that dropping takes: everybody waits behind who waits for it
_PARTS = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST(:parent AS regclass)"
)


class _Parting(Struct, frozen=True):
    """How a table is parted: the length of a part, and which are kept ready around now."""

    table: Table
    column: str
    mark: str
    length_ms: int
    before: int
    ahead: int

    def name(self, number: int) -> str:
        return f"{self.table.name}_{self.mark}{number}"

    def start(self, number: int) -> int:
        """The least key of a part."""
        moment = number * self.length_ms
        return place_of(moment, 0) if self.column == "place" else moment


_RESULTS = _Parting(METADATA.tables["result"], "time_ms", "h", HOUR_MS, 1, 4)
_PACKS = _Parting(METADATA.tables["pack"], "place", "d", _DAY_MS, 1, 2)


def make(connection: Connection, now_ms: int) -> None:
    """Make the parts that are missing around now."""
    sealed = facts.number(connection, facts.SEALED)
    for parting in (_RESULTS, _PACKS):
        now = now_ms // parting.length_ms
        there = _there(connection, parting)
        for number in range(now - parting.before, now + parting.ahead + 1):
            if number in there or (parting is _RESULTS and number * HOUR_MS < sealed):
                continue
            _make(connection, parting, number)


def drop(connection: Connection, table: Table, until: int) -> int:
    """Drop the parts whose keys are all less than `until`; returns how many rows they had."""
    dropped = 0
    for parting in (_RESULTS, _PACKS):
        if parting.table is table:
            for number in sorted(_there(connection, parting)):
                if parting.start(number + 1) <= until:
                    dropped += _drop(connection, parting.name(number))
    return dropped


def _there(connection: Connection, parting: _Parting) -> set[int]:
    """The numbers of the parts that there are."""
    prefix = f"{parting.table.name}_{parting.mark}"
    names = connection.execute(_PARTS, {"parent": parting.table.name}).scalars()
    return {int(name[len(prefix) :]) for name in names if name[len(prefix) :].isdigit()}


def _make(connection: Connection, parting: _Parting, number: int) -> None:
    """Make a part, beside the table first, so that nobody who reads has to wait for it."""
    name, table = parting.name(number), parting.table.name
    first, end = parting.start(number), parting.start(number + 1)
    key = parting.table.c[parting.column]
    rest = text(
        f'SELECT 1 FROM "{table}_rest" WHERE {key.name} >= {first} AND {key.name} < {end} LIMIT 1'  # noqa: S608
    )
    if connection.execute(rest).first() is not None:
        return
    connection.execute(text(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL)'))
    attached = (
        f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" FOR VALUES FROM ({first}) TO ({end})'
    )
    connection.execute(text(attached))


def _drop(connection: Connection, name: str) -> int:
    connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
    rows = connection.execute(select(func.count()).select_from(text(f'"{name}"'))).scalar_one()
    connection.execute(text(f'DROP TABLE "{name}"'))
    return int(rows)
