"""Themes: the one of high contrast is that."""

from __future__ import annotations

import pytest
from textual.color import Color

from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader
from uptop_tui.signs import NODE_STATES, STATUSES
from uptop_tui.themes import HIGH_CONTRAST


def _light(color: Color) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.r / 255, color.g / 255, color.b / 255)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: str, other: str) -> float:
    lights = sorted((_light(Color.parse(one)), _light(Color.parse(other))))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("name", ["text-muted", "text-success", "text-warning", "text-error"])
def test_every_sign_stands_out_on_black_and_on_the_row_of_the_cursor(name: str) -> None:
    color = HIGH_CONTRAST.variables[name]
    assert _contrast(color, HIGH_CONTRAST.background or "") >= 7
    assert _contrast(color, HIGH_CONTRAST.variables["primary-muted"]) >= 4.5


def test_statuses_differ_in_shape_and_word() -> None:
    for table in (STATUSES, NODE_STATES):
        assert len({sign.sign for sign in table.values()}) == len(table)
        assert len({sign.word for sign in table.values()}) == len(table)


def test_the_app_offers_it() -> None:
    app = UptopApp(KeptLeader(url="http://127.0.0.1:9"))
    assert "high-contrast" in app.available_themes
