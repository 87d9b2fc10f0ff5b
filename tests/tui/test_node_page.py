"""The page of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_tui.screens.nodes import NodePage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def about(seat: Seat) -> str:
    return str(seat.app.screen.query_one("#about", Static).content)


async def test_every_node_has_a_row_and_the_one_at_hand_is_told_of(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), probes=("p", "q")) as seat:
        await seat.sees("p", up=False)
        await seat.press("4")
        await seat.until("listed", lambda: seat.shown() == ["leader", "p", "q"])
        assert seat.shown("region") == ["–", "region-p", "region-q"]
        assert "the leader's own" in about(seat)
        await seat.press("down")
        await seat.until("the next", lambda: "region region-p" in about(seat))
        await seat.until("its votes", lambda: "sees 0 of 1 monitors up; down: m" in about(seat))
        await seat.press("down")
        await seat.until("the last", lambda: "it votes on no monitor now" in about(seat))


async def test_one_node_shows_what_it_sees(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), api("b"), hook()) as seat:
        await seat.sees("p", "a")
        await seat.sees("p", "b", up=False)
        await seat.press("4", "down", "enter")
        assert isinstance(seat.app.screen, NodePage)
        await seat.until("both", lambda: seat.shown("monitor") == ["b", "a"])
        assert seat.shown("sees") == ["▼ down", "● up"]
        assert seat.shown("found") == ["no answer", ""]


async def test_a_node_that_falls_silent_goes_up_the_list(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), probes=("p", "q")) as seat:
        await seat.press("4")
        for _ in range(14):
            seat.desk.helm.clock.at += 5
            await seat.sees("p")
        await seat.until("it is offline", lambda: seat.shown()[0] == "q")
        assert seat.shown("state")[0] == "▼ offline"
        assert seat.shown("trouble")[0] == "offline"
