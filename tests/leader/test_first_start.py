"""The first admin and its token."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, opened
from uptop_core.errors import StoreError
from uptop_leader.first_start import TOKEN_FILE, first_admin, new_token
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.addresses import Dsn


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


def test_of_leaders_that_start_at_once_on_one_database_one_makes_the_admin(
    tmp_path: Path, dsn: Dsn
) -> None:
    def start(number: int) -> str:
        (folder := tmp_path / f"{number}").mkdir()
        with opened(dsn) as store:
            first_admin(store, folder, NOON)
        path = folder / TOKEN_FILE
        return path.read_text().strip() if path.exists() else ""

    with ThreadPoolExecutor(4) as threads:
        tokens = [token for token in threads.map(start, range(4)) if token]
    assert len(tokens) == 1
    with opened(dsn) as store:
        assert store.people.find_token(token_hash(tokens[0]), NOON) is not None


def test_no_admin_is_made_whose_token_cannot_be_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store:
        with pytest.raises(StoreError, match=r"first token cannot be kept in .*no-such"):
            first_admin(store, tmp_path / "no-such", NOON)
        assert not store.people.has_users()


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(token.startswith("up_") and len(token) > 40 for token in tokens)
