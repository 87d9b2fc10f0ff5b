"""Virtual time: what is to happen, in its order. Nothing here waits for anything."""

from __future__ import annotations

import heapq
from collections.abc import Callable

EPOCH = 1_800_000_000.0
"""Unix seconds on the leader's clock at the start of every simulation."""

Deed = Callable[[float], None]


class Clockwork:
    """A heap of deeds. Times are seconds from the start; what is put first comes first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Deed]] = []
        self._count = 0

    def at(self, when: float, deed: Deed) -> None:
        """Do `deed` at `when`, or now if that is over."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, deed))

    def run(self, until: float) -> None:
        """Let the time pass."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, deed = heapq.heappop(self._heap)
            deed(self.now)
        self.now = until
