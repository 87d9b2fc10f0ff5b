"""Connections by psycopg that never wait without end.

The kernel notices a peer that is gone (keepalives, `tcp_user_timeout`), the server a statement that
takes too long; what neither of them sees, a relay between that keeps a connection open to nowhere,
ends with the time that each answer has.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Error
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumperUnknown

from uptop_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["Error", "connect", "name_of", "parameters"]

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "uptop-leader",
    "client_encoding": "utf8",
}


class _Text(StrDumperUnknown):
    """Text as PostgreSQL can hold it: it has no NUL, which a target may well send."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


class _Impatient(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than `patience_s`."""

    patience_s = 30.0

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """See psycopg; it asks the generator again at least every tenth of a second."""
        return super().wait(
            self._until(gen, time.monotonic() + self.patience_s), *arguments, **options
        )

    def _until(self, gen: Generator[Any, Any, Any], deadline: float) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= deadline:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("no answer in time")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def parameters(dsn: str) -> dict[str, Any]:
    """What a connection string says, with what it leaves to us. Raises StoreError."""
    try:
        return {**_DEFAULTS, **conninfo_to_dict(dsn)}
    except psycopg.ProgrammingError:
        why = "UPTOP_DB_DSN is no connection string: write postgresql://user:password@host/name"
        raise StoreError(why) from None


def name_of(given: Mapping[str, Any]) -> str:
    """How sentences name the database: without user and password."""
    host = given.get("host") or given.get("hostaddr") or "this machine"
    port = given.get("port") or "5432"
    return f"{given.get('dbname') or given.get('user') or ''} at {host}:{port}".strip()


def connect(given: Mapping[str, Any], patience_s: float) -> psycopg.Connection[Any]:
    """A connection. Transactions begin where the caller says so."""
    raw = _Impatient.connect(**given, autocommit=True, prepare_threshold=None)
    raw.patience_s = patience_s
    raw.adapters.register_dumper(str, _Text)
    return raw
