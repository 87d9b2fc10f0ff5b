"""The change log: which rows of configuration, beliefs, incidents and outbox were written, in order.

Triggers write it in the transaction of the change itself, so nothing that is written can be missing
in it. It names rows and holds none: who copies gets each row as it is now. It is kept while this
node is one of a pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Integer, delete, func, select, tuple_

from uptop_leader.store import facts
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

KEPT = 200_000
"""Changes that are kept; who is further behind copies everything."""

PAGE = 1000
SEPARATOR = "\x1f"

THINGS: dict[str, tuple[str, ...]] = {
    "user": ("id",),
    "token": ("hash",),
    "nodekey": ("hash",),
    "channel": ("id",),
    "monitor": ("id",),
    "maintenance": ("id",),
    "post": ("id",),
    "node": ("id",),
    "former": ("monitor", "node"),
    "state": ("monitor",),
    "incident": ("id",),
    "transition": ("number",),
    "notification": ("number",),
    "gap": ("since_ms",),
    "late": ("monitor", "since_ms"),
}
"""What is copied, and the columns that name a row, in an order in which rows can be written."""

_CHANGE = METADATA.tables["change"]
_NUMBERED = {"merged": "merged_key", "together": "together_key"}


class RowChange(Struct, frozen=True):
    """A row as it is now: its columns by name, or None when it is gone. `key` names it."""

    thing: str
    key: tuple[str, ...]
    row: dict[str, Any] | None


class Page(Struct, frozen=True, kw_only=True):
    """Some changes, up to number `upto`; `more` says that there are others already."""

    upto: int
    changes: list[RowChange]
    more: bool = False


def table_of(thing: str) -> Table:
    """The table of a thing that is copied."""
    return METADATA.tables[thing]


def newest(connection: Connection) -> int:
    """The number of the last change."""
    return int(connection.execute(select(func.max(_CHANGE.c.number))).scalar_one() or 0)


def reaches(connection: Connection, number: int) -> bool:
    """Whether everything after `number` is still in the log, and `number` itself is of this log."""
    last = newest(connection)
    if number > last:
        return False
    oldest = connection.execute(select(func.min(_CHANGE.c.number))).scalar_one()
    return number == last or (oldest is not None and oldest <= number + 1)


def after(connection: Connection, number: int, limit: int = PAGE) -> Page:
    """What has changed after `number`, each row once, as it is now."""
    query = select(_CHANGE).where(_CHANGE.c.number > number).order_by(_CHANGE.c.number)
    found = connection.execute(query.limit(limit)).all()
    named: dict[str, dict[str, None]] = {}
    for entry in found:
        named.setdefault(entry.thing, {})[entry.row_key] = None
    changes = [
        change
        for thing in THINGS
        for change in _rows(
            connection, thing, [tuple(k.split(SEPARATOR)) for k in named.get(thing, ())]
        )
    ]
    upto = found[-1].number if found else number
    return Page(upto=upto, changes=changes, more=len(found) == limit)


def page_of(
    connection: Connection, thing: str, beyond: tuple[str, ...] | None, limit: int = PAGE
) -> list[RowChange]:
    """The rows of a thing in the order of their keys, beyond one of them."""
    table = table_of(thing)
    columns = [table.c[name] for name in THINGS[thing]]
    query = select(table).order_by(*columns).limit(limit)
    if beyond is not None:
        query = query.where(tuple_(*columns) > tuple_(*typed(thing, beyond)))
    keys = _keys_in_text
    return [
        RowChange(thing, keys(thing, row), _told(connection, thing, dict(row._mapping)))
        for row in connection.execute(query)
    ]


def prune(connection: Connection) -> None:
    """Forget what is older than the last changes that are kept."""
    connection.execute(delete(_CHANGE).where(_CHANGE.c.number <= newest(connection) - KEPT))


def keep(connection: Connection) -> None:
    """From now on this node is one of a pair, and keeps the log."""
    facts.put(connection, facts.LOGS, 1)


def _rows(connection: Connection, thing: str, keys: list[tuple[str, ...]]) -> Iterator[RowChange]:
    table = table_of(thing)
    columns = [table.c[name] for name in THINGS[thing]]
    there: dict[tuple[str, ...], dict[str, Any]] = {}
    for start in range(0, len(keys), 200):
        some = [typed(thing, key) for key in keys[start : start + 200]]
        for row in connection.execute(select(table).where(tuple_(*columns).in_(some))):
            there[_keys_in_text(thing, row)] = dict(row._mapping)
    for key in keys:
        found = there.get(key)
        yield RowChange(thing, key, None if found is None else _told(connection, thing, found))


def _told(connection: Connection, thing: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row as another database can take it: what counts rows here is told by their keys."""
    if "number" in THINGS[thing]:
        del row["number"]
    if thing == "notification":
        table = table_of(thing)
        for column, name in _NUMBERED.items():
            number = row.pop(column)
            query = select(table.c.key).where(table.c.number == number)
            row[name] = None if number is None else connection.execute(query).scalar_one_or_none()
    return row


def _keys_in_text(thing: str, row: Any) -> tuple[str, ...]:
    return tuple(str(getattr(row, name)) for name in THINGS[thing])


def typed(thing: str, key: tuple[str, ...]) -> tuple[Any, ...]:
    """The values of a key in text, as the columns hold them."""
    table = table_of(thing)
    return tuple(
        int(part) if isinstance(table.c[name].type, Integer) else part
        for name, part in zip(THINGS[thing], key, strict=True)
    )
