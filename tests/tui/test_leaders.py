"""The leaders that are kept: what the file holds, who may read it, and which leader is meant."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from uptop_core.errors import ConfigError, SettingError
from uptop_tui.leaders import FILE, Kept, KeptLeader, Leaders, choose, name_for, user_leaders

if TYPE_CHECKING:
    from pathlib import Path

HOME = KeptLeader(url="http://127.0.0.1:8080", token="up_secret", name="home")
WORK = KeptLeader(url="https://uptop.example.com", token="up_other", name="work")


@pytest.fixture
def leaders(tmp_path: Path) -> Leaders:
    """No file yet, and no directory for it."""
    return Leaders(tmp_path / "uptop" / FILE)


def test_without_a_file_nothing_is_kept(leaders: Leaders) -> None:
    assert leaders.read() == Kept()
    assert leaders.read().latest is None


def test_what_is_kept_is_read_again(leaders: Leaders) -> None:
    leaders.keep(HOME)
    leaders.keep(WORK)
    leaders.keep_theme("nord")
    assert leaders.read() == Kept(leaders=(HOME, WORK), last="work", theme="nord")
    assert leaders.use("home").latest == HOME


def test_the_file_is_read_by_its_owner_only(leaders: Leaders) -> None:
    leaders.keep(HOME)
    assert stat.S_IMODE(leaders.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(leaders.path.parent.stat().st_mode) == 0o700
    leaders.path.chmod(0o644)
    leaders.read()
    assert stat.S_IMODE(leaders.path.stat().st_mode) == 0o600


def test_a_leader_of_the_same_name_takes_its_place(leaders: Leaders) -> None:
    leaders.keep(HOME)
    newer = KeptLeader(url="http://127.0.0.1:9090", token="up_newer", name="home")
    assert leaders.keep(newer).leaders == (newer,)


def test_a_leader_that_is_forgotten_is_gone(leaders: Leaders) -> None:
    leaders.keep(WORK)
    leaders.keep(HOME)
    kept = leaders.forget("home")
    assert kept.leaders == (WORK,)
    assert kept.latest == WORK


@pytest.mark.parametrize("content", ["", "{", '{"leaders": 5}', "\xff"])
def test_a_damaged_file_is_named_and_left_as_it_is(leaders: Leaders, content: str) -> None:
    leaders.path.parent.mkdir()
    leaders.path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigError, match="is damaged"):
        leaders.keep(HOME)
    assert leaders.path.read_text(encoding="latin-1") == content


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "uptop").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be"):
        Leaders(tmp_path / "uptop" / FILE).keep(HOME)


def test_no_token_is_shown_by_accident() -> None:
    assert "up_secret" not in repr(Kept(leaders=(HOME,)))


def test_the_file_is_in_the_users_configuration_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_leaders().path == tmp_path / "uptop" / FILE


def test_a_name_is_made_of_the_url_and_is_nobody_elses() -> None:
    assert name_for("https://uptop.example.com/x", ()) == "uptop.example.com"
    assert name_for("http://127.0.0.1:8080", ["127.0.0.1:8080"]) == "127.0.0.1:8080 2"


KEPT = Kept(leaders=(HOME, WORK), last="work")


@pytest.mark.parametrize(
    ("url", "token", "name", "meant"),
    [
        ("", "", "", WORK),
        ("", "", "home", HOME),
        (HOME.url, "", "", HOME),
        (HOME.url, HOME.token, "", HOME),
        (HOME.url, "up_mine", "", KeptLeader(url=HOME.url, token="up_mine")),
        ("http://new", "", "", KeptLeader(url="http://new")),
    ],
)
def test_which_leader_is_meant(url: str, token: str, name: str, meant: KeptLeader) -> None:
    assert choose(url, token, name, KEPT) == meant


def test_a_name_that_is_not_kept_is_said_with_those_that_are() -> None:
    with pytest.raises(SettingError, match="home, work"):
        choose("", "", "garden", KEPT)
