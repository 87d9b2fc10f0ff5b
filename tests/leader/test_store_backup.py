"""A backup is a whole database, made while others write."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, opened, outage, ping, result, set_up
from uptop_core.errors import StoreError
from uptop_leader.changes import Changes

if TYPE_CHECKING:
    from pathlib import Path


def test_a_backup_opens_as_the_same_installation(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with opened(tmp_path / "uptop.db") as store:
        set_up(store, ping("m"))
        store.write(outage(), NOON)
        store.backup(copy)
        store.write(Changes(results=[result("m", "n9", NOON)]), NOON)
        cluster = store.cluster_id
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []
    with opened(copy) as store:
        assert store.cluster_id == cluster
        assert store.incidents(open_only=True) == outage().opened
        assert len(store.results("m", NOON, NOON + 1)) == 1


def test_a_backup_replaces_the_one_before_it(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store:
        store.backup(tmp_path / "copy.db")
        set_up(store, ping("m"))
        store.backup(tmp_path / "copy.db")
    with opened(tmp_path / "copy.db") as store:
        assert store.config_version() == 1


def test_a_backup_while_writing_is_whole(tmp_path: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            pair = [result("m", node, NOON + number) for node in ("n1", "n2")]
            store.write(Changes(results=pair), NOON)
            number += 1

    with opened(tmp_path / "uptop.db") as store:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                store.backup(tmp_path / f"copy{number}.db")
        finally:
            ended.set()
            writer.join()
    for number in range(5):
        with opened(tmp_path / f"copy{number}.db") as store:
            nodes = [row.node for row in store.results("m", NOON, NOON + 1e6)]
            assert nodes.count("n1") == nodes.count("n2")


@pytest.mark.parametrize("name", ["uptop.db", "uptop.db-wal", "link.db"])
def test_a_backup_is_not_written_over_the_database_itself(tmp_path: Path, name: str) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "uptop.db")
    with opened(tmp_path / "uptop.db") as store:
        set_up(store, ping("m"))
        before = (tmp_path / "uptop.db").stat().st_ino
        with pytest.raises(StoreError, match="is the database itself"):
            store.backup(tmp_path / name)
        set_up(store, ping("other"))
    assert (tmp_path / "uptop.db").stat().st_ino == before
    with opened(tmp_path / "uptop.db") as store:
        assert {monitor.id for monitor in store.load_config().monitors} == {"m", "other"}


def test_a_backup_that_cannot_be_written_is_said_to(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store, pytest.raises(StoreError, match="nowhere"):
        store.backup(tmp_path / "nowhere" / "copy.db")
