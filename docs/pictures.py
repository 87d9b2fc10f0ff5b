"""Takes the pictures in the documents: `hatch run pictures`.

What they show is `docs/showcase.py`; a picture changes only when what it shows does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import uvicorn

from docs.browser import browsing
from docs.screens import let_in, take_screens
from docs.showcase import NOW, monitor_id, showcase
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docs.browser import Tab
    from uptop_leader.leader import Leader

FOLDER = Path(__file__).parent / "pictures"
_DESK, _PHONE = (1180, 1500), (390, 1100)


async def take(folder: Path) -> None:
    """All pictures, into a folder."""
    with tempfile.TemporaryDirectory() as place, showcase(Path(place)) as leader:
        let_in(leader)
        async with _served(leader) as url:
            await take_screens(url, folder)
        async with _served(leader) as url, browsing() as browser, browser.tab() as tab:
            await tab.zone("Europe/Berlin")
            await tab.clock(NOW + 20)
            await tab.size(*_DESK)
            await _picture(tab, f"{url}/status", folder / "status.png")
            await tab.look(dark=True)
            await _picture(tab, f"{url}/status", folder / "status-dark.png")
            await tab.look()
            page = f"{url}/status/monitors/{monitor_id('Payments')}"
            await _picture(tab, page, folder / "status-monitor.png")
            await tab.size(*_PHONE, phone=True)
            await _picture(tab, f"{url}/status", folder / "status-phone.png")


async def _picture(tab: Tab, url: str, path: Path) -> None:
    await tab.open(url)
    await tab.picture(path, whole=False)


@asynccontextmanager
async def _served(leader: Leader) -> AsyncIterator[str]:
    config = uvicorn.Config(
        build_app(leader), host="127.0.0.1", port=0, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        with anyio.fail_after(10):
            while not server.started:  # noqa: ASYNC110  the server has no such event
                await anyio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True


def main() -> None:
    """Take them all, and say which."""
    FOLDER.mkdir(exist_ok=True)
    os.environ["TZ"] = "Europe/Berlin"  # that of the readers in the pictures
    time.tzset()
    anyio.run(take, FOLDER)
    for path in sorted((*FOLDER.glob("*.png"), *FOLDER.glob("*.svg"))):
        sys.stdout.write(f"{path.relative_to(FOLDER.parent.parent)}\n")


if __name__ == "__main__":
    main()
