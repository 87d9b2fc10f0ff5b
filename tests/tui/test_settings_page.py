"""The settings page: leaders are added, changed, forgotten and gone to; the theme is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from tests.tui.screens import seated
from uptop_tui.app import UptopApp
from uptop_tui.leaders import FILE, KeptLeader, Leaders
from uptop_tui.screens.login import LoginScreen
from uptop_tui.screens.settings import KeptLeaders, SettingsPage, Themes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.screens import Seat

pytestmark = pytest.mark.anyio

WORK = KeptLeader(url="https://uptop.example.com", token="up_other", name="work")


@pytest.fixture
def leaders(tmp_path: Path) -> Leaders:
    """One leader is kept."""
    kept = Leaders(tmp_path / "uptop" / FILE)
    kept.keep(WORK)
    return kept


def _listed(seat: Seat) -> list[str]:
    options = seat.app.screen.query_one(KeptLeaders).options
    return [str(option.prompt).strip() for option in options]


async def test_it_says_who_one_is_and_what_answers(tmp_path: Path, leaders: Leaders) -> None:
    async with seated(tmp_path, leaders=leaders) as seat:
        await seat.press("0")
        await seat.until("there", lambda: isinstance(seat.app.screen, SettingsPage))
        said = str(seat.app.screen.query_one("#who", Static).content)
        assert seat.app.leader.url in said
        assert "editor" in said
        assert str(leaders.path) in said
        assert _listed(seat) == ["work  https://uptop.example.com"]


async def test_enter_goes_to_another_leader(tmp_path: Path, leaders: Leaders) -> None:
    async with seated(tmp_path, leaders=leaders) as seat:
        await seat.press("0", "enter")
        await seat.until("over", lambda: seat.app.return_value is not None)
    assert seat.app.return_value == WORK


async def test_a_leader_is_added_by_logging_in(tmp_path: Path, leaders: Leaders) -> None:
    async with seated(tmp_path, leaders=leaders) as seat:
        await seat.press("0", "a")
        await seat.until("asked", lambda: isinstance(seat.app.screen, LoginScreen))
        fields = {field.id: field for field in seat.app.screen.query(Input)}
        fields["url"].value, fields["token"].value = seat.app.leader.url, "viewer"
        fields["name"].value = "second"
        await seat.press("ctrl+s")
        await seat.until("over", lambda: seat.app.return_value is not None)
    assert leaders.read().find("second") == seat.app.return_value


async def test_a_leader_is_forgotten_after_a_question(tmp_path: Path, leaders: Leaders) -> None:
    async with seated(tmp_path, leaders=leaders) as seat:
        await seat.press("0", "d", "n")
        assert leaders.read().leaders == (WORK,)
        await seat.press("d", "y")
        assert leaders.read().leaders == ()
        assert _listed(seat) == ["none is kept yet: a adds one"]


async def test_a_theme_is_taken_and_remembered(tmp_path: Path, leaders: Leaders) -> None:
    async with seated(tmp_path, leaders=leaders, size=(80, 24)) as seat:
        await seat.press("0", "tab", "home", "enter")
        theme = sorted(seat.app.available_themes)[0]
        assert seat.app.theme == theme
        assert leaders.read().theme == theme
    assert UptopApp(WORK, leaders=leaders).theme == theme


async def test_where_nothing_is_kept_only_the_theme_is_offered(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("0")
        await seat.until("there", lambda: isinstance(seat.app.screen, SettingsPage))
        assert isinstance(seat.app.focused, Themes)
        await seat.press("a", "d", "l")
        assert isinstance(seat.app.screen, SettingsPage)
