"""Applies rows of another database: all of a page and the cursor in one transaction.

Rows are matched by what names them everywhere (an id, the key of a notification, all that makes a
transition), never by numbers, which each database counts for itself. Secrets come in clear over
the wire and are sealed under this node's own key.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update

from uptop_leader.seal import Keyring
from uptop_leader.store import puts, specs, stale
from uptop_leader.store.change_log import THINGS, RowChange, table_of, typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Table

NATURAL: dict[str, tuple[str, ...]] = {
    "transition": ("monitor", "at_ms", "known_ms", "belief_to", "status_to", "cause"),
    "notification": ("key",),
}
"""What names a row of a numbered thing in every database."""

_NAMED = ("user", "channel", "maintenance", "monitor")  # a name of these is there once
_PUTS = {thing: puts.upsert(table_of(thing)) for thing in THINGS if thing not in NATURAL}

_MOMENTS = {
    "transition": ("at_ms",),
    "incident": ("started_ms", "ended_ms"),
    "late": ("since_ms",),
    "gap": ("since_ms",),
}
"""Columns of what is told of the past: the days from then on come to something else."""

_BYTES = ("data", "evidence", "message")


def in_clear(change: RowChange, keyring: Keyring) -> RowChange:
    """The change with its secrets opened. Raises SealError."""
    return _with_secrets(change, lambda spec, thing: specs.opened(spec, thing, keyring))


def sealed(change: RowChange, keyring: Keyring) -> RowChange:
    """The change with its secrets sealed under this node's key."""
    return _with_secrets(change, lambda spec, thing: specs.resealed(spec, thing, keyring))


def apply(connection: Connection, changes: Iterable[RowChange], keyring: Keyring) -> None:
    """Write what has changed there. Twice is as good as once."""
    things = _by_thing(changes)
    stale.mark(connection, _reaching_back(things))
    for thing, some in things.items():
        put = [sealed(change, keyring) for change in some if change.row is not None]
        gone = [change for change in some if change.row is None]
        for change in gone:
            _drop(connection, change)
        if put:
            _free_names(connection, thing, put)
            for change in put:
                _put(connection, change)


def drop_others(connection: Connection, thing: str, there: set[tuple[str, ...]]) -> None:
    """Remove the rows of a thing whose keys are not `there`."""
    table = table_of(thing)
    columns = [table.c[name] for name in key_of(thing)]
    for row in connection.execute(select(*columns)).all():
        if tuple(str(part) for part in row) not in there:
            connection.execute(delete(table).where(_is(table, key_of(thing), dict(row._mapping))))


def key_of(thing: str) -> tuple[str, ...]:
    """The columns that name a row of a thing in every database."""
    return NATURAL.get(thing, THINGS[thing])


def named_by(change: RowChange) -> tuple[str, ...]:
    """What names the row of a change in every database."""
    row = change.row
    if change.thing not in NATURAL or row is None:
        return change.key
    return tuple(str(row[name]) for name in NATURAL[change.thing])


def _by_thing(changes: Iterable[RowChange]) -> dict[str, list[RowChange]]:
    found: dict[str, list[RowChange]] = {thing: [] for thing in THINGS}
    for change in changes:
        if change.thing in found:  # a newer leader may copy more
            found[change.thing].append(change)
    return found


def _reaching_back(things: dict[str, list[RowChange]]) -> dict[str, int]:
    """Since when each monitor's days are to be counted anew."""
    since: dict[str, int] = {}
    for thing, moments in _MOMENTS.items():
        for change in things[thing]:
            row = change.row or {}
            monitor = row.get("monitor", stale.ALL)
            for moment in (row[name] for name in moments if row.get(name) is not None):
                since[monitor] = min(moment, since.get(monitor, moment))
    return since


def _drop(connection: Connection, change: RowChange) -> None:
    """Remove a row. Numbered ones are only removed where they are old, by each node for itself."""
    if change.thing not in NATURAL:
        table, names = table_of(change.thing), THINGS[change.thing]
        values = dict(zip(names, typed(change.thing, change.key), strict=True))
        connection.execute(delete(table).where(_is(table, names, values)))


def _put(connection: Connection, change: RowChange) -> None:
    table, row = table_of(change.thing), _row(connection, change)
    if change.thing not in NATURAL:
        _PUTS[change.thing].rows(connection, row)
        return
    same = _is(table, key_of(change.thing), row)
    is_here = connection.execute(select(table.c.number).where(same)).first() is not None
    if change.thing == "transition" and (others := twins(connection, row)):
        _put_for(connection, others, row, is_here=is_here)
    elif not is_here:
        connection.execute(insert(table), row)
    elif change.thing == "notification" and not _is_further(connection, same):
        connection.execute(update(table).where(same).values(row))


def _put_for(
    connection: Connection, twins: list[int], row: dict[str, Any], *, is_here: bool
) -> None:
    """Write a transition in the place of those that this node has made of the same."""
    table = table_of("transition")
    kept, *gone = (None, *twins) if is_here else twins
    connection.execute(delete(table).where(table.c.number.in_(gone)))
    if kept is not None:
        connection.execute(update(table).where(table.c.number == kept).values(row))


def twins(connection: Connection, row: dict[str, Any]) -> list[int]:
    """The numbers of the transitions here that begin or end the same incident, at another moment:
    two nodes that could not know of each other have both made it.
    """
    if row["incident"] is None or row["belief_from"] == row["belief_to"]:
        return []
    table = table_of("transition")
    names = ("monitor", "incident", "belief_from", "belief_to")
    query = select(table.c.number).where(_is(table, names, row))
    return list(connection.execute(query.where(~_is(table, key_of("transition"), row))).scalars())


def _is_further(connection: Connection, same: ColumnElement[bool]) -> bool:
    """Whether a notification is done with here: what was sent is never sent again."""
    table = table_of("notification")
    return connection.execute(select(table.c.done_ms).where(same)).scalar_one() is not None


def _row(connection: Connection, change: RowChange) -> dict[str, Any]:
    """The columns that this version knows, typed as the database has them."""
    assert change.row is not None, "what is gone has no columns"  # noqa: S101
    table = table_of(change.thing)
    row = dict(change.row)
    for column in ("merged", "together"):
        if (key := row.pop(f"{column}_key", None)) is not None:
            query = select(table.c.number).where(table.c.key == key)
            row[column] = connection.execute(query).scalar_one_or_none()
    return {
        name: base64.b64decode(value) if name in _BYTES and isinstance(value, str) else value
        for name, value in row.items()
        if name in table.c
    }


def _free_names(connection: Connection, thing: str, put: list[RowChange]) -> None:
    """Give up the names of what changes first, so that two may swap theirs."""
    if thing in _NAMED:
        table = table_of(thing)
        ids = [change.key[0] for change in put]
        connection.execute(update(table).where(table.c.id.in_(ids)).values(name=table.c.id))


def _is(table: Table, names: Iterable[str], values: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == values[name] for name in names))


def _with_secrets(change: RowChange, made: Any) -> RowChange:
    if change.thing not in ("monitor", "channel") or change.row is None:
        return change
    return RowChange(change.thing, change.key, made(change.row, change.thing))
