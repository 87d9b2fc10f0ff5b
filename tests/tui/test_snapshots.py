"""Pages look as they did: each is compared, cell by cell, with a picture in `snapshots/`.

After a change that is meant, take them anew and look at them:
`TAKE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py`.
"""

from __future__ import annotations

import os
import re
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.leader.helms import api, hook
from tests.leader.store_samples import NOON
from tests.tui.screens import Seat, seated
from uptop_tui.app import UptopApp

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio

KEPT = Path(__file__).parent / "snapshots"
TAKEN_WITH = f"<!-- textual {version('textual')}, rich {version('rich')} -->"
IS_TAKING = bool(os.environ.get("TAKE_SNAPSHOTS"))


def of_this_version(name: str) -> pytest.MarkDecorator:
    """Other versions of the libraries draw the same page a little otherwise: nothing to compare."""
    file = KEPT / f"{name}.svg"
    made = file.read_text(encoding="utf-8").partition("\n")[0] if file.exists() else TAKEN_WITH
    is_other = not IS_TAKING and made != TAKEN_WITH
    return pytest.mark.skipif(is_other, reason=f"the picture was taken with another: {made}")


class StillApp(UptopApp):
    """For which it is always the same time: 20 s after the leader of the tests began."""

    def now(self) -> int:
        return round((NOON + 20) * 1000)


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moments are shown in local time, which is UTC here, and colours are wanted."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        patch.delenv("NO_COLOR", raising=False)
        time.tzset()
        yield
    time.tzset()


def picture(seat: Seat) -> str:
    """What is on the screen, without the number by which one SVG tells its styles from another's."""
    shot = re.sub(r"terminal-\d+", "terminal", seat.app.export_screenshot())
    lines = (line.rstrip() for line in shot.splitlines())
    return "\n".join((TAKEN_WITH, *lines, ""))


async def looks_as_kept(seat: Seat, name: str, *words: str) -> None:
    """The screen, once it says these words, is as in the picture of this name."""
    await seat.until(f"{words}", lambda: all(one in picture(seat) for one in words))
    file = KEPT / f"{name}.svg"
    if IS_TAKING:
        await seat.pilot.pause(1.5)
        file.write_text(picture(seat), encoding="utf-8")
        return
    kept = file.read_text(encoding="utf-8")
    await seat.until(f"it looks as {file}", lambda: picture(seat) == kept)


@of_this_version("matrix")
async def test_the_matrix_looks_as_it_did(tmp_path: Path) -> None:
    things = (api("shop"), api("mail"), hook())
    async with seated(tmp_path, *things, probes=("p", "q"), size=(80, 24), app_of=StillApp) as seat:
        await seat.sees("p", "shop")
        await seat.sees("p", "mail")
        await seat.press("2")
        await looks_as_kept(seat, "matrix", "shop", "mail", "p")


@of_this_version("nodes")
async def test_the_nodes_look_as_they_did(tmp_path: Path) -> None:
    things = (api("shop"), hook())
    async with seated(tmp_path, *things, role="admin", size=(80, 24), app_of=StillApp) as seat:
        await seat.sees("p", "shop")
        await seat.press("4", "down")
        await looks_as_kept(seat, "nodes", "joined", "sees&#160;1&#160;of&#160;1")


@of_this_version("incident")
async def test_an_incident_looks_as_it_did(tmp_path: Path) -> None:
    async with seated(tmp_path, api("shop"), hook(), app_of=StillApp) as seat:
        await seat.goes_down("p", "shop")
        await seat.press("3")
        await seat.until("it is listed", lambda: seat.shown("state") == ["▼ open"])
        await seat.press("enter")
        await looks_as_kept(seat, "incident", "Timeline", "confirmed&#160;DOWN", "region-p")
