"""A backup is restored whole or not at all, and nothing that is wrong with it is found too late."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import count
from tests.leader.store_samples import (
    KEY,
    NOON,
    OPERATOR,
    opened,
    outage,
    ping,
    result,
    set_up,
    webhook,
)
from uptop_core.errors import SealError, StoreError, StoreTooNew
from uptop_leader.changes import Changes
from uptop_leader.seal import Keyring
from uptop_leader.store.addresses import Dsn
from uptop_leader.store.restoring import Restored, restore

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
KEYS = Keyring([KEY])
RESTORER = """
import sys
from pathlib import Path
from tests.leader.store_samples import *
from uptop_leader.store.restoring import restore

restore(Path(sys.argv[1]), Path(sys.argv[2]), Keyring([KEY]), OPERATOR, NOON, replace=True)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A backup with two monitors, a sealed channel and an incident."""
    path = tmp_path / "copy.db"
    with opened(tmp_path / "first.db") as store:
        set_up(store, ping("m"), ping("other"), webhook("c"))
        store.write(outage(), NOON)
        store.alive(NOON + 5)
        store.backup(path)
    return path


def restored(copy: Path, path: Path, *, keys: Keyring = KEYS, replace: bool = False) -> Restored:
    return restore(copy, path, keys, OPERATOR, NOON, replace=replace, wait_s=0.1)


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def spoil(path: Path, statement: str) -> None:
    raw = sqlite3.connect(path)
    raw.executescript(statement)
    raw.close()


def test_what_is_restored_is_what_was_there(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "uptop.db"
    path.parent.mkdir()
    assert restored(copy, path) == Restored(monitors=2, until=NOON + 5)
    assert [file.name for file in path.parent.iterdir()] == ["uptop.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with opened(tmp_path / "first.db") as first, opened(path) as store:
        assert store.cluster_id == first.cluster_id
        assert store.load() == first.load()
        assert store.audit_log()[0].what == "restored a backup"
        assert store.audit_log()[1:] == first.audit_log()


def test_what_is_there_is_given_up_only_when_that_is_said(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    with opened(path) as store:
        set_up(store, ping("mine"))
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"say --replace"):
        restored(copy, path)
    assert path.read_bytes() == before
    restored(copy, path, replace=True)
    with opened(path) as store:
        assert {monitor.id for monitor in store.load_config().monitors} == {"m", "other"}


def test_a_database_in_use_is_left_alone(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    with opened(path) as store:
        set_up(store, ping("mine"))
        with pytest.raises(StoreError, match="is in use: stop the leader first"):
            restored(copy, path, replace=True)
        assert [monitor.id for monitor in store.load_config().monitors] == ["mine"]
        store.write(Changes(results=[result()]), NOON)
    assert not list(tmp_path.glob("*restoring*"))


class Meanwhile(Keyring):
    """Has something happen in the midst of a restore, when the secrets are looked at."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__([KEY])
        self._happens = happens

    def is_current(self, sealed: str) -> bool:
        """As any keyring says."""
        self._happens()
        return super().is_current(sealed)


