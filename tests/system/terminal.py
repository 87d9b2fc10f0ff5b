"""A terminal with a person at its keyboard: tmux on a socket of its own, so that nothing else of the
machine is touched. Keys go in, and what the screen shows comes out.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from tests.system.processes import clean_environment
from tests.system.waiting import PATIENCE_S, until

TMUX = shutil.which("tmux")
_KEYS = {
    "backspace": "BSpace", "down": "Down", "enter": "Enter", "escape": "Escape", "left": "Left",
    "right": "Right", "space": "Space", "tab": "Tab", "up": "Up", "end": "End",
}  # fmt: skip


class Terminal:
    """One screen of so many columns and rows."""

    def __init__(self, socket: Path, ended: Path) -> None:
        self._socket, self._ended = socket, ended
        self.shown = ""
        """What stood on the screen when it was looked at last."""

    async def press(self, *keys: str) -> None:
        """Press keys by their names: `enter`, `down`, `C-s`, `a`, one after the other."""
        for key in keys:
            await self._tmux("send-keys", "-t", "one", _KEYS.get(key, key))

    async def go(self, key: str, *words: str) -> None:
        """Press a key that leads to another field, and wait until the cursor stands there (and these
        words do): who types on sooner than they see it writes into the one before.
        """
        before = await self._cursor()
        await self.press(key)
        await self.shows(*words)

        async def moved() -> bool:
            return await self._cursor() != before

        await until(f"{key} moves the cursor", moved)

    async def type(self, words: str) -> None:
        """Write words."""
        await self._tmux("send-keys", "-t", "one", "-l", words)

    async def write(self, words: str, *, hidden: bool = False) -> None:
        """Write words, and wait until they stand there (`hidden`: as dots)."""
        await self.type(words)
        await self.shows("•" * min(len(words), 20) if hidden else words[-24:])

    async def look(self) -> str:
        """The screen as it is now."""
        said = await self._tmux("capture-pane", "-p", "-t", "one")
        self.shown = said.decode()
        return self.shown

    async def shows(self, *words: str, within_s: float = PATIENCE_S) -> str:
        """Wait until all of these stand on the screen, each in one line; the screen then."""

        async def all_there() -> bool:
            shown = await self.look()
            return all(any(_holds(line, one) for line in shown.splitlines()) for one in words)

        try:
            await until(f"the screen shows {words}", all_there, within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.shown}") from None
        return self.shown

    async def goes(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait until these words are on the screen no more."""

        async def gone() -> bool:
            return not any(_holds(line, words) for line in (await self.look()).splitlines())

        await until(f"{words} goes from the screen", gone, within_s)

    async def ends(self, within_s: float = PATIENCE_S) -> int:
        """Wait until the program has ended; its exit code."""
        await until("the program ends", lambda: self._ended.is_file(), within_s)
        return int(self._ended.read_text())

    async def _cursor(self) -> bytes:
        return await self._tmux("display-message", "-p", "-t", "one", "#{cursor_x},#{cursor_y}")

    async def _tmux(self, *arguments: str) -> bytes:
        assert TMUX is not None
        with anyio.fail_after(20):
            done = await anyio.run_process(
                [TMUX, "-S", str(self._socket), *arguments], check=False, env=_environment({})
            )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@asynccontextmanager
async def terminal(
    folder: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Terminal]:
    """A terminal in which `command` runs, with only these settings of ours."""
    assert TMUX is not None
    socket, ended = folder / "tmux", folder / "exit-code"
    columns, rows = map(str, size)
    line = shlex.join(
        ["env", "-i", *(f"{k}={v}" for k, v in _environment(environment).items()), *command]
    )
    begin = [
        *(TMUX, "-S", str(socket), "-f", "/dev/null"),
        *("new-session", "-d", "-s", "one", "-x", columns, "-y", rows, "-c", str(folder)),
        *(f"{line}; {_tell_end(ended)}", ";", "set-option", "-g", "remain-on-exit", "on"),
    ]
    await anyio.run_process(begin, env=_environment({}))
    try:
        yield Terminal(socket, ended)
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(20):
            await anyio.run_process([TMUX, "-S", str(socket), "kill-server"], check=False)


def _tell_end(ended: Path) -> str:
    """What a shell does to leave an exit code in a file, all at once. tmux knows it as well, but forgets
    now and then to ask for it.
    """
    half = shlex.quote(f"{ended}.part")
    return f"echo $? > {half}; mv {half} {shlex.quote(str(ended))}"


def python(*arguments: str) -> list[str]:
    """A command line of our own interpreter."""
    return [sys.executable, *arguments]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return clean_environment(
        {"LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}
    )


def _holds(line: str, words: str) -> bool:
    """Whether words stand in a line, however many blanks lie between them."""
    return " ".join(words.split()) in " ".join(line.split())
