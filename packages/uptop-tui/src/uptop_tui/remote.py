"""The same app on a terminal at the far end of a line (SSH), in a process that serves several.

In: bytes that were typed there, and its size. Out: bytes to show. Whoever holds the line calls
`FarTerminal`; nothing of this machine (its terminal, files, browser, output) is used or shown.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TextIO

from msgspec import Struct
from rich.console import Console
from textual import constants, events
from textual.driver import Driver
from textual.geometry import Size

from uptop_tui.app import UptopApp
from uptop_tui.leaders import KeptLeader
from uptop_tui.typed import PASTE_LIMIT, Keys, Typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from uptop_core.api_client import ApiClient

log = logging.getLogger(__name__)

NARROWEST, WIDEST = Size(20, 5), Size(500, 200)
_USUAL = Size(80, 24)
_SETTLES_S = constants.ESCAPE_DELAY + 0.02  # after so long an Escape is a key, not a beginning
_ON = (
    "\x1b[?1049h",  # the other screen
    "\x1b[?25l",  # no cursor
    "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h",  # the mouse
    "\x1b[?1004h",  # tell of focus
    "\x1b[?2004h",  # tell what is pasted
    "\x1b[?7l",  # do not wrap lines
    "\x1b[?2026$p",  # can updates be shown in one piece?
)
_OFF = (
    "\x1b[?7h\x1b[?2004l\x1b[?1004l",
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l",
    "\x1b[?1049l\x1b[?25h",
)
_TRUE_COLOR = ("-direct", "kitty", "alacritty", "foot", "wezterm", "ghostty")


class Far(Struct, frozen=True, kw_only=True):
    """What is known of a terminal: its kind (TERM), COLORTERM, and its size in characters."""

    kind: str = ""
    color: str = ""
    columns: int = 0
    rows: int = 0

    @property
    def colors(self) -> Literal["standard", "256", "truecolor"]:
        """How many colours it shows."""
        if self.color in ("truecolor", "24bit") or any(word in self.kind for word in _TRUE_COLOR):
            return "truecolor"
        return "256" if "256" in self.kind else "standard"


class FarTerminal:
    """One terminal, and the app on it. `write` takes bytes and does not wait."""

    def __init__(
        self, far: Far, client: ApiClient, name: str, write: Callable[[bytes], None]
    ) -> None:
        self.size = _sensible(far.columns, far.rows)
        self._driver: _FarDriver | None = None
        self._is_over = False
        self.write = write
        self.is_held = False
        """The far end does not keep up: what is drawn meanwhile is left out."""
        self.lacks_frames = False
        self.app = _FarApp(self, client, KeptLeader(url=client.url, name=name), far)

    async def run(self) -> bool:
        """Show the app until somebody quits; False when it broke."""
        if not self._is_over:
            await self.app.run_async(size=(self.size.width, self.size.height))
        return not self.app.return_code

    def attach(self, driver: _FarDriver) -> None:
        """The app is about to draw."""
        self._driver = driver
        if self._is_over:
            self.app.exit()

    def typed(self, data: bytes) -> None:
        """Take what was typed there."""
        if self._driver is not None:
            self._driver.typed(data)

    def resized(self, columns: int, rows: int) -> None:
        """It has another size now."""
        self.size = _sensible(columns, rows)
        if self._driver is not None:
            self._driver.resized(self.size)

    def hold(self) -> None:
        """The far end does not take more for now."""
        self.is_held = True

    def go_on(self) -> None:
        """It does again; all is drawn anew."""
        self.is_held = False
        if self.lacks_frames:
            self.lacks_frames = False
            self.app.call_later(self.app.draw_anew)

    def end(self) -> None:
        """Close the app; `run` returns soon."""
        self._is_over = True
        if self._driver is not None:
            self.app.exit()


class _FarApp(UptopApp):
    """The app, without what would reach for the machine it runs on."""

    def __init__(
        self, terminal: FarTerminal, client: ApiClient, leader: KeptLeader, far: Far
    ) -> None:
        super().__init__(leader, client=client, driver_class=_FarDriver)
        self.terminal = terminal
        self.console = Console(
            color_system=far.colors,
            file=self.console.file,  # Textual's: nothing is ever printed
            markup=True,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            force_terminal=True,
            _environ={},
        )
        self.error_console = Console(file=io.StringIO())  # tracebacks with values are nobody's
        # An app takes the output of the whole process while it runs; several would undo each other.
        self._capture_stdout: Any = sys.stdout
        self._capture_stderr: Any = sys.stderr

    def draw_anew(self) -> None:
        """Draw the whole screen."""
        self.screen.refresh(layout=True)

    def save_screenshot(self, *_: Any, **__: Any) -> str:
        """Nothing is written to the disk of the machine this runs on."""
        self.tell("pictures cannot be saved over SSH", is_error=True)
        return ""

    def _handle_exception(self, error: Exception) -> None:
        log.error("the terminal UI broke: %s", error, exc_info=error)
        super()._handle_exception(error)


class _FarDriver(Driver):
    """Textual's way to a terminal, along the line."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert isinstance(app, _FarApp)  # noqa: S101  nobody else makes one
        self._loop.set_task_factory(None)  # Textual sets an eager one, for the whole loop
        self._terminal = app.terminal
        self._parser = Keys()
        self._typed = Typed(self._loop.time())
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._takes_input = False
        self._settling: asyncio.TimerHandle | None = None
        self._terminal.attach(self)

    # Towards the app

    def typed(self, data: bytes) -> None:
        """Make keys and clicks of bytes."""
        if not self._takes_input or not (text := self._decode(data)):
            return
        was_too_much = self._typed.is_too_much
        text = self._typed.taken(text)
        if self._typed.is_too_much and not was_too_much:
            self._parser = Keys()
            self._app.notify(f"more than {PASTE_LIMIT >> 10} KiB cannot be pasted at once")
        if not text:  # to the parser that would be the end
            return
        for message in self._parser.feed(text):
            is_taken = self._typed.has_room(self._loop.time())
            if is_taken and not isinstance(message, events.Resize):
                self.process_message(message)
        if self._settling is not None:
            self._settling.cancel()
        self._settling = self._loop.call_later(_SETTLES_S, self._settle)

    def resized(self, size: Size) -> None:
        """Tell the app of its new size."""
        self._size = (size.width, size.height)
        self.process_message(events.Resize(size, size))

    def _settle(self) -> None:
        for message in self._parser.tick():
            self.process_message(message)

    # Towards the terminal

    def write(self, data: str) -> None:
        if self._terminal.is_held:
            self._terminal.lacks_frames = True
        else:
            self._terminal.write(data.encode("utf-8", "replace"))

    def start_application_mode(self) -> None:
        self._terminal.write("".join(_ON).encode())
        self._takes_input = True

    def disable_input(self) -> None:
        self._takes_input = False
        if self._settling is not None:
            self._settling.cancel()

    def stop_application_mode(self) -> None:
        self.disable_input()
        for _ in self._parser.feed(""):  # its end: what it holds of the last key goes with it
            pass
        self._terminal.write("".join(_OFF).encode())

    # What would be this machine's

    def open_url(self, url: str, **_: Any) -> None:  # type: ignore[override]  # all is one here
        self._app.notify(url, title="open it where you are", markup=False)

    def deliver_binary(self, binary: BinaryIO | TextIO, **_: Any) -> None:
        binary.close()
        self._app.notify("files cannot be saved over SSH", severity="warning")


def _sensible(columns: int, rows: int) -> Size:
    """A size that can be drawn; a terminal that does not tell its own has the usual one."""
    if columns <= 0 or rows <= 0:
        return _USUAL
    return Size(
        min(max(columns, NARROWEST.width), WIDEST.width),
        min(max(rows, NARROWEST.height), WIDEST.height),
    )
