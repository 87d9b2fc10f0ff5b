"""A sketch of latencies: quantiles within 2 %, and the sketch of two sets is the sum of theirs.

Values are counted in buckets whose bounds grow by a constant factor, as in "DDSketch" (Masson, Rim
and Lee, VLDB 2019). Latencies are whole microseconds; 0 counts as 1.
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

ERROR = 0.02
"""The most a quantile may be off, relative to the true one."""

_FACTOR = (1 + ERROR) / (1 - ERROR)
_PER_LOG = 1 / log(_FACTOR)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode


class Sketch:
    """Counts by bucket. Stored as steps between used buckets and their counts, a few bytes each."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def add(self, latencies_us: Iterable[int]) -> None:
        """Count values."""
        counts = self._counts
        for value in latencies_us:
            bucket = ceil(log(value) * _PER_LOG) if value > 1 else 0
            counts[bucket] = counts.get(bucket, 0) + 1

    def add_stored(self, stored: bytes) -> None:
        """Count everything that a stored sketch has counted."""
        numbers = _decode(stored)
        bucket = 0
        counts = self._counts
        for step, count in zip(numbers[::2], numbers[1::2], strict=True):
            bucket += step
            counts[bucket] = counts.get(bucket, 0) + count

    def add_sketch(self, other: Sketch) -> None:
        """Count everything that another sketch has counted."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count

    def stored(self) -> bytes:
        """The sketch in bytes."""
        numbers: list[int] = []
        before = 0
        for bucket in sorted(self._counts):
            numbers += (bucket - before, self._counts[bucket])
            before = bucket
        return _encode(numbers)

    def quantile(self, share: float) -> float | None:
        """The value that `share` (0 to 1) of the values do not exceed; None without values.

        It is within `ERROR` of the value of rank ⌊share × (n − 1)⌋, counted from 0.
        """
        total = sum(self._counts.values())
        if not total:
            return None
        rank = int(share * (total - 1))
        passed = 0
        for bucket in sorted(self._counts):
            passed += self._counts[bucket]
            if passed > rank:
                break
        return 2 * _FACTOR**bucket / (_FACTOR + 1) if bucket else 1.0
