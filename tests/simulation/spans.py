"""Sets of stretches of time: when something holds. All times in seconds."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[float, float]


class Spans:
    """Half-open stretches [start, end), in order and apart from each other."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        merged: list[Span] = []
        for start, end in sorted(span for span in spans if span[1] > span[0]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self._spans = merged
        self._edges = [edge for span in merged for edge in span]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def __contains__(self, moment: object) -> bool:
        if not self._edges:
            return False
        return isinstance(moment, float) and bool(bisect_right(self._edges, moment) % 2)

    def __or__(self, other: Spans) -> Spans:
        return Spans([*self, *other])

    def __and__(self, other: Spans) -> Spans:
        return other.without(other.without(self))

    def touches(self, start: float, end: float) -> bool:
        """Whether any moment of [start, end] is in here."""
        return any(first <= end and last > start for first, last in self._spans)

    def covers(self, start: float, end: float) -> bool:
        """Whether all of [start, end] is in here."""
        return any(first <= start and end < last for first, last in self._spans)

    def without(self, other: Spans) -> Spans:
        """What is in here and not in `other`."""
        left: list[Span] = []
        for start, end in self._spans:
            for first, last in other:
                if last > start and first < end:
                    left.append((start, first))
                    start = max(start, last)
            left.append((start, end))
        return Spans(left)


def gaps(spans: Spans, start: float, end: float) -> Spans:
    """The rest of [start, end)."""
    inner = [edge for span in spans & Spans([(start, end)]) for edge in span]
    edges = [start, *inner, end]
    return Spans(pair for index, pair in enumerate(pairwise(edges)) if index % 2 == 0)
