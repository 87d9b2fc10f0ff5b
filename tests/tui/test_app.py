"""The app as a whole: it shows the leader live, says when it is away, and comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.helms import api, hook
from tests.system.waiting import until
from tests.tui.screens import seated
from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader
from uptop_tui.overview import width
from uptop_tui.pages import PAGES
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.headline import Headline
from uptop_tui.screens.help import HelpScreen
from uptop_tui.screens.incident import IncidentPage
from uptop_tui.screens.nodes import NodePage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def _headline(app: UptopApp) -> str:
    return str(app.screen.query_one(Headline).content)


async def test_the_overview_is_live(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        assert seat.shown("status") == ["○ PENDING"]
        await seat.sees("p", "m")
        await seat.until("up", lambda: seat.shown("status") == ["● UP"])
        assert "● live" in _headline(seat.app)
        assert "UP 1 / 1" in _headline(seat.app)


async def test_however_long_a_name_is_the_headline_says_whether_it_is_live(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m", name="監視" * 40), hook(), size=(40, 24)) as seat:
        await seat.press("enter")
        await seat.until("opened", lambda: "監視" in _headline(seat.app))
        first, second = _headline(seat.app).splitlines()
        assert (width(first), first.endswith("● live")) == (38, True)
        assert second.startswith("UP 0 / 1")


async def test_a_follower_is_said_to_stand_by_or_to_act(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        me = seat.app.picture.me
        assert me is not None
        follower = replace(seat.app.picture, me=replace(me, place="follower", active=False))
        seat.app.screen.query_one(Headline).show(follower, "here", seat.app.now())
        assert "● live, stands by" in _headline(seat.app)
        acting = replace(follower, me=replace(me, place="follower", active=True))
        seat.app.screen.query_one(Headline).show(acting, "here", seat.app.now())
        assert "● live, acts for the leader" in _headline(seat.app)


async def test_help_explains_and_goes(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await seat.press("question_mark")
        assert isinstance(seat.app.screen, HelpScreen)
        await seat.press("escape")
        assert not isinstance(seat.app.screen, HelpScreen)


async def test_a_leader_that_nobody_hears_is_said_to_be_away() -> None:
    app = UptopApp(KeptLeader(url="http://127.0.0.1:9", token="t", name="gone"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await until("said", lambda: "leader away" in _headline(app), 10)
        assert "nothing has been heard yet" in _headline(app)


async def test_an_error_is_told_and_is_no_traceback(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        app = seat.app
        assert await app.do(lambda: app.client.read("monitors", "nobody")).wait() is None
        await seat.until("told", lambda: list(app._notifications))
        (notice,) = app._notifications
        assert (notice.severity, "no monitor has this id" in notice.message) == ("error", True)
        done = app.do(lambda: app.client.pause("m"), lambda done: f"{len(done.done)} paused")
        assert (await done.wait()) is not None


async def test_the_palette_offers_pages_and_what_the_page_can_do(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="viewer") as seat:
        titles = {command.title for command in seat.app.get_system_commands(seat.app.screen)}
        assert {"Go to Matrix (2)", "Filter (/)", "Theme", "Help (?)"} <= titles
        assert titles.isdisjoint({"Pause (p)", "Go to Logs (8)"})
    other = tmp_path / "other"
    other.mkdir()
    async with seated(other, api("m"), hook(), role="admin") as seat:
        titles = {command.title for command in seat.app.get_system_commands(seat.app.screen)}
        assert {"Pause (p)", "Recheck now (r)", "Maintenance (m)", "Go to Logs (8)"} <= titles


def test_help_has_no_line_that_ends_within_a_sentence() -> None:
    helps = [page.page.HELP for page in PAGES]
    for text in (*helps, FilterBar.HELP, IncidentPage.HELP, NodePage.HELP):
        assert all(line.endswith(".") for line in text.splitlines() if len(line) > 60), text


def test_every_page_has_a_key_and_a_name_of_its_own() -> None:
    assert len({page.key for page in PAGES}) == len({page.name for page in PAGES}) == len(PAGES)
    assert all(page.page.HELP and page.page.TITLE for page in PAGES)


async def test_the_key_of_a_page_leads_to_the_page_itself(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await seat.press("enter")
        await seat.until("opened", lambda: seat.app.screen.TITLE == "Monitor")
        await seat.press("2")
        await seat.until("matrix", lambda: seat.app.screen.TITLE == "Matrix")
        await seat.press("1")
        await seat.until("overview", lambda: seat.app.screen.TITLE == "Overview")
        await seat.until("live", lambda: seat.shown() == ["m"])


@pytest.mark.parametrize(
    ("page", "keys"), [("1", "purmed"), ("3", "awm"), ("5", "edt"), ("6", "ed")]
)
async def test_a_key_that_finds_nothing_to_act_on_says_so(
    tmp_path: Path, page: str, keys: str
) -> None:
    async with seated(tmp_path, probes=()) as seat:
        await seat.press(page)
        for number, key in enumerate(keys, 1):
            await seat.press(key)
            await seat.until(key, partial(_are_told, seat.app, number))


def _are_told(app: UptopApp, count: int) -> bool:
    told = [notice.message for notice in app._notifications]
    return told == ["there is nothing here to do that with"] * count
