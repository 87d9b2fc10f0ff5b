"""uptop-probe or uptop-leader on a machine whose clocks tests can set while it runs.

    python own_clock.py FILE ROLE [ARGUMENTS]

FILE holds two numbers (see `OwnClock`): how far the wall clock is ahead, and for how long the
machine has been asleep. Only the clocks of the system are replaced: they cannot be set for one
process alone. In a sleep the wall clock and CLOCK_BOOTTIME go on while CLOCK_MONOTONIC stands still;
who stops a process, adds to `asleep` and lets it go on gives it just that to see.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from importlib import import_module
from pathlib import Path

_BOTH = struct.Struct("=dd")
_wall, _clock = time.time, time.clock_gettime


class OwnClock:
    """The clocks of one machine, in a file that its processes look at."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(_BOTH.pack(0, 0))
        with file.open("r+b") as opened:
            self._both = mmap.mmap(opened.fileno(), _BOTH.size)

    @property
    def wall_s(self) -> float:
        """By how many seconds its wall clock is ahead of ours, sleep left out."""
        ahead: float = _BOTH.unpack(self._both)[0]
        return ahead

    @wall_s.setter
    def wall_s(self, ahead: float) -> None:
        self._both[:] = _BOTH.pack(ahead, self.asleep_s)

    @property
    def asleep_s(self) -> float:
        """For how many seconds it has been asleep."""
        asleep: float = _BOTH.unpack(self._both)[1]
        return asleep

    @asleep_s.setter
    def asleep_s(self, seconds: float) -> None:
        self._both[:] = _BOTH.pack(self.wall_s, seconds)

    def arguments(self, role: str) -> list[str]:
        """What starts a process of `role` (`probe` or `leader`) on this machine."""
        return [__file__, str(self.file), role]

    def live_by(self) -> None:
        """Have this process see these clocks."""

        def gettime(which: int) -> float:
            return _clock(which) + (self.asleep_s if which == time.CLOCK_BOOTTIME else 0)

        time.time = lambda: _wall() + self.wall_s + self.asleep_s
        time.clock_gettime = gettime


if __name__ == "__main__":
    OwnClock(Path(sys.argv[1])).live_by()
    sys.exit(import_module(f"uptop_{sys.argv[2]}.cli").main(sys.argv[3:]))
