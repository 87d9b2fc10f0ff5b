"""The seal for secrets at rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptop_core.errors import SealError, SettingError
from uptop_leader.seal import Keyring, is_sealed, same_secret

OLD, NEW = "0f" * 32, "a1" * 32
KEYS = Keyring.from_setting(f"{NEW},{OLD}")
texts = st.text(st.characters(exclude_categories=["Cs"]))
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(plain=texts, identity=texts)
def test_what_is_sealed_opens_again(plain: str, identity: str) -> None:
    sealed = KEYS.seal(plain, identity)
    assert is_sealed(sealed)
    assert KEYS.open(sealed, identity) == plain
    assert KEYS.open(KEYS.seal(plain.encode(), identity), identity) == plain


@given(plain=texts, identity=texts, other=texts)
def test_a_sealed_text_does_not_open_for_another_row(plain: str, identity: str, other: str) -> None:
    if identity != other:
        with pytest.raises(SealError, match="belongs to another row"):
            KEYS.open(KEYS.seal(plain, identity), other)


@settings(max_examples=200)
@given(plain=texts, data=st.data())
def test_a_changed_bit_anywhere_keeps_it_shut(plain: str, data: st.DataObject) -> None:
    sealed = KEYS.seal(plain, "channel:1")
    at = data.draw(st.integers(len("v1."), len(sealed) - 1))
    flipped = chr(ord(sealed[at]) ^ (1 << data.draw(st.integers(0, 6))))
    changed = sealed[:at] + flipped + sealed[at + 1 :]
    _stays_shut(changed)


@given(plain=texts)
def test_every_other_last_character_keeps_it_shut(plain: str) -> None:
    sealed = KEYS.seal(plain, "channel:1")
    for character in alphabet:
        if character != sealed[-1]:
            _stays_shut(sealed[:-1] + character)


def _stays_shut(changed: str) -> None:
    """A changed text either raises or is no sealed text any more, and then stays as it is."""
    if is_sealed(changed):
        with pytest.raises(SealError):
            KEYS.open(changed, "channel:1")
    else:
        assert KEYS.open(changed, "channel:1") == changed


def test_sealing_twice_gives_two_texts() -> None:
    assert KEYS.seal("same", "row") != KEYS.seal("same", "row")


def test_the_first_key_seals_and_all_open() -> None:
    old, new = Keyring.from_setting(OLD), Keyring.from_setting(NEW)
    assert KEYS.open(old.seal("secret", "row"), "row") == "secret"
    assert new.open(KEYS.seal("secret", "row"), "row") == "secret"
    with pytest.raises(SealError, match="UPTOP_ENCRYPTION_KEY holds only"):
        old.open(KEYS.seal("secret", "row"), "row")


def test_without_a_key_texts_stay_as_they_are() -> None:
    empty = Keyring.from_setting("  ")
    assert not empty
    assert empty.seal("secret", "row") == "secret"
    assert empty.seal(b"secret", "row") == "secret"
    assert empty.open("secret", "row") == "secret"


def test_a_plain_text_opens_as_it_is_so_that_a_key_may_be_set_later() -> None:
    assert KEYS.open('{"url":"https://example.com"}', "row") == '{"url":"https://example.com"}'


def test_a_missing_key_is_named_by_its_setting() -> None:
    with pytest.raises(SealError, match="channel:7 is sealed, and UPTOP_ENCRYPTION_KEY is not set"):
        Keyring().open(KEYS.seal("secret", "channel:7"), "channel:7")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("abc", "key 1 of 1 has 3 characters; a key is 64 hex digits"),
        (f"{NEW},{'z' * 64}", "key 2 of 2 has characters other than 0-9 and a-f"),
        (f"{NEW},", "key 2 of 2 is empty"),
        (f"{'１' * 64}", "key 1 of 1 has characters other than"),
    ],
)
def test_a_wrong_key_is_named_and_not_shown(setting: str, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        Keyring.from_setting(setting)
    assert words in str(caught.value)
    assert str(caught.value).startswith("UPTOP_ENCRYPTION_KEY: ")
    assert setting not in str(caught.value)


def test_every_wrong_key_is_told_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        Keyring.from_setting("abc,def")
    assert len(caught.value.problems) == 2


def test_a_keyring_does_not_show_its_keys() -> None:
    assert NEW not in repr(KEYS)
    assert NEW not in KEYS.seal("x", "row")


def test_secrets_compare_by_value() -> None:
    assert same_secret("grün", "grün")
    assert not same_secret("grün", "gruen")
