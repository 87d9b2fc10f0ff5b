"""Sets of time as sorted, disjoint, half-open intervals of milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Intervals = list[tuple[int, int]]


def union(intervals: Iterable[tuple[int, int]]) -> Intervals:
    """The time that is in any of them; they may overlap and be in any order."""
    joined: Intervals = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def intersect(one: Intervals, other: Intervals) -> Intervals:
    """The time that is in both."""
    common: Intervals = []
    if not one or not other:
        return common
    left = right = 0
    while left < len(one) and right < len(other):
        start = max(one[left][0], other[right][0])
        end = min(one[left][1], other[right][1])
        if start < end:
            common.append((start, end))
        if one[left][1] <= other[right][1]:
            left += 1
        else:
            right += 1
    return common


def subtract(one: Intervals, other: Intervals) -> Intervals:
    """The time that is in `one` and not in `other`."""
    if not one or not other:
        return one
    ends = [one[0][0], *(moment for interval in other for moment in interval), one[-1][1]]
    outside = [
        (start, end) for start, end in zip(ends[::2], ends[1::2], strict=True) if start < end
    ]
    return intersect(one, outside)


def length(intervals: Intervals) -> int:
    """How long they are together."""
    return sum(end - start for start, end in intervals)
