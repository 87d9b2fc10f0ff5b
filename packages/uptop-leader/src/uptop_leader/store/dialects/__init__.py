"""What each kind of database has of its own: one module per kind, the same names in each.

`connection.dialect.name` finds the module. It has the class `Database` (see `Kind`), and `put` and
`put_tuples`, which are what `puts` come to.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

_MODULES = {"sqlite": "sqlite", "postgresql": "postgres"}


class Kind(Protocol):
    """One database: how it is connected to, and what its errors mean."""

    name: str
    """How sentences name it. Holds no secret."""
    errors: type[Exception]
    """What its driver raises."""
    has_parts: bool
    """Whether large tables are in parts, which are made ahead and dropped whole."""

    def engine(self, *, writes: bool) -> Engine:
        """Connections that write (one at a time), or that only read."""

    def begin(self, connection: Connection, *, writes: bool, flush: bool) -> None:
        """Begin a transaction. One that writes is alone; with `flush` its commit survives a power
        cut. One that reads sees everything as it is at its first question.
        """

    def explain(self, error: BaseException | None) -> str:
        """What is wrong, in a sentence that holds no values of rows and no password."""

    def is_moved(self) -> bool:
        """Whether another database has come in the place of the one that was opened."""

    def moved(self) -> None:
        """It was seen to: from now on this one is meant."""

    def copy(self, connection: Connection, target: Path) -> None:
        """Copy all of it to a file while others write. StoreError where there is no such copy."""

    def make_room(self, connection: Connection, now_ms: int) -> None:
        """Make the parts of tables that the next hours and days need."""

    def drop_parts(self, connection: Connection, table: Table, until: int) -> int:
        """Drop the parts of a table whose keys are all less than `until`; how many rows."""


def module_of(connection: Connection) -> Any:
    """The module of the database that is connected to."""
    return import_module(f"{__name__}.{_MODULES[connection.dialect.name]}")
