"""Themes: the one of high contrast is that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader, Leaders
from uptop_tui.screens.login import LoginApp
from uptop_tui.signs import NODE_STATES, QUIET, STATUSES
from uptop_tui.themes import HIGH_CONTRAST, contrast, quiet

if TYPE_CHECKING:
    from pathlib import Path


def _contrast(one: str, other: str) -> float:
    return contrast(Color.parse(one), Color.parse(other))


@pytest.mark.parametrize(
    "name", ["quiet", "text-muted", "text-success", "text-warning", "text-error"]
)
def test_every_sign_stands_out_on_black_and_on_the_row_of_the_cursor(name: str) -> None:
    color = HIGH_CONTRAST.variables[name]
    assert _contrast(color, HIGH_CONTRAST.background or "") >= 7
    assert _contrast(color, HIGH_CONTRAST.variables["primary-muted"]) >= 4.5


@pytest.mark.parametrize("name", sorted(name for name in BUILTIN_THEMES if "ansi" not in name))
def test_what_is_quiet_can_be_read_and_is_no_louder_than_other_text(name: str) -> None:
    colors = BUILTIN_THEMES[name].to_color_system().generate()
    said = quiet(colors)
    beside = _contrast(colors["foreground"], colors["background"])
    assert 4.5 <= _contrast(said, colors["background"]) <= beside


@pytest.mark.anyio
async def test_every_theme_has_it_as_it_is_changed() -> None:
    app = UptopApp(KeptLeader(url="http://127.0.0.1:9"))
    async with app.run_test(size=(80, 24)) as pilot:
        for name in ("textual-light", "high-contrast", "nord"):
            app.theme = name
            await pilot.pause()
            meant = app.get_css_variables()["quiet"]
            assert app.stylesheet.parse_style(QUIET).foreground == Color.parse(meant)


def test_who_has_chosen_a_theme_has_it_when_logging_in_too(tmp_path: Path) -> None:
    leaders = Leaders(tmp_path / "tui.json")
    leaders.keep_theme("high-contrast")
    assert LoginApp(leaders).theme == "high-contrast"


def test_statuses_differ_in_shape_and_word() -> None:
    for table in (STATUSES, NODE_STATES):
        assert len({sign.sign for sign in table.values()}) == len(table)
        assert len({sign.word for sign in table.values()}) == len(table)


def test_the_app_offers_it() -> None:
    app = UptopApp(KeptLeader(url="http://127.0.0.1:9"))
    assert "high-contrast" in app.available_themes
