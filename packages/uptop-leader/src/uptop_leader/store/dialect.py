"""What is SQLite's own in the SQL and in connecting; the rest of the package is portable.

Statements that insert are made here because "insert what is new" and "insert or replace" have no
portable form. Hot ones are compiled once to text, to be run with tuples in the order of columns.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.sql.dml import Insert

_WAL_LIMIT = 64 * 1024 * 1024  # bytes the log keeps on disk after a long reader let it grow


def insert_new(table: Table) -> Insert:
    """Insert rows; one whose key is there already changes nothing."""
    return sqlite.insert(table).on_conflict_do_nothing()


def upsert(table: Table, *, keep: Collection[str] = ()) -> Insert:
    """Insert rows, or replace all columns but the key and `keep` of those that are there."""
    statement = sqlite.insert(table)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key and column.name not in keep
    }
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=replaced
    )


def count_up(table: Table, counter: str) -> Insert:
    """Insert rows, or add one to the column `counter` of those that are there."""
    return sqlite.insert(table).on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={counter: table.columns[counter] + 1},
    )


def widen(table: Table) -> Insert:
    """Insert rows; where one is there already, its [since_ms, until_ms] comes to hold both, and
    its `mark` counts up.
    """
    statement = sqlite.insert(table)
    known, given = table.columns, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={
            "since_ms": func.min(known["since_ms"], given["since_ms"]),
            "until_ms": func.max(known["until_ms"], given["until_ms"]),
            "mark": known["mark"] + 1,
        },
    )


def reach_back(table: Table) -> Insert:
    """Insert rows; where one is there already, its `since_ms` becomes the earlier of both, and its
    `mark` counts up.
    """
    statement = sqlite.insert(table)
    known, given = table.columns, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={
            "since_ms": func.min(known["since_ms"], given["since_ms"]),
            "mark": known["mark"] + 1,
        },
    )


def in_text(statement: Insert) -> str:
    """`statement` as text that takes tuples in the order of the table's columns."""
    return str(statement.compile(dialect=sqlite.dialect()))


def make_private(path: Path) -> None:
    """See that the file exists and only its owner may read it; SQLite gives its log the same mode.

    Raises OSError.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(0o600)


def connect(path: Path, busy_s: float, *, writes: bool) -> sqlite3.Connection:
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


def flush_on_commit(raw: Any, flush: bool) -> None:
    """Whether the next transaction must survive a power cut. Not inside a transaction."""
    raw.execute(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")


def copy(raw: Any, target: Path) -> None:
    """Copy the database to a file while others write to it."""
    copied = sqlite3.connect(target)
    try:
        raw.backup(copied)
    finally:
        copied.close()


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


def explain(error: BaseException | None, path: Path) -> str:
    """What is wrong, in a sentence that names the file and holds no values of rows."""
    name = str(getattr(error, "sqlite_errorname", ""))
    for prefix, sentence in _SENTENCES:
        if name.startswith(prefix):
            return f"the database {path} {sentence}"
    return f"the database {path} does not work: {error}"
