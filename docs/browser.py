"""A browser without a window, driven over the DevTools protocol: for pictures, and for tests that
look at pages as people do.

It is the system's Chromium, so nothing is downloaded; what is spoken with it is a few JSON messages.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from websockets.asyncio.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = (
    *("--headless=new", "--remote-debugging-port=0", "--disable-gpu", "--hide-scrollbars"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-dev-shm-usage", "--mute-audio", "--disable-sync", "--lang=en-GB"),
    "--force-color-profile=srgb",
)
_START_S, _WAIT_S = 60.0, 30.0
_KEYS = {
    "Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Space": (32, " "), "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""), "Home": (36, ""),
    "End": (35, ""),
}  # fmt: skip


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class PageError(Exception):
    """What was asked of the page raised an exception there."""


class Tab:
    """One page. Sizes and places are CSS pixels."""

    def __init__(
        self, socket: ClientConnection, session: str, numbers: itertools.count[int]
    ) -> None:
        self._socket = socket
        self._session = session
        self._numbers = numbers
        self.told: list[str] = []
        """What the page wrote to its console, and what was refused to it."""

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; returns its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        with anyio.fail_after(_WAIT_S):
            await self._socket.send(json.dumps(message))
            while True:
                answer: dict[str, Any] = json.loads(await self._socket.recv())
                if answer.get("id") == number:
                    break
                self._listen(answer)
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _listen(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Log.entryAdded":
            self.told.append(parameters["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.told.append(json.dumps(parameters["exceptionDetails"]))

    async def begin(self) -> None:
        """Listen to what the page says."""
        for domain in ("Page", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")

    async def open(self, url: str) -> None:
        """Load a page, and wait until it is there."""
        await self.js("window.leaving = true")
        await self.ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && !window.leaving")

    async def js(self, expression: str) -> Any:
        """The value of an expression, or of what it promises."""
        found = await self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise PageError(json.dumps(found["exceptionDetails"])[:500])
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        with anyio.fail_after(_WAIT_S):
            while not await self._holds(expression):  # noqa: ASYNC110  a page has no such event
                await anyio.sleep(0.02)

    async def _holds(self, expression: str) -> bool:
        try:
            return bool(await self.js(expression))
        except PageError:  # the page is just being replaced
            return False

    async def size(self, width: int, height: int = 900, *, phone: bool = False) -> None:
        """The size of the window; a phone has a finger in place of a mouse."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        await self.ask("Emulation.setTouchEmulationEnabled", enabled=phone)

    async def look(self, *, dark: bool = False, printed: bool = False) -> None:
        """Which colours the reader prefers, and whether it is paper."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if printed else ""
        await self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def zone(self, name: str) -> None:
        """The time zone of the reader."""
        await self.ask("Emulation.setTimezoneOverride", timezoneId=name)

    async def clock(self, at: float) -> None:
        """What the reader's clock shows when a page is opened (Unix seconds); it goes on from there."""
        source = f"""(() => {{
            const real = Date.now, ahead = {at * 1000:.0f} - real();
            Date.now = () => real() + ahead;
        }})()"""
        await self.ask("Page.addScriptToEvaluateOnNewDocument", source=source)

    async def offline(self, *, away: bool) -> None:
        """Cut the page off from every server, or let it reach them again."""
        await self.ask("Network.enable")
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await self.ask("Network.emulateNetworkConditions", offline=away, **conditions)

    async def scripts(self, *, on: bool) -> None:
        """Whether the page may run scripts."""
        await self.ask("Emulation.setScriptExecutionDisabled", value=not on)

    async def press(self, key: str, times: int = 1) -> None:
        """Press a key, as a keyboard does."""
        code, text = _KEYS[key]
        both = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        for _ in range(times):
            down = "keyDown" if text else "rawKeyDown"
            await self.ask("Input.dispatchKeyEvent", type=down, text=text, **both)
            await self.ask("Input.dispatchKeyEvent", type="keyUp", **both)

    async def write(self, words: str) -> None:
        """Type words into what has the focus."""
        await self.ask("Input.insertText", text=words)

    async def point(self, x: float, y: float) -> None:
        """Move the mouse there."""
        await self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def tap(self, x: float, y: float) -> None:
        """Touch a place with a finger, and let go."""
        await self.ask(
            "Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}]
        )
        await self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def picture(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the whole page, or of what is to be seen of it."""
        clip: dict[str, Any] = {}
        if whole:
            found = (await self.ask("Page.getLayoutMetrics"))["cssContentSize"]
            box = {"x": 0, "y": 0, "width": found["width"], "height": found["height"], "scale": 1}
            clip = {"clip": box, "captureBeyondViewport": True}
        shot = await self.ask("Page.captureScreenshot", format="png", **clip)
        await anyio.Path(path).write_bytes(base64.b64decode(shot["data"]))


class Browser:
    """A running browser."""

    def __init__(self, address: str) -> None:
        self._address = address

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A page of its own: no other knows what it keeps."""
        async with connect(self._address, max_size=None) as socket:
            numbers = itertools.count(1)
            root = Tab(socket, "", numbers)
            context = (await root.ask("Target.createBrowserContext"))["browserContextId"]
            target = await root.ask(
                "Target.createTarget", url="about:blank", browserContextId=context
            )
            attached = await root.ask(
                "Target.attachToTarget", targetId=target["targetId"], flatten=True
            )
            tab = Tab(socket, attached["sessionId"], numbers)
            await tab.begin()
            yield tab
            await root.ask("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser, until the block ends."""
    program = chromium()
    if program is None:
        raise FileNotFoundError(f"there is no browser: {', '.join(NAMES)}")
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(_FLAGS)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [program, *flags, f"--user-data-dir={folder}", "about:blank"]
        null = subprocess.DEVNULL
        async with await anyio.open_process(
            command, stdin=null, stdout=null, stderr=null
        ) as process:
            try:
                yield Browser(await _address(anyio.Path(folder) / "DevToolsActivePort"))
            finally:
                process.terminate()
                with anyio.CancelScope(shield=True):
                    await process.wait()


async def _address(told: anyio.Path) -> str:
    """Where the browser listens, as soon as it says so."""
    with anyio.fail_after(_START_S):
        while True:
            lines = (await told.read_text()).split() if await told.exists() else []
            if len(lines) > 1:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            await anyio.sleep(0.05)
