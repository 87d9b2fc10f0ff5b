"""What goes wrong with a database: a clear sentence, nothing half-written, and it recovers."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import (
    NOON,
    incident,
    opened,
    outage,
    result,
)
from uptop_core.errors import StoreError
from uptop_leader.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with opened(path, busy_s=0.05) as store:
        yield store


def limit_next_write(store: Store, pragma: str) -> None:
    """Set a limit on the writing connection; a new connection does not have it."""
    with store._connections.writing() as connection:
        raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(pragma)


def big_outage() -> Changes:
    changes = outage()
    changes.opened = [incident(detail="x" * 500_000)]
    return changes


def assert_empty(store: Store) -> None:
    assert store.results("m", 0, 2 * NOON) == []
    assert store.transitions() == []
    assert store.incidents() == []
    assert store.outbox_depth(NOON).waiting == 0


def test_a_full_database_takes_nothing_of_a_batch_and_recovers(store: Store, path: Path) -> None:
    limit_next_write(store, "PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match=f"{path} cannot grow"):
        store.write(big_outage(), NOON)
    assert_empty(store)
    store.write(big_outage(), NOON)
    assert len(store.results("m", NOON, NOON + 1)) == len(store.incidents()) == 1


def test_a_disk_that_takes_no_more_is_said_to_and_recovers(store: Store, path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match=str(path)):
                store.write(big_outage(), NOON)
        assert_empty(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.write(big_outage(), NOON)
    assert len(store.incidents()) == 1


def test_a_read_only_database_is_said_to_be(store: Store, path: Path) -> None:
    limit_next_write(store, "PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=f"{path} is read-only"):
        store.write(outage(), NOON)
    store.write(outage(), NOON)


def test_a_locked_database_is_said_to_be_and_can_be_read(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreError, match="is locked by another program"):
                store.write(outage(), NOON)
        assert_empty(store)
        other.execute("ROLLBACK")
        store.write(outage(), NOON)
    finally:
        other.close()


def test_a_database_that_is_gone_is_missed_and_found_again(store: Store, path: Path) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    with pytest.raises(StoreError, match="is gone"):
        store.write(outage(), NOON)
    with pytest.raises(StoreError, match="is gone"):
        store.config_version()
    away.rename(path)
    assert_empty(store)
    store.write(outage(), NOON)


def test_a_copy_in_the_place_of_the_database_is_used(store: Store, path: Path) -> None:
    store.write(Changes(results=[result("m", "n", NOON)]), NOON)
    store.backup(path.with_name("copy.db"))
    store.write(Changes(results=[result("m2", "n", NOON), result("m", "n", NOON + 1)]), NOON)
    for left in path.parent.glob("uptop.db-*"):
        left.unlink()
    path.with_name("copy.db").replace(path)
    assert len(store.results("m", NOON, NOON + 9)) == 1
    store.write(Changes(results=[result("m3", "n", NOON), result("m2", "n", NOON + 1)]), NOON)
    assert len(store.results("m3", NOON, NOON + 9)) == 1
    assert len(store.results("m2", NOON, NOON + 9)) == 1


def test_another_installations_database_in_its_place_is_refused(store: Store, path: Path) -> None:
    with opened(path.with_name("other.db")):
        pass
    for left in path.parent.glob("uptop.db-*"):
        left.unlink()
    shutil.move(path.with_name("other.db"), path)
    for _ in range(2):
        with pytest.raises(StoreError, match="another installation"):
            store.write(outage(), NOON)


def test_series_of_a_batch_that_failed_are_not_remembered(store: Store) -> None:
    limit_next_write(store, "PRAGMA max_page_count = 1")
    with pytest.raises(StoreError):
        store.write(big_outage(), NOON)
    store.write(Changes(results=[result("other", "n", NOON)]), NOON)
    store.write(outage(), NOON)
    assert len(store.results("other", NOON, NOON + 1)) == 1
    assert len(store.results("m", NOON, NOON + 1)) == 1
