"""The app on terminals at the far end of lines, several in one process."""

from __future__ import annotations

import gc
import logging
import sys
import weakref
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.system.waiting import until
from uptop_core.api_client import ApiClient
from uptop_tui.remote import Far, FarTerminal
from uptop_tui.typed import KEYS_AT_ONCE, PASTE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

pytestmark = pytest.mark.anyio

_NOBODY = "http://127.0.0.1:9"


class Shown:
    """What came to a terminal, and how its app ended."""

    def __init__(self, columns: int = 0, rows: int = 0) -> None:
        self.raw = b""
        self.ended: bool | None = None
        self.client = ApiClient(_NOBODY, token="t")
        self.terminal = FarTerminal(Far(columns=columns, rows=rows), self.client, "far", self._take)

    def _take(self, data: bytes) -> None:
        self.raw += data

    def start(self, tasks: TaskGroup) -> None:
        tasks.start_soon(self._run)

    async def _run(self) -> None:
        self.ended = await self.terminal.run()

    async def until(self, what: str, ask: Callable[[], object]) -> None:
        await until(what, ask, 10)


async def test_two_beside_each_other_leave_the_output_of_the_process_alone() -> None:
    before = sys.stdout, sys.stderr
    first, second = Shown(columns=80, rows=24), Shown()
    async with anyio.create_task_group() as tasks:
        first.start(tasks)
        await first.until("drawn", lambda: b"Overview" in first.raw)
        second.start(tasks)
        await second.until("drawn", lambda: b"Overview" in second.raw)
        assert (sys.stdout, sys.stderr) == before
        first.terminal.typed(b"q")
        await first.until("over", lambda: first.ended)
        assert second.ended is None
        second.terminal.end()
    assert second.ended
    assert (sys.stdout, sys.stderr) == before


async def test_what_nobody_takes_is_left_out_and_then_all_is_drawn_anew() -> None:
    shown = Shown(columns=80, rows=24)
    async with anyio.create_task_group() as tasks:
        shown.start(tasks)
        await shown.until("drawn", lambda: b"Overview" in shown.raw)
        shown.terminal.hold()
        held = len(shown.raw)
        shown.terminal.typed(b"0")
        await shown.until("left out", lambda: shown.terminal.lacks_frames)
        assert len(shown.raw) == held
        shown.terminal.go_on()
        await shown.until("drawn anew", lambda: b"Settings" in shown.raw[held:])
        shown.terminal.end()


async def test_a_lone_escape_is_a_key() -> None:
    shown = Shown()
    async with anyio.create_task_group() as tasks:
        shown.start(tasks)
        await shown.until("drawn", lambda: b"Overview" in shown.raw)
        shown.terminal.typed(b"0")
        await shown.until("there", lambda: b"Settings" in shown.raw)
        shown.raw = b""
        shown.terminal.typed(b"\x1b")
        await shown.until("back", lambda: b"Overview" in shown.raw)
        shown.terminal.end()


async def test_an_app_that_breaks_ends_alone_and_the_log_shows_no_values(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def boom() -> None:
        secret = "a-secret-value"  # noqa: F841  what a traceback with values would show
        raise ValueError("boom")

    shown = Shown()
    with caplog.at_level(logging.ERROR):
        async with anyio.create_task_group() as tasks:
            shown.start(tasks)
            await shown.until("drawn", lambda: b"Overview" in shown.raw)
            shown.terminal.app.call_later(boom)
    assert shown.ended is False
    assert "the terminal UI broke: boom" in caplog.text
    assert capsys.readouterr() == ("", "")
    assert "a-secret-value" not in caplog.text
    assert b"a-secret-value" not in shown.raw


async def test_one_that_is_ended_before_it_began_does_not_begin() -> None:
    shown = Shown()
    shown.terminal.end()
    with anyio.fail_after(5):
        assert await shown.terminal.run()
    assert shown.raw == b""


async def test_nothing_of_an_app_is_left_when_it_is_over() -> None:
    async def look() -> weakref.ref[object]:
        shown = Shown()
        async with anyio.create_task_group() as tasks:
            shown.start(tasks)
            await shown.until("drawn", lambda: b"Overview" in shown.raw)
            shown.terminal.typed(b"q")
        return weakref.ref(shown.terminal.app)

    left = await look()
    gc.collect()
    assert left() is None


@pytest.mark.parametrize(
    ("kind", "color", "colors"),
    [
        ("xterm-256color", "", "256"),
        ("xterm-256color", "truecolor", "truecolor"),
        ("xterm-kitty", "", "truecolor"),
        ("linux", "", "standard"),
        ("", "", "standard"),
    ],
)
def test_colours_are_those_that_the_terminal_has(kind: str, color: str, colors: str) -> None:
    assert Far(kind=kind, color=color).colors == colors


@pytest.mark.parametrize(
    ("columns", "rows", "size"),
    [(80, 24, (80, 24)), (0, 0, (80, 24)), (1, 1, (20, 5)), (2**31, 2**31, (500, 200))],
)
def test_a_size_that_cannot_be_drawn_is_not_believed(
    columns: int, rows: int, size: tuple[int, int]
) -> None:
    assert Shown(columns=columns, rows=rows).terminal.size == size


async def test_a_terminal_that_says_it_is_huge_among_its_keys_is_not_believed() -> None:
    shown = Shown(columns=80, rows=24)
    async with anyio.create_task_group() as tasks:
        shown.start(tasks)
        await shown.until("drawn", lambda: b"Overview" in shown.raw)
        shown.terminal.typed(b"\x1b[48;99999;99999;0;0t")
        shown.terminal.typed(b"\x1b[<0;5;5M\x1b[<0;5;5m")
        shown.terminal.typed(b"0")
        await shown.until("it goes on", lambda: b"Settings" in shown.raw)
        assert shown.terminal.app.size == (80, 24)
        shown.terminal.end()


async def test_of_a_paste_that_never_ends_nothing_is_kept() -> None:
    shown = Shown(columns=80, rows=24)
    async with anyio.create_task_group() as tasks:
        shown.start(tasks)
        await shown.until("drawn", lambda: b"Overview" in shown.raw)
        shown.terminal.typed(b"\x1b[200")
        shown.terminal.typed(b"~0")
        for _ in range(PASTE_LIMIT // 4096 + 2):
            shown.terminal.typed(b"0" * 4096)
        await shown.until("it is told", lambda: b"cannot be pasted" in shown.raw)
        shown.terminal.typed(b"0000\x1b[20")
        assert b"Settings" not in shown.raw
        shown.terminal.typed(b"1~0")
        await shown.until("keys are keys again", lambda: b"Settings" in shown.raw)
        shown.terminal.end()


async def test_keys_that_nobody_can_press_so_fast_are_left_out() -> None:
    shown = Shown(columns=80, rows=24)
    async with anyio.create_task_group() as tasks:
        shown.start(tasks)
        await shown.until("drawn", lambda: b"Overview" in shown.raw)
        shown.terminal.typed(b"j" * 20_000)
        assert shown.terminal.app.message_queue_size < 2 * KEYS_AT_ONCE
        shown.terminal.end()
