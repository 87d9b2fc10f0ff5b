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
from uptop_leader.store.dialects import Use, libpq, partitions
from uptop_leader.store.dialects.bulk import put, put_tuples
from uptop_leader.store.dialects.sqlstates import sentence

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

__all__ = ["Database", "put", "put_tuples"]

STATEMENT_S = 10.0
"""How long a statement may run, or wait for a lock that is not another writer's."""
_APART = 0.8  # of the time a writer may idle: the answers to what goes on apart come within that
_SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
_READING_IDLE_S = 60.0
_READERS = 4
_MORE_READERS = 8  # connections of a server are dearer than those of a file
_WRITER = 7_509_641_120_217
"""The lock that makes writers come one after the other, whichever process they are of."""


class Database:
    """A database of a PostgreSQL server, that any number of leaders may share. A transaction that
    writes may wait for its client for `idle_s`: then the locks of a dead one are free.
    """

    errors: type[Exception] = libpq.Error
    has_parts = True

    def __init__(self, dsn: str, busy_s: float, idle_s: float) -> None:
        self._parameters = libpq.parameters(dsn)
        self.name = f"the database {libpq.name_of(self._parameters)}"
        self._apart_s = idle_s * _APART
        self._begins = {
            Use.WRITE: f"BEGIN; {_limits(STATEMENT_S, busy_s, idle_s)}",
            Use.READ: f"BEGIN {_SNAPSHOT}; {_limits(STATEMENT_S, busy_s, _READING_IDLE_S)}",
            Use.APART: f"BEGIN; {_limits(self._apart_s, self._apart_s, idle_s)}",
        }

    def engine(self, use: Use) -> Engine:
        """See `Kind`."""
        answer_s = self._apart_s if use is Use.APART else STATEMENT_S + 2
        few = use is not Use.READ
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: libpq.connect(self._parameters, answer_s),
            poolclass=QueuePool,
            pool_size=1 if few else _READERS,
            max_overflow=0 if few else _MORE_READERS,
            pool_timeout=STATEMENT_S,
            hide_parameters=True,
            use_native_hstore=False,  # asking for it takes a question per start
        )

    def begin(self, connection: Connection, use: Use, *, flush: bool) -> None:
        """See `Kind`. All in one text, so that it takes one round trip."""
        text = self._begins[use]
        if use is Use.WRITE:
            commit = "" if flush else "SET LOCAL synchronous_commit = off;"
            text = f"{text} {commit} SELECT pg_advisory_xact_lock({_WRITER})"
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

    def damage(self, connection: Connection) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: a server looks after itself."""
        return ()

    def leave_no_trace(self, connection: Connection, tables: Collection[str]) -> None:
        """See `Kind`. The server's own log (WAL) and its copies are the server's business."""
        for table in tables:
            connection.exec_driver_sql(f'VACUUM FULL "{table}"')

    def make_room(self, connection: Connection, now_ms: int) -> None:
        """See `Kind`."""
        partitions.make(connection, now_ms)

    def drop_parts(self, connection: Connection, table: Table, until: int) -> int:
        """See `Kind`."""
        return partitions.drop(connection, table, until)


def _limits(statement_s: float, busy_s: float, idle_s: float) -> str:
    """What ends a transaction that nobody ends."""
    limits = {
        "statement_timeout": statement_s,
        "lock_timeout": busy_s,
        "idle_in_transaction_session_timeout": idle_s,
    }
    return " ".join(f"SET LOCAL {name} = {limit * 1000:.0f};" for name, limit in limits.items())
