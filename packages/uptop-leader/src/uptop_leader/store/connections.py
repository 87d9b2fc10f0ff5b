"""The connections to one database: a single writer under a lock, and readers beside it.

Every error of the database becomes a StoreError. A connection that saw one is thrown away, so the
next transaction begins on a new one and works as soon as the cause is gone.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from uptop_core.errors import StoreError
from uptop_leader.store import dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

_READERS = 4
_MORE_READERS = 28  # opened for a burst of views, closed after it


class Connections:
    """Transactions on the file at `path`, which is made if it is missing.

    `check` is called with the first connection to a file that was put in the place of the one in
    use; it raises StoreError when that is another installation's.
    """

    def __init__(self, path: Path, busy_s: float) -> None:
        self.path = path
        self.check: Callable[[Connection], None] | None = None
        self._lock = threading.Lock()
        with self._clear_errors():
            dialect.make_private(path)
            self._file = self._identity()
        self._writer = self._engine(busy_s, writes=True, most=0)
        self._readers = self._engine(busy_s, writes=False, most=_MORE_READERS)

    @contextlib.contextmanager
    def writing(self, *, flush: bool = False) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, undone by any exception.

        `flush` makes the commit survive a power cut. One at a time; others wait.
        """
        with self._lock, self._clear_errors():
            self._see_to_file()
            with self._writer.connect() as connection, _thrown_away_on_error(connection):
                dialect.flush_on_commit(connection.connection.driver_connection, flush)
                with connection.begin():
                    yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database as it is at its first question."""
        with self._clear_errors():
            if self._is_moved():
                with self._lock:
                    self._see_to_file()
            with (
                self._readers.connect() as connection,
                _thrown_away_on_error(connection),
                connection.begin(),
            ):
                yield connection

    def copy_to(self, target: Path) -> None:
        """Copy the whole database to a file, while others write."""
        with self.reading() as connection:
            dialect.copy(connection.connection.driver_connection, target)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            self._readers.dispose()
            self._writer.dispose()

    def _engine(self, busy_s: float, *, writes: bool, most: int) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=lambda: dialect.connect(self.path, busy_s, writes=writes),
            poolclass=QueuePool,
            pool_size=1 if writes else _READERS,
            max_overflow=most,
            hide_parameters=True,
        )
        begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

        def say_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        event.listen(engine, "begin", say_begin)
        return engine

    def _identity(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def _is_moved(self) -> bool:
        return self._identity() != self._file

    def _see_to_file(self) -> None:
        """Notice that the file is gone: SQLite would go on writing to what has no name any more."""
        if not self._is_moved():
            return
        self._readers.dispose()
        self._writer.dispose()
        with self._readers.connect() as connection:
            if self.check is not None:
                self.check(connection)
        self._file = self._identity()

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(dialect.explain(error.orig, self.path)) from error
        except sqlite3.Error as error:
            raise StoreError(dialect.explain(error, self.path)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database {self.path} does not work: {error}") from error
        except msgspec.DecodeError as error:
            raise StoreError(
                f"the database {self.path} holds a value that this version cannot read: {error}"
            ) from error
        except FileNotFoundError as error:
            raise StoreError(f"the database {self.path} is gone: put it back") from error
        except OSError as error:
            raise StoreError(f"the database {self.path}: {error.strerror or error}") from error


@contextlib.contextmanager
def _thrown_away_on_error(connection: Connection) -> Iterator[Any]:
    try:
        yield
    except (DBAPIError, sqlite3.Error):
        connection.invalidate()
        raise
