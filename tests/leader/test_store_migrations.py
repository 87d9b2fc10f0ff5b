"""Migrations make the tables that the code has, once, and stop at a database from the future."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.leader.store_samples import NOON, opened, ping, set_up
from uptop_core.errors import StoreError, StoreTooNew
from uptop_leader.seal import Keyring
from uptop_leader.store import migrate
from uptop_leader.store.change_log import THINGS
from uptop_leader.store.connections import Connections
from uptop_leader.store.store import Store
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from pathlib import Path


def schema(path: Path) -> dict[str, str]:
    raw = sqlite3.connect(path)
    try:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        raw.close()
    return {name: " ".join(sql.split()) for name, sql in rows}


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "uptop.db", 5)
    try:
        with connections.writing() as connection:
            migrate.migrate(connection)
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, METADATA) == []
        made = schema(tmp_path / "uptop.db").keys() - {"alembic_version"} - triggers()
        with connections.writing() as connection:
            METADATA.drop_all(connection)
        migrated = schema(tmp_path / "uptop.db")
        assert migrated.keys() == {"alembic_version"}
        with connections.writing() as connection:
            METADATA.create_all(connection)
        assert schema(tmp_path / "uptop.db").keys() - {"alembic_version"} == made
    finally:
        connections.close()


def triggers() -> set[str]:
    """Those that write the change log."""
    events = ("insert", "update", "delete")
    return {f"log_{thing}_{event}" for thing in THINGS for event in events}


def test_every_thing_that_is_copied_has_its_triggers_and_they_name_its_key(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db"):
        made = schema(tmp_path / "uptop.db")
    assert {name for name in made if name.startswith("log_")} == triggers()
    for thing, key in THINGS.items():
        for event, row in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            named = " || char(31) || ".join(f"{row}.{column}" for column in key)
            assert f"VALUES ('{thing}', {named})" in made[f"log_{thing}_{event}"]


def test_the_files_of_the_steps_are_named_by_their_revisions() -> None:
    steps = ScriptDirectory(str(migrate.FOLDER))
    known = [step.revision for step in steps.walk_revisions()][::-1]
    assert migrate.revisions() == known
    assert steps.get_current_head() == known[-1]


def test_hot_tables_have_no_rowid(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db"):
        tables = schema(tmp_path / "uptop.db")
    for table in ("result", "vote", "rollup_five", "rollup_hour", "rollup_day"):
        assert tables[table].endswith("WITHOUT ROWID")


def test_a_start_with_the_newest_tables_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store:
        set_up(store, ping("m"))
    before = schema(tmp_path / "uptop.db")
    with opened(tmp_path / "uptop.db") as store:
        assert store.load_config().monitors == (ping("m"),)
    assert schema(tmp_path / "uptop.db") == before


def test_a_database_from_the_future_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    with opened(path):
        pass
    raw = sqlite3.connect(path)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreTooNew, match="9999"):
        Store.open(path, Keyring(), NOON)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(StoreError, match="is not a database"):
        Store.open(path, Keyring(), NOON)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        Store.open(tmp_path / "nowhere" / "uptop.db", Keyring(), NOON)
