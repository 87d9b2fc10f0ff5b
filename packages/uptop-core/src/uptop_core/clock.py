"""Time as an argument: the clock that loops get, so that nothing reads the system's on its own."""

from __future__ import annotations

import time


class Clock:
    """The time of this machine.

    `now` is what schedules and ages are counted in: Unix seconds that only ever go forward at one
    second per second, since the wall clock is read once and the monotonic clock from then on. A
    stepped wall clock therefore moves neither ticks nor ages. `wall` is what people read.
    """

    def __init__(self) -> None:
        self._offset = time.time() - _elapsed()

    def now(self) -> float:
        """Steady Unix seconds; a time the machine was suspended counts."""
        return self._offset + _elapsed()

    def wall(self) -> float:
        """Unix seconds as the machine has them at this moment; may step."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, for durations and deadlines; stands still in a suspend."""
        return time.monotonic()


def _elapsed() -> float:
    """Seconds since some moment, with the time in suspend where the system counts it (Linux).

    Otherwise a result from before a suspend would be reported as that much younger than it is.
    """
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
