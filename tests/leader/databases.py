"""Databases for the tests of the store, of both kinds, and ways to look behind the store's back."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest

from uptop_leader.store.addresses import Address, Dsn
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer


SERVER_SLOWLY = pytest.mark.parametrize(
    "databases", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)
"""For tests of many examples: on a server they take too long for every run."""


class Databases(Protocol):
    """Makes databases of one kind."""

    def new(self, *, migrated: bool = True) -> Address:
        """A new one; it may have the tables of this version already."""

    def clear(self) -> None:
        """None of those made before is used any more."""


class Files:
    """SQLite files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def new(self, *, migrated: bool = True) -> Path:
        """A path without a file yet."""
        self._made += 1
        return self._folder / ("uptop.db" if self._made == 1 else f"uptop{self._made}.db")

    def clear(self) -> None:
        """They stay where they are, and new ones get other names."""


class ServerDatabases:
    """Databases of a server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._names: list[tuple[str, bool]] = []

    def new(self, *, migrated: bool = True) -> Address:
        """A database of its own."""
        name = self._server.make(migrated=migrated)
        self._names.append((name, migrated))
        return self._server.dsn(name)

    def clear(self) -> None:
        """Give them back to the server."""
        for name, migrated in self._names:
            if migrated:
                self._server.take_back(name)
            else:
                self._server.drop(name)
        self._names.clear()


def written(address: Address) -> str:
    """An address as one word, for another process."""
    return str(address) if isinstance(address, Path) else address.text


def address_of(word: str) -> Address:
    """The address that was written so."""
    return Dsn(word) if "=" in word else Path(word)


def rows_of(address: Address, statement: str) -> list[tuple[Any, ...]]:
    """What a question brings, asked behind the store's back."""
    if isinstance(address, Path):
        with contextlib.closing(sqlite3.connect(address)) as raw:
            return raw.execute(statement).fetchall()
    with contextlib.closing(psycopg.connect(address.text)) as other:
        return other.execute(statement.encode()).fetchall()


def run_sql(address: Address, statement: str) -> None:
    """Change the database behind the store's back."""
    if isinstance(address, Path):
        with contextlib.closing(sqlite3.connect(address)) as raw:
            raw.execute(statement)
            raw.commit()
    else:
        with contextlib.closing(psycopg.connect(address.text, autocommit=True)) as other:
            other.execute(statement.encode())


def count(address: Address, table: str) -> int:
    """How many rows a table has."""
    return int(rows_of(address, f"SELECT count(*) FROM {table}")[0][0])


def dump(address: Address) -> list[tuple[Any, ...]]:
    """Every row of every table."""
    return [
        (table.name, *row)
        for table in METADATA.sorted_tables
        for row in sorted(rows_of(address, f'SELECT * FROM "{table.name}"'), key=repr)
    ]


def holds(address: Address, words: str) -> bool:
    """Whether some words stand anywhere in the database, in a file's bytes where it is one."""
    if isinstance(address, Path):
        files = (file for file in address.parent.iterdir() if file.name.startswith(address.name))
        return any(words.encode() in file.read_bytes() for file in files)
    rows = (part for row in dump(address) for part in row)
    return any(
        words in (part.decode(errors="replace") if isinstance(part, bytes) else str(part))
        for part in rows
    )
