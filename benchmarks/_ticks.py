"""How late looks came, told by when they arrived at their target: the planned moments of a monitor
are known from its id (`uptop_core.schedule.phase`), so any real process can be judged from outside.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from typing import TYPE_CHECKING

from benchmarks._stand_in import monitor_id
from uptop_core.schedule import phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EARLY_S = 0.05  # clocks are read at slightly different moments
_WINDOW_S = 0.1


def lags(
    arrivals: Iterable[tuple[int, float]],
    monitors: Sequence[int],
    interval: float,
    between: tuple[float, float],
) -> list[float]:
    """Seconds from each planned moment `between` two times to the first look after it, sorted;
    one that never came is as late as the next tick.
    """
    came: dict[int, list[float]] = defaultdict(list)
    for number, at in sorted(arrivals, key=lambda arrival: arrival[1]):
        came[number].append(at)
    late = []
    for number in monitors:
        offset = phase(monitor_id(number), 0)
        tick = (math.ceil(between[0] / interval - offset) + offset) * interval
        while tick < between[1]:
            looks = came[number]
            place = bisect.bisect_left(looks, tick - _EARLY_S)
            lag = looks[place] - tick if place < len(looks) else interval
            late.append(min(lag, interval))
            tick += interval
    return sorted(late)


def densest(arrivals: Iterable[tuple[int, float]]) -> int:
    """The largest number of looks within any 100 ms."""
    moments = sorted(at for _, at in arrivals)
    return max(
        bisect.bisect_left(moments, at + _WINDOW_S) - place for place, at in enumerate(moments)
    )


def p99(values: Sequence[float]) -> float:
    """The value that 99 % do not exceed; `values` are sorted."""
    return values[len(values) * 99 // 100]
