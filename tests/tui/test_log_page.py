"""The page of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from tests.leader.helms import api, hook
from tests.tui.screens import seated
from uptop_tui.screens.logs import LogsPage
from uptop_tui.screens.overview import OverviewPage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_what_was_done_is_listed_and_told_of(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="admin") as seat:
        await seat.app.client.change("monitors", "m", {"interval": 30})
        await seat.press("8")
        assert isinstance(seat.app.screen, LogsPage)
        await seat.until("listed", lambda: seat.shown("what")[:1] == ["monitor changed"])
        assert seat.shown("about")[0] == "m"
        about = seat.app.screen.query_one("#about", Static)
        await seat.until("told", lambda: "admin: monitor changed m" in str(about.content))


async def test_a_filter_asks_the_leader_and_looks_for_words(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), api("n"), hook(), role="admin") as seat:
        await seat.app.client.pause("m", "n")
        await seat.press("8")
        await seat.until("listed", lambda: seat.shown("about")[:2] == ["n", "m"])
        await seat.press("slash")
        await seat.type("who:admin about:n")
        await seat.until("asked", lambda: seat.shown("about") == ["n"])
        await seat.press("enter")
        assert seat.app.focused is seat.rows
        await seat.press("slash")
        seat.app.screen.query_one(Input).value = "since:never"
        wrong = seat.app.screen.query_one("#wrong", Static)
        await seat.until("said", lambda: "since: must be how long ago" in str(wrong.content))


async def test_it_is_for_admins(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="editor") as seat:
        await seat.press("8")
        assert isinstance(seat.app.screen, OverviewPage)
