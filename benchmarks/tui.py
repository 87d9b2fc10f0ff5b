"""The terminal UI: what it costs to look at a busy leader, and whether it takes every key meanwhile.

A real `uptop-tui` on a terminal of 160 × 48 looks at a stand-in of a leader. First paint is the CPU of
the process until the table of 1 000 monitors is on the terminal; what Python and its imports take is
told beside it. Then 2 000 monitors at 100 results a second: its share of a core, at first while nobody
touches it, then while a key is pressed each tenth of a second. Where the cursor is at the end is seen
by opening the monitor that it is on.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from benchmarks import Row
from benchmarks._children import Child, clean_environ
from benchmarks._goals import row
from benchmarks._shown_leader import ShownLeader, name, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS, LINES = 160, 48
RATE = 100
_PAUSE_S = 0.1
_PATIENCE_S = 60.0
_DOWN, _ENTER = b"\x1b[B", b"\r"


class Terminal:
    """What a process has written to its terminal, and the keys it is given."""

    def __init__(self, side: int, child: Child) -> None:
        self.child = child
        self.written = bytearray()
        self._side = side

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._side, key)

    def look(self, seconds: float) -> None:
        """Take what it writes, for that long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._side], [], [], left)[0]:
                self.written += os.read(self._side, 65536)

    def wait_for(self, is_there: Callable[[bytes], bool]) -> None:
        """Until it has written that."""
        end = time.monotonic() + _PATIENCE_S
        while not is_there(bytes(self.written)):
            if time.monotonic() > end:
                raise RuntimeError("the screen does not show what it should")
            self.look(0.02)


@contextmanager
def screen(url: str) -> Iterator[Terminal]:
    """An `uptop-tui` that looks at the leader there."""
    side, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "UPTOP_TOKEN": "bench",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "uptop_tui", "--url", url],
            env=clean_environ(told), cwd=folder, stdin=other, stdout=other, stderr=other,
            start_new_session=True,
        )  # fmt: skip
        os.close(other)
        child = Child(process)
        try:
            yield Terminal(side, child)
        finally:
            child.stop()
            os.close(side)


class Seen(Struct, frozen=True):
    """Shares are percent of a core, memory is in MB."""

    idle: float
    pressed: float
    dropped: int
    memory_mb: float
    grown_mb: float


def measure(*, short: bool = False) -> list[Row]:
    """All rows."""
    imports_ms = median(_imports() for _ in range(1 if short else 3))
    whole_ms = median(_first_paint(20 if short else 1000) for _ in range(1 if short else 3))
    seen = _busy(50 if short else 2000, 3 if short else 45)
    return [
        row("terminal UI, first paint, 1 000 monitors", whole_ms - imports_ms),
        Row(what="terminal UI, Python and its imports", measured=imports_ms, unit="ms CPU"),
        row("terminal UI, 2 000 monitors, 100 results/s", seen.idle),
        Row(what="the same, 10 keys/s", measured=seen.pressed, unit="% of a core"),
        row("terminal UI, keys that were dropped", seen.dropped),
        Row(what="terminal UI, resident memory", measured=seen.memory_mb, unit="MB"),
        Row(what="terminal UI, grown by meanwhile", measured=seen.grown_mb, unit="MB"),
    ]


def _imports() -> float:
    """The CPU milliseconds of a process that only imports what the screen needs."""
    code = "import time, uptop_tui.opening; print(time.process_time())"
    told = subprocess.run(
        [sys.executable, "-c", code], env=clean_environ({}), capture_output=True, check=True
    )
    return float(told.stdout) * 1000


def _first_paint(monitors: int) -> float:
    with shown(ShownLeader(monitors, RATE)) as url, screen(url) as terminal:
        terminal.wait_for(lambda written: name(0).encode() in written)
        return terminal.child.cpu_s() * 1000


def _busy(monitors: int, seconds: float) -> Seen:
    """What it is like while results come: so long untouched, and so long with keys."""
    leader = ShownLeader(monitors, RATE)
    with shown(leader) as url, screen(url) as terminal:
        terminal.wait_for(lambda written: name(0).encode() in written)
        leader.flows.set()
        terminal.look(min(15.0, seconds))  # all that is read once has been read
        before_mb = terminal.child.resident_mb()
        idle, _ = _share(terminal, seconds, 0)
        share, pressed = _share(terminal, seconds, monitors - 1)
        memory_mb = terminal.child.resident_mb()
        dropped = pressed - _place(terminal)
        return Seen(idle, share, dropped, memory_mb, memory_mb - before_mb)


def _share(terminal: Terminal, seconds: float, keys: int) -> tuple[float, int]:
    """The share of a core in percent, and how many keys (of at most so many) were pressed."""
    began, before_s, pressed = time.monotonic(), terminal.child.cpu_s(), 0
    while (lasted_s := time.monotonic() - began) < seconds:
        if pressed < keys:
            terminal.press(_DOWN)
            pressed += 1
        terminal.look(_PAUSE_S)
    return 100 * (terminal.child.cpu_s() - before_s) / lasted_s, pressed


def _place(terminal: Terminal) -> int:
    """Which row the cursor is on: the monitor that is opened by Enter says it."""
    terminal.written.clear()
    terminal.press(_ENTER)
    terminal.wait_for(lambda written: b"Monitor \xc2\xb7 monitor-" in written)
    _, _, rest = bytes(terminal.written).partition(b"Monitor \xc2\xb7 monitor-")
    return int(rest[:5])
