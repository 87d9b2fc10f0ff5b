"""SQLite files as a whole: taken out of a backup, held by one process alone, written over.

A file that is there is never exchanged for another one: a log of the old one beside it would be
taken for the new one's. What is written over it comes in one transaction, so who is killed in the
midst leaves the old content, which the next one to open it gets back from the journal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOUND = 5  # faults that are told


def take_out(backup: Path, part: Path) -> None:
    """Copy a backup to `part`, a new private file. StoreError where it is not whole."""
    log = backup.with_name(f"{backup.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreError(
            f"{backup} has a log beside it ({log.name}), so it is in use or was copied by other"
            " means: make a copy with `uptop-leader backup`, and restore that"
        )
    part.unlink(missing_ok=True)
    make_private(part)
    try:
        faults = _copy(backup, part)
    except sqlite3.DatabaseError as error:
        if _is_about(error, "SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise StoreError(f"{backup} is not a database, or is damaged") from None
        raise StoreError(f"{backup} cannot be copied to {part}: {error}") from None
    if faults != ["ok"]:
        raise StoreError(f"{backup} is damaged: {'; '.join(faults)}")


def _copy(backup: Path, part: Path) -> list[str]:
    """Copy it, and have SQLite look through the copy; `ok` is its word for nothing wrong."""
    source = sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
        return [words for (words,) in copy.execute(f"PRAGMA integrity_check({_FOUND})")]


@contextlib.contextmanager
def led(path: Path) -> Iterator[None]:
    """Until the end no other leader works on the file; who is killed keeps nobody out. StoreError
    where one does.
    """
    beside = path.with_name(f"{path.name}-lock")
    try:
        lock = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{beside} cannot be written: {error.strerror}") from None
    try:
        _lock(lock, path)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(
            f"another leader works on the database {path.absolute()}: stop it first, or give this"
            " one a database of its own (UPTOP_DB_DSN)"
        ) from None


@contextlib.contextmanager
def alone(path: Path, wait_s: float) -> Iterator[sqlite3.Connection]:
    """The only connection to the file, until the end; one that is missing is made, and is gone again
    where what is done with it fails. StoreError where somebody else has one for longer than `wait_s`.
    """
    is_ours = not path.exists()
    if is_ours:
        make_private(path)
    before = path.stat()
    try:
        connected = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
        with contextlib.closing(connected) as raw:
            raw.execute("PRAGMA locking_mode=EXCLUSIVE")  # with the log, too: nobody comes in
            raw.execute("BEGIN EXCLUSIVE")
            raw.execute("COMMIT")
            _must_be(path, before)
            try:
                yield raw
            except BaseException:
                if is_ours:  # still alone: who waits for it finds that it is gone
                    path.unlink(missing_ok=True)
                raise
    except sqlite3.DatabaseError as error:
        raise StoreError(_why_not(path, error)) from None


def _must_be(path: Path, before: os.stat_result) -> None:
    """StoreError where the path has another file now, or none: what is written would be lost."""
    try:
        if os.path.samestat(path.stat(), before):
            return
    except FileNotFoundError:
        pass
    raise StoreError(f"the database {path} was taken away or exchanged meanwhile: restore again")


def is_empty(raw: sqlite3.Connection) -> bool:
    """Whether there is nothing in it."""
    return raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def write_over(raw: sqlite3.Connection, part: Path) -> None:
    """Have everything of `part` in the place of everything that is there, in one transaction."""
    raw.execute("PRAGMA journal_mode=DELETE")  # its log goes into the file: pages may change size
    raw.execute("PRAGMA synchronous=FULL")
    with contextlib.closing(sqlite3.connect(part)) as source:
        source.backup(raw)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _is_about(error: sqlite3.Error, *names: str) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(names)


def _why_not(path: Path, error: sqlite3.DatabaseError) -> str:
    if _is_about(error, "SQLITE_BUSY", "SQLITE_LOCKED"):
        return f"the database {path} is in use: stop the leader first"
    if _is_about(error, "SQLITE_NOTADB", "SQLITE_CORRUPT"):
        what = f"{path.name} and, where they are there, {path.name}-wal and {path.name}-shm"
        return f"the database {path} is damaged: move it out of the way ({what}), and restore again"
    return f"the database {path} cannot be written: {error}"
