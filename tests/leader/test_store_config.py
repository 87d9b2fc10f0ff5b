"""Configuration: written whole, its version raised, its secrets sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.leader.databases import holds, run_sql
from tests.leader.store_samples import (
    KEY,
    NOON,
    OPERATOR,
    notification,
    opened,
    ping,
    set_up,
    webhook,
)
from uptop_core.errors import ConfigError, SealError, StoreError
from uptop_core.kinds import KINDS
from uptop_core.monitors import Monitor
from uptop_leader.changes import Changes
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.provider_kinds import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

replace = msgspec.structs.replace

SECRET = "correct-horse-battery"
HTTP = Monitor(
    id="h",
    name="API",
    check=KINDS["http"](  # type: ignore[call-arg]
        url="https://api.example.com", bearer=f"{SECRET}-1", headers={"X-Key": f"{SECRET}-2"}
    ),
    interval=30,
    tags=("a", "b"),
)
HOOK = webhook("c", "ops", f"https://hooks.example.com/{SECRET}-3")


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def test_configuration_comes_back_as_it_was_put(store: Store) -> None:
    change = ConfigChange(put_monitors=(HTTP, ping("p")), put_channels=(HOOK,))
    assert store.change_config(change, OPERATOR, NOON) == 1
    expected = Configuration(version=1, monitors=(HTTP, ping("p")), channels=(HOOK,))
    assert store.load_config() == expected
    assert store.load().configuration == expected
    assert store.config_version() == 1


def test_every_provider_comes_back_as_it_was_put(store: Store) -> None:
    email = PROVIDERS["email"](
        host="mail.example.com", sender="a@example.com", to="b@example.com", password=SECRET
    )
    channel = replace(HOOK, provider=email, fallback="other", title="t", body="b")
    set_up(store, channel)
    assert store.load_config().channels == (channel,)


def test_putting_the_same_again_raises_no_version_and_logs_nothing(store: Store) -> None:
    set_up(store, HTTP, HOOK)
    logged = store.audit_log()
    assert set_up(store, HTTP, HOOK) == 1
    assert store.audit_log() == logged


def test_order_stays_when_one_is_changed(store: Store) -> None:
    set_up(store, ping("a"), ping("b"), ping("c"))
    assert set_up(store, ping("a", "z"), ping("d")) == 2
    assert [monitor.name for monitor in store.load_config().monitors] == ["z", "b", "c", "d"]


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(store: Store) -> None:
    set_up(store, ping("a", "API"))
    with pytest.raises(ConfigError, match="two monitors of the name 'API'"):
        set_up(store, webhook("c"), ping("b", "API"))
    with pytest.raises(ConfigError, match="two channels of the name 'x'"):
        set_up(store, webhook("c1", "x"), webhook("c2", "x"))
    assert store.load_config() == Configuration(version=1, monitors=(ping("a", "API"),))


def test_two_may_swap_their_names(store: Store) -> None:
    set_up(store, ping("a", "one"), ping("b", "two"), webhook("c", "one"), webhook("d", "two"))
    set_up(store, ping("a", "two"), ping("b", "one"), webhook("c", "two"), webhook("d", "one"))
    names = {monitor.id: monitor.name for monitor in store.load_config().monitors}
    assert names == {"a": "two", "b": "one"}


def test_a_deleted_monitor_frees_its_name(store: Store) -> None:
    set_up(store, ping("a", "API"))
    change = ConfigChange(drop_monitors=("a",), put_monitors=(ping("b", "API"),))
    assert store.change_config(change, OPERATOR, NOON) == 2
    assert [monitor.id for monitor in store.load_config().monitors] == ["b"]
    change = ConfigChange(drop_monitors=("b", "never was"), put_monitors=(ping("a", "API"),))
    store.change_config(change, OPERATOR, NOON)
    assert [monitor.id for monitor in store.load_config().monitors] == ["a"]


def test_what_waits_for_a_deleted_channel_is_given_up(store: Store) -> None:
    set_up(store, HOOK)
    store.write(Changes(notifications=[notification(channel="c")]), NOON)
    store.change_config(ConfigChange(drop_channels=("c",)), OPERATOR, NOON)
    assert store.claim(NOON, 60, 10) == []
    assert store.outbox_depth(NOON).waiting == 0
    assert store.load_config().channels == ()


def test_every_change_is_in_the_audit_log_without_values(store: Store) -> None:
    set_up(store, HTTP, HOOK)
    changed = replace(HTTP, interval=60, check=replace(HTTP.check, bearer="new-secret"))
    set_up(store, changed)
    store.change_config(ConfigChange(drop_monitors=("h",)), OPERATOR, NOON + 1)
    entries = store.audit_log()
    assert [(entry.what, entry.about, entry.detail) for entry in entries] == [
        ("monitor deleted", "API", ""),
        ("monitor changed", "API", "check, interval"),
        ("monitor added", "API", ""),
        ("channel added", "ops", ""),
    ]
    assert {(entry.who, entry.source) for entry in entries} == {("ada", "127.0.0.1")}
    assert entries[0].at == NOON + 1


def test_no_secret_is_in_any_file(address: Address) -> None:
    with opened(address) as store:
        set_up(store, HTTP, HOOK)
        set_up(store, replace(HTTP, interval=31), replace(HOOK, title="new"))
        assert not holds(address, SECRET)
    assert not holds(address, SECRET)


def test_without_a_key_secrets_are_stored_and_read_as_they_are(address: Address) -> None:
    with opened(address, key=None) as store:
        set_up(store, HTTP, HOOK)
        assert store.load_config().monitors == (HTTP,)
    assert holds(address, SECRET)
    with opened(address) as store:
        assert store.load_config().channels == (HOOK,)


def test_a_secret_in_the_form_of_a_sealed_one_is_refused(address: Address) -> None:
    sealed = f"v1.00000000.{'A' * 16}.{'A' * 22}"
    with opened(address, key=None) as store:
        with pytest.raises(ConfigError, match=r"check\.bearer: of 'API' is a secret sealed"):
            set_up(store, replace(HTTP, check=replace(HTTP.check, bearer=sealed)))
        email = PROVIDERS["email"](
            host="mail.example.com", sender="a@example.com", to="b@example.com", password=sealed
        )
        with pytest.raises(ConfigError, match=r"provider\.pass: of 'ops'"):
            set_up(store, replace(HOOK, provider=email))
        assert store.load_config() == Configuration()


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_a_missing_or_wrong_key_names_the_object_and_the_setting(
    address: Address, key: bytes | None
) -> None:
    with opened(address, key=KEY) as store:
        set_up(store, HOOK)
    with opened(address, key=key) as store, pytest.raises(SealError) as caught:
        store.load()
    assert "the channel 'ops': its url" in str(caught.value)
    assert "UPTOP_ENCRYPTION_KEY" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_sealed_secret_cannot_be_moved_to_another_object(address: Address) -> None:
    with opened(address) as store:
        set_up(store, HOOK, webhook("d", "other"))
        run_sql(
            address, "UPDATE channel SET settings = (SELECT settings FROM channel WHERE id = 'c')"
        )
        with pytest.raises(SealError, match="the channel 'other'"):
            store.load_config()


def test_a_change_by_another_program_is_seen(address: Address) -> None:
    with opened(address) as leader, opened(address) as command:
        assert leader.config_version() == 0
        set_up(command, HTTP)
        assert leader.config_version() == 1
        assert leader.load_config().monitors == (HTTP,)


def test_a_kind_that_is_not_installed_is_named(address: Address) -> None:
    with opened(address) as store:
        set_up(store, ping("p", "Router"))
        run_sql(address, "UPDATE monitor SET kind = 'smoke_signal'")
        with pytest.raises(StoreError, match="the monitor 'Router' is of the kind 'smoke_signal'"):
            store.load_config()
