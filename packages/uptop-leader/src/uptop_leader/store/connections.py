"""The connections to one database: a single writer under a lock, and readers beside it.

Every error of the database becomes a StoreError. A connection that saw one is thrown away, so the
next transaction begins on a new one and works as soon as the cause is gone.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from uptop_core.errors import MissingExtra, StoreError
from uptop_leader.store.dialects import Use, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import Connection, Engine, Table

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.dialects import Kind

IDLE_S = 5.0
"""How long a server lets a transaction that writes wait for its client."""


class Connections:
    """Transactions on the database at `address`; a file is made if it is missing.

    `check` is called with the first connection to a file that was put in the place of the one in
    use; it raises StoreError when that is another installation's.
    """

    def __init__(self, address: Address, busy_s: float, idle_s: float = IDLE_S) -> None:
        self.check: Callable[[Connection], None] | None = None
        self._lock = threading.Lock()
        self._address = address
        self._database = _database(address, busy_s, idle_s)
        self.name = self._database.name
        """How sentences name the database."""
        self.is_file = isinstance(address, Path)
        """Whether it is this machine's own file, rather than a server's that others use too."""
        self._writer = self._database.engine(Use.WRITE)
        self._readers = self._database.engine(Use.READ)
        self._aside = self._database.engine(Use.APART)
        self._insist: Callable[[Connection], None] = lambda _: None

    @contextlib.contextmanager
    def writing(self, *, flush: bool = False) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, undone by any exception.

        `flush` makes the commit survive a power cut. One at a time; others wait.
        """
        with self._lock, self._clear_errors():
            self._see_to_file()
            with self._begun(self._writer, Use.WRITE, flush=flush) as connection:
                self._insist(connection)
                yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database as it is at its first question."""
        with self._clear_errors():
            if self._database.is_moved():
                with self._lock:
                    self._see_to_file()
            with self._begun(self._readers, Use.READ) as connection:
                yield connection

    @contextlib.contextmanager
    def apart(self) -> Iterator[Connection]:
        """A short transaction that writes and waits for no other one but for locked rows."""
        with self._clear_errors(), self._begun(self._aside, Use.APART, flush=True) as connection:
            yield connection

    def insisting(self, on: Callable[[Connection], None]) -> Connections:
        """The same connections, for transactions that write only where `on` raises nothing."""
        others = copy.copy(self)
        others._insist = on
        return others

    def is_own(self, file: Path) -> bool:
        """Whether a file is the database's, or would be taken for a part of it."""
        if not isinstance(self._address, Path):
            return False
        own = self._address.resolve()
        return file.resolve() in {
            own.with_name(own.name + end) for end in ("", "-wal", "-shm", "-journal")
        }

    def copy_to(self, target: Path) -> None:
        """Copy the whole database to a file, while others write."""
        with self.reading() as connection:
            self._database.copy(connection, target)

    def make_room(self, now_ms: int) -> None:
        """See that the tables have room for what comes in the next hours."""
        if self._database.has_parts:
            with self.writing() as connection:
                self._database.make_room(connection, now_ms)

    def drop_parts(self, table: Table, until: int) -> int:
        """Drop the parts of a table whose keys are all less than `until`; how many rows."""
        if not self._database.has_parts:
            return 0
        with self.writing() as connection:
            return self._database.drop_parts(connection, table, until)

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """What the database finds wrong with itself, in its own words."""
        return self._database.damage(connection)

    def leave_no_trace(self, tables: Collection[str]) -> None:
        """Write these tables anew, so that no unused room holds what stood there before. Others
        that write wait for it.
        """
        with self._lock, self._clear_errors(), self._writer.connect() as connection:
            self._database.leave_no_trace(connection, tables)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for engine in (self._aside, self._readers, self._writer):
                engine.dispose()

    @contextlib.contextmanager
    def _begun(self, engine: Engine, use: Use, *, flush: bool = False) -> Iterator[Connection]:
        """A transaction. One more try where the pool had a connection that broke while unused."""
        with contextlib.ExitStack() as stack:
            for is_last in (False, True):
                connection = stack.enter_context(engine.connect())
                try:
                    transaction = connection.begin()
                    self._database.begin(connection, use, flush=flush)
                    break
                except DBAPIError as error:
                    connection.invalidate()
                    if is_last or not error.connection_invalidated:
                        raise
                    connection.close()
            try:
                with transaction:
                    yield connection
            except (DBAPIError, self._database.errors):
                connection.invalidate()
                raise

    def _see_to_file(self) -> None:
        """Use another file that has come in the place of this one."""
        if not self._database.is_moved():
            return
        self._readers.dispose()
        self._writer.dispose()
        with self._begun(self._readers, Use.READ) as connection:
            if self.check is not None:
                self.check(connection)
        self._database.moved()

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        # Without their causes: what a server says of an error may show values of rows.
        name, explain = self._database.name, self._database.explain
        try:
            yield
        except DBAPIError as error:
            raise StoreError(explain(error.orig)) from None
        except self._database.errors as error:
            raise StoreError(explain(error)) from None
        except SQLAlchemyError as error:
            raise StoreError(f"{name} does not work: {error}") from error
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{name} holds a value that this version cannot read: {error}"
            ) from error
        except FileNotFoundError as error:
            raise StoreError(f"{name} is gone: put it back") from error
        except OSError as error:
            raise StoreError(f"{name}: {error.strerror or error}") from error


def _database(address: Address, busy_s: float, idle_s: float) -> Kind:
    """What is at the address. Raises StoreError, and MissingExtra for a driver that is missing."""
    if isinstance(address, Path):
        try:
            return sqlite.Database(address, busy_s)
        except FileNotFoundError as error:
            raise StoreError(f"the database {address} is gone: put it back") from error
        except OSError as error:
            raise StoreError(f"the database {address}: {error.strerror or error}") from error
    try:
        from uptop_leader.store.dialects import postgres
    except ModuleNotFoundError:
        raise MissingExtra("a PostgreSQL database", "uptop-leader[postgres]") from None
    return postgres.Database(address.text, busy_s, idle_s)
