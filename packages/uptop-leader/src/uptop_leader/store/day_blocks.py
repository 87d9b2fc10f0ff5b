"""What days of one monitor come to, and how that is kept: blocks of 128 days. Pure.

A block holds four columns of 32-bit numbers, lowest byte first: observed, down and maintained
milliseconds, and outages, for each of its days.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from uptop_leader.reliability import outages
from uptop_leader.store.intervals import Intervals, intersect, subtract
from uptop_leader.store.levels import DAY

if TYPE_CHECKING:
    from uptop_leader.store.observed import Observed

BLOCK_DAYS = 128
BLOCK_MS = BLOCK_DAYS * DAY.length_ms
_STARTS = range(0, 4 * BLOCK_DAYS, BLOCK_DAYS)  # of the columns

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[tuple[int, int]], list[tuple[int, int]]]).decode


class Days(Struct, frozen=True, gc=False):
    """Days one after the other, as columns. Times are milliseconds."""

    observed: array[int]
    down: array[int]
    maintained: array[int]
    outages: array[int]

    @classmethod
    def none(cls, count: int) -> Days:
        """Days of which nothing is known."""
        empty = array("I", bytes(4 * count))
        return cls(empty, empty[:], empty[:], empty[:])

    def columns(self) -> tuple[array[int], array[int], array[int], array[int]]:
        """All columns in their order."""
        return self.observed, self.down, self.maintained, self.outages

    def put(self, place: int, other: Days, begin: int = 0, end: int | None = None) -> None:
        """Replace days from `place` on by those of another in [begin, end)."""
        stop = len(other.observed) if end is None else end
        until = place + stop - begin
        self.observed[place:until] = other.observed[begin:stop]
        self.down[place:until] = other.down[begin:stop]
        self.maintained[place:until] = other.maintained[begin:stop]
        self.outages[place:until] = other.outages[begin:stop]

    def put_stored(self, place: int, data: bytes, begin: int, end: int) -> None:
        """The same with the days of a stored block."""
        whole = array("I", data)
        if sys.byteorder == "big":
            whole.byteswap()
        until = place + end - begin
        for start, column in zip(_STARTS, self.columns(), strict=True):
            column[place:until] = whole[start + begin : start + end]

    def add(self, seen: Observed, first_ms: int, since_ms: int) -> None:
        """Add what was observed from a midnight on to days that begin at `first_ms`, of which
        nothing is known yet; what was observed before that midnight does not matter.
        """
        window = [(since_ms, first_ms + len(self.observed) * DAY.length_ms)]
        _add_up(self.observed, seen.all, first_ms, window)
        if seen.maintained:
            _add_up(self.maintained, seen.maintained, first_ms, window)
        if seen.down:
            _add_up(self.down, seen.down, first_ms, window)
            for stretch in outages(subtract(seen.all, seen.down), seen.down):
                felt = intersect(stretch, window)
                for number in {day for one in felt for day in _touched(one, first_ms)}:
                    self.outages[number] += 1

    def stored(self) -> bytes:
        """A block in bytes."""
        whole = array("I")
        for column in self.columns():
            whole += column
        if sys.byteorder == "big":
            whole.byteswap()
        return whole.tobytes()


def block(data: bytes) -> Days:
    """A block again."""
    found = Days.none(BLOCK_DAYS)
    found.put_stored(0, data, 0, BLOCK_DAYS)
    return found


def days_of(seen: Observed, first_ms: int, count: int) -> Days:
    """What `count` days from a midnight on come to; what was observed before does not matter."""
    found = Days.none(count)
    found.add(seen, first_ms, first_ms)
    return found


def is_even(observed_ms: int, down_ms: int) -> bool:
    """Whether a day was the same from beginning to end, so that its sums tell of any part of it."""
    whole = DAY.length_ms
    return observed_ms == 0 or (observed_ms == whole and down_ms in (0, whole))


def spans_stored(seen: Observed, day_ms: int) -> bytes:
    """The observed and the down time of a day that is not even."""
    return _encode((_within(seen.all, day_ms), _within(seen.down, day_ms)))


def _within(times: Intervals, day_ms: int) -> Intervals:
    """The part of the times that lies in a day, found without going through all of them."""
    end_ms = day_ms + DAY.length_ms
    first, last = bisect_left(times, (day_ms, 0)), bisect_left(times, (end_ms, 0))
    return intersect(times[max(0, first - 1) : last], [(day_ms, end_ms)])


def spans_of(data: bytes) -> tuple[Intervals, Intervals]:
    """Both again."""
    return _decode(data)


def _touched(time: tuple[int, int], first_ms: int) -> range:
    """The numbers of the days that some time lies in."""
    start, end = time
    return range((start - first_ms) // DAY.length_ms, (end - 1 - first_ms) // DAY.length_ms + 1)


def _add_up(sums: array[int], times: Intervals, first_ms: int, window: Intervals) -> None:
    """Add how many milliseconds of the times lie in each day."""
    is_within = times and times[0][0] >= window[0][0] and times[-1][1] <= window[0][1]
    for start, end in times if is_within else intersect(times, window):
        while start < end:
            number = (start - first_ms) // DAY.length_ms
            stop = min(end, first_ms + (number + 1) * DAY.length_ms)
            sums[number] += stop - start
            start = stop
