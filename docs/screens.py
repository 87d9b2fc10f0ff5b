"""Takes the pictures of the terminal UI: every screen, on a terminal of 80×24 and on one of 160×48.

They are SVG: sharp at any size, small in git, and no letter of them comes from elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio

from docs.showcase import NOW
from uptop_leader.seal import token_hash
from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader, Leaders
from uptop_tui.pages import PAGES
from uptop_tui.screens.login import LoginApp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from textual.app import App
    from textual.pilot import Pilot

    from docs.showcase import ShownLeader

SIZES = {"80x24": (80, 24), "160x48": (160, 48)}
_TOKEN = "pictures"  # noqa: S105  of a leader that lasts for some seconds
_STILL_S, _PATIENCE_S = 1.5, 60.0
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_IDS = re.compile(r"terminal-\d+")
_PORTS = re.compile(r"127\.0\.0\.1:\d{5}")
_FONT = "'DejaVu Sans Mono', Menlo, Consolas, monospace"


class Shot(NamedTuple):
    """A screen that is reached from the overview by keys."""

    name: str
    keys: tuple[str, ...]


class PicturedApp(UptopApp):
    """The app at the moment of the showcase."""

    def now(self) -> int:
        return round(NOW * 1000)


def shots() -> Iterable[Shot]:
    """Every page, and what opens from them."""
    for page in PAGES:
        yield Shot(page.name, (page.key,))
    yield Shot("monitor", ("1", "slash", *"payments", "enter", "down", "enter"))
    yield Shot("incident", ("3", "enter"))
    yield Shot("node", ("4", "down", "enter"))
    yield Shot("form", ("1", "a", *"http", "enter"))
    yield Shot("post", ("3", "w"))
    yield Shot("help", ("1", "question_mark"))
    yield Shot("palette", ("1", "ctrl+p"))


def let_in(leader: ShownLeader) -> None:
    """Have an admin with a token, as the first start makes one."""
    user = leader.store.people.add_user("Ada", "admin", NOW)
    leader.store.people.add_token(user, "laptop", token_hash(_TOKEN), "upt_", None, NOW)


async def take_screens(url: str, folder: Path) -> None:
    """All pictures of the leader at `url`, into a folder."""
    for name, size in SIZES.items():
        login = LoginApp(Leaders(folder / "none.json"))
        async with login.run_test(size=size) as pilot:
            (folder / f"tui-login-{name}.svg").write_text(await _still(login, pilot))
        for shot in shots():
            app = PicturedApp(KeptLeader(url=url, token=_TOKEN, name="Acme"))
            async with app.run_test(size=size) as pilot:
                await _live(app, pilot)
                for key in shot.keys:
                    await pilot.press(key)
                    await pilot.pause()
                (folder / f"tui-{shot.name}-{name}.svg").write_text(await _still(app, pilot))


async def _live(app: UptopApp, pilot: Pilot[Any]) -> None:
    with anyio.fail_after(_PATIENCE_S):
        while not app.picture.connection.is_live:
            await pilot.pause(0.05)


async def _still(app: App[Any], pilot: Pilot[Any]) -> str:
    """The screen, when it has not changed for a while."""
    shown = ""
    with anyio.fail_after(_PATIENCE_S):
        while (now := _picture(app)) != shown:
            shown = now
            await pilot.pause(_STILL_S)
    return shown


def _picture(app: App[Any]) -> str:
    """The screen as SVG, with nothing in it that differs from one time to the next."""
    drawn = _FONT_FACE.sub("", app.export_screenshot())
    drawn = _IDS.sub("terminal", _PORTS.sub("127.0.0.1:18080", drawn))
    lines = drawn.replace("Fira Code", _FONT).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"
