"""The keys at the foot: those that fit, whole, and a way to the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from textual.widgets._footer import FooterKey

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_tui.pages import PAGES
from uptop_tui.screens.foot import Key, fitting

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_tui.pages import PageEntry

pytestmark = pytest.mark.anyio

OWN = (Key("p", "Pause", "pause"), Key("u", "Resume", "resume"))
GENERAL = (
    Key("q", "Quit", "quit"),
    Key("?", "Help", "help"),
    Key("^p", "Commands", "command_palette"),
)


def line(room: int) -> str:
    return " ".join(f"{key.name} {key.words}".strip() for key in fitting((*OWN, *GENERAL), room))


def test_what_is_left_out_is_what_is_needed_least() -> None:
    whole = "p Pause u Resume q Quit ? Help ^p Commands"
    assert line(len(whole)) == whole
    assert line(len(whole) - 1) == "p Pause u Resume q Quit ? Help ^p"
    assert line(len("p Pause u Resume ? Help ^p")) == "p Pause u Resume ? Help ^p"
    assert line(20) == "p Pause ? More ^p"
    assert line(3) == "? More ^p", "the way to the others stays"


def is_up(seat: Seat, page: PageEntry) -> bool:
    return seat.app.screen.TITLE == page.page.TITLE


def shown(seat: Seat) -> list[FooterKey]:
    return list(seat.app.screen.query(FooterKey))


def words(seat: Seat) -> set[str]:
    return {key.description for key in shown(seat)}


async def test_no_key_is_cut_on_80_columns(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="admin", size=(80, 24)) as seat:
        for page in PAGES:
            await seat.press(page.key)
            await seat.until(page.name, partial(is_up, seat, page))
            await seat.until("its keys", lambda: "?" in {key.key_display for key in shown(seat)})
            await seat.pilot.pause()
            cut = [key.description for key in shown(seat) if key.region.right > 80]
            assert not cut, page.name
        await seat.pilot.resize_terminal(160, 24)
        await seat.press("1")
        await seat.until("there is room", lambda: "Commands" in words(seat))


async def test_a_viewer_is_offered_nothing_else_from_the_beginning(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="viewer") as seat:
        await seat.until("its keys", lambda: words(seat) == {"Filter", "Quit", "Help", "Commands"})
