"""Brings a dump back: into a SQLite file as it is, into PostgreSQL the same rows in tables of its own."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from msgspec import Struct
from psycopg import sql

from uptop_leader.store.connections import Connections
from uptop_leader.store.migrate import FOLDER

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address, Dsn

HERE = Path(__file__).parent
_NUMBERED = """
SELECT table_name, column_name, column_default FROM information_schema.columns
 WHERE column_default LIKE 'nextval%' AND table_name NOT LIKE '%\\_rest'
"""
_TRUTHS = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE data_type = 'boolean'"


class Dumped(Struct, frozen=True):
    """What belongs to a dump: when it was `made` (Unix seconds), what opens things, what the API told."""

    made: float
    token: str
    node_key: str
    answers: dict[str, Any]


def dumped(revision: str) -> Dumped:
    """What was written down when the dump was made."""
    return msgspec.json.decode((HERE / f"{revision}.json").read_bytes(), type=Dumped)


def load_file(revision: str, path: Path) -> None:
    """A SQLite file as it was."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.executescript((HERE / f"{revision}.sql").read_text())
    path.chmod(0o600)


def load_server(revision: str, dsn: Dsn, between: Path) -> None:
    """The rows in an empty database of a server; `between` is a file that is made for it."""
    load_file(revision, between)
    tables_at(revision, dsn)
    with contextlib.closing(psycopg.connect(dsn.text)) as server, sqlite3.connect(between) as raw:
        server.execute("SET session_replication_role = replica")  # no trigger, in any order
        truths = {name for (name,) in server.execute(_TRUTHS)}
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        for (table,) in raw.execute(named).fetchall():
            _copy(raw, server, table, truths)
        for table, column, default in server.execute(_NUMBERED).fetchall():
            highest = sql.SQL("SELECT max({}) FROM {}").format(
                *map(sql.Identifier, (column, table))
            )
            server.execute(
                "SELECT setval(%s, %s)",
                (default.split("'")[1], server.execute(highest).fetchone()[0] or 1),  # type: ignore[index]
            )
        server.commit()
    raw.close()


def _copy(
    raw: sqlite3.Connection, server: psycopg.Connection, table: str, truths: set[str]
) -> None:
    rows = raw.execute(f'SELECT * FROM "{table}"')
    columns = [column[0] for column in rows.description]
    server.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    put = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(",").join(map(sql.Identifier, columns)),
        sql.SQL(",").join([sql.Placeholder()] * len(columns)),
    )
    for row in rows:
        named = zip(columns, row, strict=True)
        values = [bool(one) if f"{table}.{name}" in truths else one for name, one in named]
        server.execute(put, values)


def tables_at(revision: str, address: Address) -> None:
    """Make the tables of a new database as they were at a revision, by the migrations up to it."""
    steps = ScriptDirectory(str(FOLDER))
    environment = EnvironmentContext(
        Config(), steps, fn=lambda at, _: steps._upgrade_revs(revision, at)
    )
    with (
        contextlib.closing(Connections(address, 5)) as connections,
        connections.writing() as connection,
    ):
        environment.configure(connection)
        environment.run_migrations()
