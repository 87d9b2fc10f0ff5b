"""Time as an argument: the clock that loops get, so that nothing reads the system's on its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PACE = 0.02  # by how much a clock that follows another is quicker or slower than it at most
_GENTLY_S = 60.0  # a small difference is made up for within about this time


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

    def follow(self) -> float:
        """How far the wall clock is ahead, in seconds. This clock keeps its own pace; see
        `FollowingClock`.
        """
        return self.wall() - self.now()

    def monotonic(self) -> float:
        """Seconds since some moment, for durations and deadlines; stands still in a suspend."""
        return time.monotonic()


def _elapsed() -> float:
    """Seconds since some moment, with the time in suspend where the system counts it (Linux).

    Otherwise a result from before a suspend would be reported as that much younger than it is.
    """
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class FollowingClock(Clock):
    """A steady clock that comes back to the wall clock: for who writes down when things happened.

    After the wall clock was set it runs quicker or slower by 2 % at most until it is right again,
    so that it never goes back, and nothing that is counted with it notices (votes, rounds and
    silence allow for far more). `wall` and `elapsed` are where the time comes from.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] | None = None
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed or _elapsed
        self._pace = (wall(), self._elapsed(), 1.0)  # what it said, when, and its rate since then

    def now(self) -> float:
        """Steady Unix seconds; a time the machine was suspended counts."""
        said, at, rate = self._pace
        return said + (self._elapsed() - at) * rate

    def wall(self) -> float:
        """Unix seconds as the machine has them at this moment; may step."""
        return self._wall()

    def follow(self) -> float:
        """Set the pace anew; to be called every few seconds. Returns how far the wall clock is
        ahead, in seconds.
        """
        said, at, rate = self._pace
        elapsed = self._elapsed()
        said += (elapsed - at) * rate
        ahead = self._wall() - said
        self._pace = (said, elapsed, 1 + max(-_PACE, min(_PACE, ahead / _GENTLY_S)))
        return ahead
