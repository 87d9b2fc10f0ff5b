"""The list to choose from: its lines, and what has no room in one."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.widgets import Static

from uptop_tui.forms.fields import Option
from uptop_tui.screens.pick import PickScreen

pytestmark = pytest.mark.anyio


def whole(app: App[None]) -> str:
    """What stands below the list."""
    return str(app.screen.query_one("#whole", Static).visual)


async def test_the_line_below_has_a_name_as_it_is_whatever_it_looks_like() -> None:
    options = [Option(value="a", label="[red]Shop[/nothing]"), Option(value="b", label="Blog")]
    app = App[None]()
    async with app.run_test(size=(40, 20)) as pilot:
        await app.push_screen(PickScreen("Which?", options, several=True))
        await pilot.pause()
        assert whole(app) == "[red]Shop[/nothing]"
        await pilot.press("down")
        await pilot.pause()
        assert whole(app) == "Blog"
        await pilot.press("z")
        await pilot.pause()
        assert whole(app) == ""
