"""Where a database is: the path of a SQLite file, or a connection string of PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class Dsn(Struct, frozen=True):
    """A connection string. It may hold a password, so it is not shown when printed."""

    text: str

    def __repr__(self) -> str:
        return "Dsn((hidden))"


Address = Path | Dsn
