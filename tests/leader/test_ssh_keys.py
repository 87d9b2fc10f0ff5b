"""Whose an SSH key is, and the key by which the leader is known again."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import asyncssh
import pytest

from uptop_core.errors import SettingError
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.ssh.host_key import FILE, host_key
from uptop_leader.ssh.keys import KnownKeys
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.store.people import People

ADA = asyncssh.generate_private_key("ssh-ed25519", "ada@laptop")
LINE = ADA.export_public_key().decode().strip()
BARE = LINE.rpartition(" ")[0]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Four users; the first admin is the second one."""
    path = tmp_path_factory.mktemp("people") / "uptop.db"
    store = Store.open(path, Keyring.from_setting(""), 0.0)
    try:
        for number, (name, role) in enumerate(
            [("eve", "viewer"), ("root", "admin"), ("ada", "editor"), ("Ada L", "admin")]
        ):
            store.people.add_user(name, role, float(number))
        yield store.people
    finally:
        store.close()


def _owner(folder: Path, people: People, lines: str, admin_key: str = "") -> str | None:
    path = folder / "authorized_keys"
    path.write_text(lines)
    found = KnownKeys(admin_key, path, people).owner(ADA.convert_to_public(), "192.0.2.7")
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("LINE", "ada"),
        ("# a comment\n\nnot a key\n  LINE  \n", "ada"),
        ("BARE ada", "ada"),
        ('user="Ada L" LINE', "Ada L"),
        ('from="192.0.2.*",user="eve" LINE', "eve"),
        ("restrict,pty LINE", "ada"),
        ("", None),
        ("BARE", None),
        ("BARE nobody@laptop", None),
        ('user="nobody" LINE', None),
        ('from="198.51.100.*" LINE', None),
        ('command="backup" LINE', None),
        ("no-pty LINE", None),
        ('expiry-time="20200101" LINE', None),
        ("cert-authority LINE", None),
    ],
)
def test_a_key_is_that_of_the_user_its_line_names(
    tmp_path: Path, people: People, lines: str, name: str | None
) -> None:
    written = lines.replace("LINE", LINE).replace("BARE", BARE)
    assert _owner(tmp_path, people, written) == name


def test_the_admin_key_is_that_of_the_first_admin(tmp_path: Path, people: People) -> None:
    assert _owner(tmp_path, people, "", admin_key=f"{BARE} eve") == "root"


def test_the_file_is_read_again_at_each_login(tmp_path: Path, people: People) -> None:
    path, shown = tmp_path / "authorized_keys", ADA.convert_to_public()
    path.write_text(LINE)
    keys = KnownKeys("", path, people)
    assert keys.owner(shown, "192.0.2.7") is not None
    path.write_text("")
    assert keys.owner(shown, "192.0.2.7") is None
    path.unlink()
    assert keys.owner(shown, "192.0.2.7") is None


def test_the_host_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = LeaderSettings(db_dsn=str(tmp_path / "uptop.db"))
    made = host_key(settings)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert host_key(settings).get_fingerprint() == made.get_fingerprint()


def test_leaders_that_start_at_once_are_known_by_one_key(tmp_path: Path) -> None:
    settings = LeaderSettings(ssh_host_key=tmp_path / "key")
    start = Barrier(8)

    def fingerprint(_: int) -> str:
        start.wait(30)
        return host_key(settings).get_fingerprint()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(fingerprint, range(8)))) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_host_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = LeaderSettings(ssh_host_key=tmp_path / "key")
    host_key(settings)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(SettingError, match=r"UPTOP_SSH_HOST_KEY: .* can be read by others"):
        host_key(settings)


def test_a_host_key_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(SettingError, match="is no private key"):
        host_key(LeaderSettings(ssh_host_key=tmp_path / "key"))
    with pytest.raises(SettingError, match="cannot be read or made"):
        host_key(LeaderSettings(ssh_host_key=tmp_path / "missing" / "key"))
