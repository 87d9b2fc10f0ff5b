"""Statements that insert, where rows may be there already: each database has words of its own for
"insert what is new" and "insert or replace" (`dialects`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from uptop_leader.store.dialects import module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection, Table

    Clause = Callable[[Any], Any]


class _Least(GenericFunction[int]):
    name = "least"
    inherit_cache = True


class _Greatest(GenericFunction[int]):
    name = "greatest"
    inherit_cache = True


@compiles(_Least, "sqlite")
def _min(element: Any, compiler: Any, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


@compiles(_Greatest, "sqlite")
def _max(element: Any, compiler: Any, **options: Any) -> str:
    return f"max({compiler.process(element.clauses, **options)})"


class Put:
    """An insert into `table`. `clause` adds to it what becomes of rows whose key is there already;
    with `replaces` they come to be as given last.
    """

    def __init__(self, table: Table, clause: Clause, *, replaces: bool = False) -> None:
        self.table = table
        self.clause = clause
        self.replaces = replaces
        self.made: dict[Any, Any] = {}
        """What a dialect has made of it, to be found again."""

    def rows(
        self, connection: Connection, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> None:
        """Put rows, which all have the same columns."""
        module_of(connection).put(connection, self, [rows] if hasattr(rows, "keys") else rows)

    def tuples(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Put tuples in the order of the table's columns; returns how many rows were written."""
        count: int = module_of(connection).put_tuples(connection, self, rows)
        return count


def insert_new(table: Table) -> Put:
    """Insert rows; one whose key is there already changes nothing."""
    return Put(table, lambda statement: statement.on_conflict_do_nothing())


def upsert(table: Table, *, keep: Collection[str] = ()) -> Put:
    """Insert rows, or replace all columns but the key and `keep` of those that are there."""

    def clause(statement: Any) -> Any:
        replaced = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if not column.primary_key and column.name not in keep
        }
        return statement.on_conflict_do_update(index_elements=_key(table), set_=replaced)

    return Put(table, clause, replaces=True)


def count_up(table: Table, counter: str) -> Put:
    """Insert rows, or add one to the column `counter` of those that are there."""
    return Put(
        table,
        lambda statement: statement.on_conflict_do_update(
            index_elements=_key(table), set_={counter: table.columns[counter] + 1}
        ),
    )


def widen(table: Table) -> Put:
    """Insert rows; where one is there already, its [since_ms, until_ms] comes to hold both, and
    its `mark` counts up.
    """
    known = table.columns

    def clause(statement: Any) -> Any:
        given = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=_key(table),
            set_={
                "since_ms": _Least(known["since_ms"], given["since_ms"]),
                "until_ms": _Greatest(known["until_ms"], given["until_ms"]),
                "mark": known["mark"] + 1,
            },
        )

    return Put(table, clause)


def reach_back(table: Table) -> Put:
    """Insert rows; where one is there already, its `since_ms` becomes the earlier of both, and its
    `mark` counts up.
    """
    known = table.columns
    return Put(
        table,
        lambda statement: statement.on_conflict_do_update(
            index_elements=_key(table),
            set_={
                "since_ms": _Least(known["since_ms"], statement.excluded["since_ms"]),
                "mark": known["mark"] + 1,
            },
        ),
    )


def _key(table: Table) -> list[Any]:
    return list(table.primary_key.columns)
