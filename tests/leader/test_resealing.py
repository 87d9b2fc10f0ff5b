"""`migrate-secrets`: what stands in clear or under an older key comes under the first one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.leader.commands import Run, runner
from tests.leader.store_samples import NOON
from uptop_core.checks.http import HttpCheck
from uptop_core.errors import SealError
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.providers.webhook import Webhook
from uptop_leader.seal import Keyring
from uptop_leader.store.resealing import Resealed
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.leader.databases import Databases
    from uptop_leader.store.addresses import Address

OLD, NEW = "11" * 32, "22" * 32
SECRETS = (b"hook-of-the-team", b"bearer-of-the-api", b"bearer-of-the-gone")
ME = Actor(name="me", source="test")


@contextmanager
def opened(address: Address, keys: str = "") -> Iterator[Store]:
    store = Store.open(address, Keyring.from_setting(keys), NOON)
    try:
        yield store
    finally:
        store.close()


def monitor(id: str, bearer: str) -> Monitor:
    return Monitor(id=id, name=id, check=HttpCheck(url="https://example.com", bearer=bearer))


def set_up(store: Store) -> None:
    """A channel, a monitor and a deleted monitor, each with a secret."""
    hook = Webhook(url="https://example.com/hook-of-the-team")
    change = ConfigChange(
        put_monitors=(monitor("api", "bearer-of-the-api"), monitor("gone", "bearer-of-the-gone")),
        put_channels=(Channel(id="ops", name="ops", provider=hook),),
    )
    store.change_config(change, ME, NOON)
    store.change_config(ConfigChange(drop_monitors=("gone",)), ME, NOON)


def test_what_stood_in_clear_is_sealed_and_doing_it_again_changes_nothing(
    databases: Databases,
) -> None:
    address = databases.new()
    with opened(address) as store:
        set_up(store)
        version = store.config_version()
    with opened(address, NEW) as store:
        assert store.reseal(ME, NOON) == Resealed(sealed=3, clear=3)
        assert store.reseal(ME, NOON) == Resealed(fine=3)
        assert store.config_version() == version
        assert store.load_config().monitors == (monitor("api", "bearer-of-the-api"),)
        (gone,) = store.load_deleted(["gone"])
        assert gone.check == monitor("gone", "bearer-of-the-gone").check
    with opened(address) as store, pytest.raises(SealError, match="UPTOP_ENCRYPTION_KEY"):
        store.load_config()


def test_what_is_under_an_older_key_comes_under_the_first(databases: Databases) -> None:
    address = databases.new()
    with opened(address, OLD) as store:
        set_up(store)
    with opened(address, f"{NEW},{OLD}") as store:
        assert store.reseal(ME, NOON) == Resealed(sealed=3)
    with opened(address, NEW) as store:
        assert [one.id for one in store.load_config().channels] == ["ops"]


def test_a_secret_that_no_key_opens_ends_it_by_name_and_loses_nothing(databases: Databases) -> None:
    address = databases.new()
    with opened(address, OLD) as store:
        set_up(store)
    with (
        opened(address, NEW) as store,
        pytest.raises(SealError, match="the monitor 'api': its bearer cannot be opened"),
    ):
        store.reseal(ME, NOON)
    with opened(address, OLD) as store:
        assert store.load_config().monitors == (monitor("api", "bearer-of-the-api"),)


def test_no_byte_of_the_file_or_its_log_tells_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "uptop.db"
    with opened(path) as leader:  # goes on beside, as a running leader does
        set_up(leader)
        assert all(secret in bytes_of(tmp_path) for secret in SECRETS)
        with opened(path, NEW) as store:
            store.reseal(ME, NOON)
            assert not any(secret in bytes_of(tmp_path) for secret in SECRETS)
    assert not any(secret in bytes_of(tmp_path) for secret in SECRETS)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(tmp_path, monkeypatch, capsys)


def test_the_command_says_what_it_did(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "uptop.db") as store:
        set_up(store)
    code, _, errors = run("migrate-secrets")
    assert code == 2
    assert "UPTOP_ENCRYPTION_KEY" in errors[0]
    monkeypatch.setenv("UPTOP_ENCRYPTION_KEY", NEW)
    assert run("migrate-secrets")[:2] == (
        0,
        ["sealed 3, of which 3 were in clear; fine before: 0"],
    )
    assert run("migrate-secrets")[:2] == (
        0,
        ["sealed 0, of which 0 were in clear; fine before: 3"],
    )
