"""Many rows into PostgreSQL at once: by COPY where all are new, else by one statement that takes
each column as an array. A statement per row takes ten times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import UniqueViolation
from sqlalchemy import Integer, String, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from uptop_leader.store.puts import Put

_FEW = 3  # rows; a statement each is quicker
_COPIED = 20  # rows from which on COPY is quicker, savepoint and all


def put(connection: Connection, what: Put, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows that have the same columns."""
    if len(rows) <= _FEW:
        statement = what.made.get("postgres")
        if statement is None:
            statement = what.made["postgres"] = what.clause(postgresql.insert(what.table))
        for row in rows:
            connection.execute(statement, row)
    elif rows:
        names = tuple(rows[0])
        _put_arrays(connection, what, names, [tuple(row[name] for name in names) for row in rows])


def put_tuples(connection: Connection, what: Put, rows: Sequence[tuple[Any, ...]]) -> int:
    """Put tuples in the order of the table's columns; returns how many rows were written."""
    is_new = not what.replaces and len(rows) >= _COPIED and _holds_numbers(what)
    if is_new and _copy(connection, what, rows):
        return len(rows)
    names = tuple(column.name for column in what.table.columns)
    return _put_arrays(connection, what, names, rows)


def _holds_numbers(what: Put) -> bool:
    return all(isinstance(column.type, Integer) for column in what.table.columns)


def _copy(connection: Connection, what: Put, rows: Sequence[tuple[Any, ...]]) -> bool:
    """COPY rows of numbers; False, and nothing written, when one of them is there already."""
    raw: Any = connection.connection.driver_connection
    text = "".join(["\t".join(map(str, row)) + "\n" for row in rows])
    try:
        with (
            connection.begin_nested(),
            raw.cursor() as cursor,
            cursor.copy(f'COPY "{what.table.name}" FROM STDIN') as copy,
        ):
            copy.write(text)
    except UniqueViolation:
        return False
    return True


def _put_arrays(
    connection: Connection, what: Put, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> int:
    key = ("postgres arrays", names)
    statement = what.made.get(key)
    if statement is None:
        statement = what.made[key] = what.clause(_from_arrays(what, names))
    if what.replaces:
        rows = _last_of_each(what, names, rows)
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return connection.execute(
        statement, {name: f"{{{','.join(map(_in_array, column))}}}" for name, column in columns}
    ).rowcount


def _from_arrays(what: Put, names: tuple[str, ...]) -> Any:
    """Insert what a row of arrays, written as text, comes to when they are laid side by side."""
    types = {name: what.table.columns[name].type for name in names}
    arrays = (cast(bindparam(name, type_=String), ARRAY(type_)) for name, type_ in types.items())
    given = func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    return postgresql.insert(what.table).from_select(list(names), select(*given.c))


def _last_of_each(
    what: Put, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> Sequence[tuple[Any, ...]]:
    """The last row of each key: one statement cannot replace a row twice."""
    key = [names.index(column.name) for column in what.table.primary_key.columns]
    return list({tuple(row[place] for place in key): row for row in rows}.values())


def _in_array(value: Any) -> str:
    """A value as an element of an array in text."""
    if value is None:
        return "NULL"
    if value is True or value is False:
        return "t" if value else "f"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    text = str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
