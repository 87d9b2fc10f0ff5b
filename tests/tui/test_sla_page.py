"""The page of SLA figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_core.api_client import ApiClient
from uptop_tui.picture import ALL as ALL_NEWS
from uptop_tui.screens.overview import OverviewPage
from uptop_tui.screens.sla import SlaPage
from uptop_tui.sla import ALL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def told(seat: Seat) -> str:
    return str(seat.app.screen.query_one("#sum", Static).content)


async def test_what_was_down_stands_first_and_all_together_last(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), api("b"), hook()) as seat:
        await seat.sees("p", "a")
        await seat.sees("p", "b")
        seat.desk.helm.clock.at += 50
        await seat.goes_down("p", "b")
        seat.desk.helm.clock.at += 30
        await seat.comes_up("p", "b")
        await seat.press("7")
        await seat.until("read", lambda: seat.shown() == ["b", "a", "all 2 monitors"])
        assert seat.shown("outages") == ["1", "–", "1"]
        assert told(seat) == "the last 30 days"
        assert seat.rows.words(ALL)["down"] == seat.rows.words("b")["down"]
        await seat.press("s")
        assert seat.shown() == ["a", "b", "all 2 monitors"], "by name"


async def test_only_what_fits_the_filter_is_shown_and_summed_up(tmp_path: Path) -> None:
    things = (api("a", tags=("web",)), api("b", tags=("web",)), api("c"), hook())
    async with seated(tmp_path, *things) as seat:
        await seat.press("7")
        await seat.until("read", lambda: seat.shown() == ["a", "b", "c", "all 3 monitors"])
        await seat.press("slash")
        await seat.type("tag:web")
        await seat.until("filtered", lambda: seat.shown() == ["a", "b", "all 2 monitors"])
        assert told(seat).startswith("of what fits the filter: the last 30 days")
        await seat.press("left", "left", "left", "x")
        await seat.until("they go through the words", lambda: not seat.rows.ids)
        await seat.press("backspace", "enter", "right")
        await seat.until("the span", lambda: "the last 90 days" in told(seat))
        assert seat.shown() == ["a", "b", "all 2 monitors"]
        await seat.press("escape")
        await seat.until("all again", lambda: len(seat.rows.ids) == 4)
        await seat.press("escape")
        assert isinstance(seat.app.screen, OverviewPage)


async def test_figures_of_another_span_are_not_shown_for_the_one_that_is_chosen(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api("a"), hook()) as seat:
        await seat.press("7")
        await seat.until("read", lambda: seat.shown() == ["a"])
        async with ApiClient("http://127.0.0.1:9") as deaf:
            client, seat.app.client = seat.app.client, deaf
            await seat.press("right")
            await seat.until("none", lambda: not seat.rows.ids)
            assert (seat.rows.empty, told(seat)) == ("reading …", "")
            seat.app.client = client
        page = seat.app.screen
        assert isinstance(page, SlaPage)
        page.told(seat.app.picture, ALL_NEWS)
        await seat.until("read", lambda: seat.shown() == ["a"])
        assert told(seat).startswith("the last 90 days")


async def test_the_span_is_chosen_by_keys(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), hook()) as seat:
        await seat.press("7")
        await seat.until("read", lambda: seat.shown() == ["a"])
        assert told(seat) == "the last 30 days; 1 not observed at all"
        shown = [key.description for key in seat.app.screen.query(FooterKey)]
        assert {"Shorter", "Longer", "Sort"} <= set(shown), "the keys are told"
        await seat.press("right", "right", "right")
        await seat.until("a year", lambda: told(seat).startswith("the last 1 year"))
        await seat.press("left", "left", "left", "left", "left")
        await seat.until("a day", lambda: told(seat).startswith("the last 24 hours"))
