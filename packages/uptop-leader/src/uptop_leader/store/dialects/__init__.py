"""What each kind of database has of its own: one module per kind, the same names in each.

`connection.dialect.name` finds the module. It has the class `Database` (see `Kind`), and `put` and
`put_tuples`, which are what `puts` come to.
"""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

_MODULES = {"sqlite": "sqlite", "postgresql": "postgres"}


class Use(Enum):
    """What transactions are for."""

    READ = "read"
    WRITE = "write"
    APART = "apart"  # short ones that write and wait for no other writer


class Kind(Protocol):
    """One database: how it is connected to, and what its errors mean."""

    name: str
    """How sentences name it. Holds no secret."""
    errors: type[Exception]
    """What its driver raises."""
    has_parts: bool
    """Whether large tables are in parts, which are made ahead and dropped whole."""

    def engine(self, use: Use) -> Engine:
        """Connections for that use."""

    def begin(self, connection: Connection, use: Use, *, flush: bool) -> None:
        """Begin a transaction. One that writes is alone, but for what goes on apart; with `flush`
        its commit survives a power cut. One that reads sees everything as it is at its first
        question.
        """

    def explain(self, error: BaseException | None) -> str:
        """What is wrong, in a sentence that holds no values of rows and no password."""

    def is_moved(self) -> bool:
        """Whether another database has come in the place of the one that was opened."""

    def moved(self) -> None:
        """It was seen to: from now on this one is meant."""

    def copy(self, connection: Connection, target: Path) -> None:
        """Copy all of it to a file while others write. StoreError where there is no such copy."""

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """What the database finds wrong with itself, in its own words; some of it, where it is
        much. Takes a while for a large one.
        """

    def leave_no_trace(self, connection: Connection, tables: Collection[str]) -> None:
        """Write tables anew, outside of a transaction: what stood there before is nowhere then."""

    def make_room(self, connection: Connection, now_ms: int) -> None:
        """Make the parts of tables that the next hours and days need."""

    def drop_parts(self, connection: Connection, table: Table, until: int) -> int:
        """Drop the parts of a table whose keys are all less than `until`; how many rows."""


def module_of(connection: Connection) -> Any:
    """The module of the database that is connected to."""
    return import_module(f"{__name__}.{_MODULES[connection.dialect.name]}")
