"""What is PostgreSQL's own in the SQL and in connecting, with psycopg (the extra `postgres`).

Nothing is kept in a session, so that a pool which gives each transaction another connection may
stand between (pgbouncer in transaction mode): limits are set within the transaction, statements
are not prepared, and locks end with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from uptop_core.errors import StoreError
from uptop_leader.store.dialects import libpq, partitions
from uptop_leader.store.dialects.bulk import put, put_tuples
from uptop_leader.store.dialects.sqlstates import sentence

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

__all__ = ["Database", "put", "put_tuples"]

STATEMENT_S = 10.0
"""How long a statement may run, or wait for a lock that is not another writer's."""
IDLE_S = 5.0
"""How long a transaction that writes may wait for its client: then a dead client's locks are free."""
_READING_IDLE_S = 60.0
_READERS = 4
_MORE_READERS = 8  # connections of a server are dearer than those of a file
_WRITER = 7_509_641_120_217
"""The lock that makes writers come one after the other, whichever process they are of."""


class Database:
    """A database of a PostgreSQL server, that any number of leaders may share."""

    errors: type[Exception] = libpq.Error
    has_parts = True

    def __init__(self, dsn: str, busy_s: float) -> None:
        self._parameters = libpq.parameters(dsn)
        self.name = f"the database {libpq.name_of(self._parameters)}"
        self._writing = _limits(busy_s, IDLE_S)
        self._reading = _limits(busy_s, _READING_IDLE_S)

    def engine(self, *, writes: bool) -> Engine:
        """See `Kind`."""
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: libpq.connect(self._parameters, STATEMENT_S + 2),
            poolclass=QueuePool,
            pool_size=1 if writes else _READERS,
            max_overflow=0 if writes else _MORE_READERS,
            pool_timeout=STATEMENT_S,
            hide_parameters=True,
            use_native_hstore=False,  # asking for it takes a question per start
        )

    def begin(self, connection: Connection, *, writes: bool, flush: bool) -> None:
        """See `Kind`. All in one text, so that it takes one round trip."""
        if writes:
            commit = "" if flush else "SET LOCAL synchronous_commit = off;"
            text = f"BEGIN; {self._writing} {commit} SELECT pg_advisory_xact_lock({_WRITER})"
        else:
            text = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {self._reading}"
        connection.exec_driver_sql(text)

    def explain(self, error: BaseException | None) -> str:
        """See `Kind`."""
        return f"{self.name} {sentence(error)}"

    def is_moved(self) -> bool:
        """Never: what is behind a name is the server's business."""
        return False

    def moved(self) -> None:
        """Never called."""

    def copy(self, connection: Connection, target: Path) -> None:  # noqa: ARG002
        """PostgreSQL has its own."""
        raise StoreError(f"{self.name} is PostgreSQL: back it up with pg_dump")

    def make_room(self, connection: Connection, now_ms: int) -> None:
        """See `Kind`."""
        partitions.make(connection, now_ms)

    def drop_parts(self, connection: Connection, table: Table, until: int) -> int:
        """See `Kind`."""
        return partitions.drop(connection, table, until)


def _limits(busy_s: float, idle_s: float) -> str:
    """What ends a transaction that nobody ends."""
    limits = {
        "statement_timeout": STATEMENT_S,
        "lock_timeout": busy_s,
        "idle_in_transaction_session_timeout": idle_s,
    }
    return " ".join(f"SET LOCAL {name} = {limit * 1000:.0f};" for name, limit in limits.items())
