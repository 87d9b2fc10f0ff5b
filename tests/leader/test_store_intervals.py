"""Sets of time against sets of single milliseconds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.store.intervals import Intervals, intersect, length, subtract, union

PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))


def moments(intervals: Intervals) -> set[int]:
    return {moment for start, end in intervals for moment in range(start, end)}


def is_tidy(intervals: Intervals) -> bool:
    ends = [end for interval in intervals for end in interval]
    return all(one < other for one, other in pairwise(ends))


@given(PAIRS)
def test_a_union_holds_what_any_holds(pairs: Intervals) -> None:
    joined = union(pairs)
    assert moments(joined) == moments(pairs)
    assert is_tidy(joined)
    assert length(joined) == len(moments(pairs))


@given(PAIRS, PAIRS)
def test_an_intersection_holds_what_both_hold(one: Intervals, other: Intervals) -> None:
    common = intersect(union(one), union(other))
    assert moments(common) == moments(one) & moments(other)


@given(PAIRS, PAIRS)
def test_a_difference_holds_what_only_the_first_holds(one: Intervals, other: Intervals) -> None:
    rest = subtract(union(one), union(other))
    assert moments(rest) == moments(one) - moments(other)
    assert is_tidy(rest)
