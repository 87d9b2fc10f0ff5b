"""A migration that databases were made by is never changed: it makes what is in their dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import ServerDatabases
from tests.upgrades.loading import HERE, load_file, tables_at
from tests.upgrades.tables import file_tables, server_tables
from uptop_leader.store.addresses import Dsn
from uptop_leader.store.migrate import revisions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres_server import PostgresServer

HINT = "a migration was edited: databases are made already, write a further one instead"


def test_every_migration_has_its_dump() -> None:
    dumps = sorted(path.stem for path in HERE.glob("*.sql"))
    assert dumps == revisions(), "run: python -m tests.upgrades"


@pytest.mark.parametrize("revision", revisions())
def test_migrations_make_the_tables_of_the_dump(revision: str, tmp_path: Path) -> None:
    load_file(revision, tmp_path / "dump.db")
    tables_at(revision, tmp_path / "new.db")
    assert file_tables(tmp_path / "new.db") == file_tables(tmp_path / "dump.db"), HINT


@pytest.mark.parametrize("revision", revisions())
def test_migrations_make_the_tables_of_a_server_as_they_were(
    revision: str, postgres: PostgresServer
) -> None:
    databases = ServerDatabases(postgres)
    dsn = databases.new(migrated=False)
    assert isinstance(dsn, Dsn)
    tables_at(revision, dsn)
    assert server_tables(dsn) == (HERE / f"{revision}.postgres.txt").read_text(), HINT
    databases.clear()
