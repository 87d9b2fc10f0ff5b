"""What is SQLite's own in the SQL and in connecting."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import QueuePool

from uptop_core.errors import StoreError
from uptop_leader.store.dialects import Use

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

    from uptop_leader.store.puts import Put

_WAL_LIMIT = 64 * 1024 * 1024  # bytes the log keeps on disk after a long reader let it grow
_DAMAGES = 5
_READERS = 4
_MORE_READERS = 28  # opened for a burst of views, closed after it


def put(connection: Connection, what: Put, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows one after the other."""
    statement = what.made.get("sqlite")
    if statement is None:
        statement = what.made["sqlite"] = what.clause(sqlite.insert(what.table))
    connection.execute(statement, rows)


def put_tuples(connection: Connection, what: Put, rows: Sequence[tuple[Any, ...]]) -> int:
    """Put tuples by a text that is compiled once."""
    text = what.made.get("sqlite text")
    if text is None:
        statement = what.clause(sqlite.insert(what.table))
        text = what.made["sqlite text"] = str(statement.compile(dialect=sqlite.dialect()))
    return connection.exec_driver_sql(text, list(rows)).rowcount


class Database:
    """A file, which is made if it is missing. Raises OSError."""

    errors: type[Exception] = sqlite3.Error
    has_parts = False

    def __init__(self, path: Path, busy_s: float) -> None:
        self.path = path
        self.name = f"the database {path}"
        self._busy_s = busy_s
        _make_private(path)
        self._file = self._identity()

    def engine(self, use: Use) -> Engine:
        """See `Kind`."""
        writes = use is not Use.READ
        return create_engine(
            "sqlite://",
            creator=lambda: _connect(self.path, self._busy_s, writes=writes),
            poolclass=QueuePool,
            pool_size=1 if writes else _READERS,
            max_overflow=0 if writes else _MORE_READERS,
            hide_parameters=True,
        )

    def begin(self, connection: Connection, use: Use, *, flush: bool) -> None:
        """See `Kind`."""
        if writes := use is not Use.READ:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def explain(self, error: BaseException | None) -> str:
        """See `Kind`."""
        name = str(getattr(error, "sqlite_errorname", ""))
        for prefix, sentence in _SENTENCES:
            if name.startswith(prefix):
                return f"{self.name} {sentence}"
        return f"{self.name} does not work: {error}"

    def is_moved(self) -> bool:
        """Whether the path has another file now: SQLite would go on writing to what has no name
        any more. Raises FileNotFoundError when it has none.
        """
        return self._identity() != self._file

    def moved(self) -> None:
        """See `Kind`."""
        self._file = self._identity()

    def copy(self, connection: Connection, target: Path) -> None:
        """See `Kind`."""
        raw = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise StoreError(f"{self.name} is not connected to")
        copied = sqlite3.connect(target)
        try:
            raw.backup(copied)
        finally:
            copied.close()

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """See `Kind`."""
        found = connection.exec_driver_sql(f"PRAGMA quick_check({_DAMAGES})")
        return tuple(words for (words,) in found if words != "ok")

    def leave_no_trace(self, connection: Connection, tables: Collection[str]) -> None:  # noqa: ARG002
        """See `Kind`: the whole file, and the log."""
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def make_room(self, connection: Connection, now_ms: int) -> None:
        """Nothing: tables have no parts here."""

    def drop_parts(self, connection: Connection, table: Table, until: int) -> int:  # noqa: ARG002
        """Nothing: tables have no parts here."""
        return 0

    def _identity(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino


def _make_private(path: Path) -> None:
    """See that the file exists and only its owner may read it; SQLite gives its log the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(0o600)


def _connect(path: Path, busy_s: float, *, writes: bool) -> sqlite3.Connection:
    """A connection to the file, which must exist. Transactions begin where the caller says so."""
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT}")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA synchronous=NORMAL")
        if not writes:
            raw.execute("PRAGMA query_only=ON")
    except BaseException:
        raw.close()
        raise
    return raw


_SENTENCES = (
    ("SQLITE_FULL", "cannot grow: its disk, or its quota, is full"),
    ("SQLITE_READONLY", "is read-only: see to its mode, owner and mount"),
    ("SQLITE_PERM", "may not be accessed: see to its mode and owner"),
    ("SQLITE_BUSY", "is locked by another program"),
    ("SQLITE_LOCKED", "is locked by another connection"),
    ("SQLITE_CANTOPEN", "cannot be opened: it is missing, or its folder may not be written"),
    ("SQLITE_CORRUPT", "is damaged: restore a backup"),
    ("SQLITE_NOTADB", "is not a database, or is damaged"),
    ("SQLITE_IOERR", "cannot be read or written: the disk reports an error"),
)