@pytest.mark.parametrize("is_there", [True, False])
def test_two_restores_at_once_do_not_meet(copy: Path, tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "uptop.db"
    if is_there:
        with opened(path) as store:
            set_up(store, ping("mine"))
    refused: list[str] = []

    def another() -> None:
        with pytest.raises(StoreError) as found:
            restored(copy, path, replace=True)
        refused.append(str(found.value))

    restored(copy, path, keys=Meanwhile(another), replace=True)
    assert refused
    assert all("is in use" in words for words in refused)
    with opened(path) as store:
        assert {monitor.id for monitor in store.load_config().monitors} == {"m", "other"}


def test_who_waited_for_a_file_that_another_took_away_again_writes_nothing_into_it(
    copy: Path, tmp_path: Path
) -> None:
    path = tmp_path / "uptop.db"
    refused: list[str] = []

    def wait_for_it() -> None:
        try:
            restore(copy, path, KEYS, OPERATOR, NOON, wait_s=30)
        except StoreError as error:
            refused.append(str(error))

    waiting = Thread(target=wait_for_it)

    def fail_when_it_waits() -> None:
        waiting.start()
        deadline = time.monotonic() + 30
        while opened_by_us(path) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise SealError("no key opens it")

    with pytest.raises(SealError):
        restored(copy, path, keys=Meanwhile(fail_when_it_waits))
    waiting.join(60)
    assert refused == [f"the database {path} was taken away or exchanged meanwhile: restore again"]
    assert not path.exists()
    assert restored(copy, path).monitors == 2


def opened_by_us(path: Path) -> int:
    """How many descriptors this process has of a file."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # one that was closed meanwhile
            found += each.samefile(path)
    return found


@pytest.mark.parametrize(
    ("spoiled", "error", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", StoreTooNew, "9999"),
        ("DROP TABLE alembic_version", StoreError, "not a backup of uptop"),
    ],
)
def test_a_backup_of_something_else_changes_nothing(
    copy: Path, tmp_path: Path, spoiled: str, error: type[Exception], words: str
) -> None:
    spoil(copy, spoiled)
    path = tmp_path / "uptop.db"
    with opened(path) as store:
        set_up(store, ping("mine"))
    before = files(tmp_path)
    with pytest.raises(error, match=words):
        restored(copy, path, replace=True)
    assert files(tmp_path) == before


def test_a_damaged_backup_is_found_before_anything_is_touched(copy: Path, tmp_path: Path) -> None:
    whole = copy.read_bytes()
    index = whole.index(b"sqlite_autoindex") // 4096 + 3
    spoiled = bytearray(whole)
    spoiled[4096 * index : 4096 * (index + 2)] = b"\x5a" * 8192
    for content in (b"", b"no database at all" * 999, whole[:20_000], bytes(spoiled)):
        copy.write_bytes(content)
        before = files(tmp_path)
        with pytest.raises(StoreError, match=r"copy\.db (is damaged|is not a)"):
            restored(copy, tmp_path / "uptop.db")
        assert files(tmp_path) == before


@pytest.mark.parametrize("keys", [Keyring(), Keyring([b"x" * 32])])
def test_a_backup_whose_secrets_no_key_opens_is_refused(
    copy: Path, tmp_path: Path, keys: Keyring
) -> None:
    with pytest.raises(SealError, match=r"'c'.*UPTOP_ENCRYPTION_KEY"):
        restored(copy, tmp_path / "uptop.db", keys=keys)
    assert not (tmp_path / "uptop.db").exists()


def test_a_file_that_somebody_writes_to_is_no_backup(tmp_path: Path) -> None:
    with opened(tmp_path / "first.db") as store:
        set_up(store, ping("m"))
        with pytest.raises(StoreError, match=r"has a log beside it \(first\.db-wal\)"):
            restored(tmp_path / "first.db", tmp_path / "uptop.db")
    with pytest.raises(StoreError, match="is the database itself"):
        restored(tmp_path / "first.db", tmp_path / "first.db", replace=True)
    with pytest.raises(StoreError, match="there is no backup"):
        restored(tmp_path / "nowhere.db", tmp_path / "uptop.db")


def test_a_damaged_database_is_not_written_over(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreError, match=r"move it out of the way \(uptop\.db and"):
        restored(copy, path, replace=True)
    path.rename(tmp_path / "broken.db")
    assert restored(copy, path).monitors == 2


def test_the_log_of_a_database_that_was_moved_away_does_no_harm(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    with opened(path) as store:
        set_up(store, ping("mine"))
        log = path.with_name("uptop.db-wal").read_bytes()
    path.unlink()
    path.with_name("uptop.db-wal").write_bytes(log)
    restored(copy, path)
    with opened(path) as store:
        assert {monitor.id for monitor in store.load_config().monitors} == {"m", "other"}


def test_what_has_no_folder_is_named(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*No such file"):
        restored(copy, tmp_path / "nowhere" / "uptop.db")


def test_what_can_be_no_database_is_named(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"folder cannot be written: unable to open"):
        restored(copy, tmp_path / "folder", replace=True)


def test_postgresql_has_a_way_of_its_own(copy: Path) -> None:
    with pytest.raises(StoreError, match="restore it with pg_restore"):
        restore(copy, Dsn("postgresql://u@127.0.0.1/uptop"), KEYS, OPERATOR, NOON)


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path, copy = tmp_path / "uptop.db", tmp_path / "copy.db"
    for name, database in (("old", path), ("new", tmp_path / "first.db")):
        with opened(database) as store:
            set_up(store, *(ping(f"{name}{number}") for number in range(50)))
            for hour in range(8):
                at = NOON + 3600 * hour
                rows = [result(name, f"n{node}", at + node / 2) for node in range(2000)]
                store.write(Changes(results=rows), at)
            if name == "new":
                store.backup(copy)
    old = path.read_bytes()
    journal = path.with_name("uptop.db-journal")
    began = time.monotonic()
    assert left_by_killed(copy, path, old, lambda: False) == "new"
    whole_s = time.monotonic() - began
    assert left_by_killed(copy, path, old, journal.exists) in {"old", "new"}
    for part in (0.6, 0.7, 0.8, 0.9):
        is_time = partial(is_past, time.monotonic() + part * whole_s)
        assert left_by_killed(copy, path, old, is_time) in {"old", "new"}


def is_past(moment: float) -> bool:
    """Whether that moment of the steady clock is over."""
    return time.monotonic() > moment


def left_by_killed(copy: Path, path: Path, old: bytes, is_time: Callable[[], bool]) -> str:
    """Restore, kill the process when it is time, and say which database is there then."""
    for file in path.parent.glob("*uptop.db*"):
        file.unlink()
    path.write_bytes(old)
    command = [sys.executable, "-c", RESTORER, str(copy), str(path)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        while process.poll() is None:
            if is_time():
                process.kill()
            time.sleep(0.0005)
    return whole(path)


def whole(path: Path) -> str:
    """Whose rows are in a database, all of them."""
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()
    with opened(path) as store:
        (name,) = {monitor.id.rstrip("0123456789") for monitor in store.load_config().monitors}
        assert len(store.load_config().monitors) == 50
        assert count(path, "result") == 8 * 2000
    return name
