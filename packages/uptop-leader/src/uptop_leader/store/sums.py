"""What results come to, of one series or of several: the sums that rollups hold."""

from __future__ import annotations

from uptop_leader.store.sketch import Sketch


class Rollup:
    """Sums over results of one series. Results that say nothing of the target are not counted;
    latencies are those of up results.

    A result speaks of the target until the next one of its series, for an interval at most. All of
    that is counted where the result is, even if some of it lies in the bucket after.
    """

    __slots__ = ("count", "down", "down_ms", "max_us", "min_us", "seen_ms", "sketch", "sum_us")

    def __init__(self) -> None:
        self.count = 0
        self.down = 0
        self.seen_ms = 0
        self.down_ms = 0
        self.sum_us = 0
        self.min_us: int | None = None
        self.max_us: int | None = None
        self.sketch = Sketch()

    def add_results(self, up_us: list[int], down: int) -> None:
        """Count raw results: the latencies of those that are up, and how many are down."""
        self.count += len(up_us) + down
        self.down += down
        if up_us:
            self.sum_us += sum(up_us)
            self._widen(min(up_us), max(up_us))
            self.sketch.add(up_us)

    def add_time(self, lasting_ms: int, *, is_down: bool) -> None:
        """Count for how long a result speaks."""
        self.seen_ms += lasting_ms
        if is_down:
            self.down_ms += lasting_ms

    def add(self, other: Rollup) -> None:
        """Count what another has counted."""
        self._add_sums(other.count, other.down, other.seen_ms, other.down_ms, other.sum_us)
        if other.min_us is not None and other.max_us is not None:
            self._widen(other.min_us, other.max_us)
            self.sketch.add_sketch(other.sketch)

    def add_rollup(
        self,
        count: int,
        down: int,
        seen_ms: int,
        down_ms: int,
        sum_us: int,
        min_us: int | None,
        max_us: int | None,
        sketch: bytes,
    ) -> None:
        """Count what a stored rollup of any level has counted."""
        self._add_sums(count, down, seen_ms, down_ms, sum_us)
        if min_us is not None and max_us is not None:
            self._widen(min_us, max_us)
            self.sketch.add_stored(sketch)

    def _add_sums(self, count: int, down: int, seen_ms: int, down_ms: int, sum_us: int) -> None:
        self.count += count
        self.down += down
        self.seen_ms += seen_ms
        self.down_ms += down_ms
        self.sum_us += sum_us

    def _widen(self, least: int, most: int) -> None:
        self.min_us = least if self.min_us is None else min(self.min_us, least)
        self.max_us = most if self.max_us is None else max(self.max_us, most)


Totals = dict[int, Rollup]
"""Rollups by the number of the series."""
