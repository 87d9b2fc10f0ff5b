"""The first admin and its token."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, opened
from uptop_leader.first_start import TOKEN_FILE, first_admin, new_token
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from pathlib import Path


def test_the_token_is_in_a_file_of_its_owner_and_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "uptop.db") as store:
        first_admin(store, tmp_path, NOON)
        path = tmp_path / TOKEN_FILE
        token = path.read_text().strip()
        person = store.people.find_token(token_hash(token), NOON)
        assert person is not None
        assert (person.name, person.role) == ("admin", "admin")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert str(path) in caplog.text
        assert token not in caplog.text


def test_a_second_start_leaves_everything_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store:
        first_admin(store, tmp_path, NOON)
        token = (tmp_path / TOKEN_FILE).read_text()
        first_admin(store, tmp_path, NOON + 1)
        assert (tmp_path / TOKEN_FILE).read_text() == token
        assert len(store.people.tokens()) == 1


def test_a_file_that_others_may_read_is_made_private_before_it_is_filled(tmp_path: Path) -> None:
    path = tmp_path / TOKEN_FILE
    path.touch(mode=0o644)
    path.chmod(0o644)
    with opened(tmp_path / "uptop.db") as store:
        first_admin(store, tmp_path, NOON)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(token.startswith("up_") and len(token) > 40 for token in tokens)
