"""One leader at the sizes that docs/scaling.md speaks of: monitors at 60 s, each seen by three
probes, over more than the minute in which rollups come round.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import Row
from benchmarks.leader_load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 10_000, 30_000)
INTERVAL_S = 60.0
_DAY_S = 86_400


def measure(*, short: bool = False) -> list[Row]:
    """A fresh leader of each size."""
    sizes, seconds = ((50, 100), 2.0) if short else (SIZES, 90.0)
    return [each for size in sizes for each in _rows(size, 2.0 if short else INTERVAL_S, seconds)]


def _rows(monitors: int, interval: float, seconds: float) -> Iterator[Row]:
    began = time.monotonic()
    with load(monitors, interval) as loaded:
        ready = time.monotonic() - began
        seen = loaded.watch(seconds)
        size = f"{monitors:,}".replace(",", " ")
        what = f"{size} monitors × 3 at {interval:g} s"
        yield Row(what=what, measured=seen.rate, unit="results/s")
        yield Row(what=f"{what}, CPU", measured=seen.core_percent, unit="% of a core")
        yield Row(what=f"{what}, each", measured=seen.each_us, unit="µs CPU / result")
        yield Row(what=f"{what}, resident memory", measured=loaded.leader.resident_mb(), unit="MB")
        yield Row(what=f"{what}, made, started and seen by all", measured=ready, unit="s")
        yield Row(what=f"{what}, database", measured=loaded.database_mb(), unit="MB")
