"""Uptime, outages, MTTR and MTBF, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.reliability import reliability
from uptop_leader.store.intervals import intersect, union

HOUR = 3_600_000


def at(*spans: tuple[float, float]) -> list[tuple[int, int]]:
    return [(round(start * HOUR), round(end * HOUR)) for start, end in spans]


def test_two_outages_in_a_day() -> None:
    down = at((2, 3), (10, 13))
    told = reliability(at((0, 24)), down, 0, 24 * HOUR)
    assert (told.observed_s, told.down_s, told.up_s) == (86_400, 4 * 3600, 20 * 3600)
    assert (told.outages, told.longest_s) == (2, 3 * 3600)
    assert (told.mttr_s, told.mtbf_s) == (2 * 3600, 10 * 3600)


def test_an_outage_over_unobserved_time_is_one_and_counts_as_it_was_seen() -> None:
    """Down from 2 to 8, of which 4 to 7 nobody saw."""
    seen, down = at((0, 4), (7, 24)), at((2, 4), (7, 8))
    told = reliability(seen, down, 0, 24 * HOUR)
    assert (told.observed_s, told.down_s) == (21 * 3600, 3 * 3600)
    assert (told.outages, told.longest_s, told.mttr_s) == (1, 3 * 3600, 3 * 3600)
    assert told.mtbf_s == 18 * 3600


def test_an_up_between_makes_two_of_it_however_short() -> None:
    told = reliability(at((0, 24)), at((2, 3), (3.001, 4)), 0, 24 * HOUR)
    assert told.outages == 2


def test_only_the_window_counts() -> None:
    down = at((-5, 1), (6, 30))
    told = reliability(at((-10, 40)), down, 0, 24 * HOUR)
    assert (told.observed_s, told.down_s) == (86_400, 19 * 3600)
    assert (told.outages, told.longest_s) == (2, 18 * 3600)


def test_without_an_outage_there_are_no_means() -> None:
    told = reliability(at((0, 12)), [], 0, 24 * HOUR)
    assert (told.outages, told.longest_s, told.mttr_s, told.mtbf_s) == (0, 0, None, None)


def test_of_a_window_that_nobody_saw_nothing_is_told() -> None:
    told = reliability([], [], 0, 24 * HOUR)
    assert (told.observed_s, told.down_s, told.outages) == (0, 0, 0)


_SPANS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda pair: (min(pair), max(pair))),
    max_size=6,
).map(union)


@given(_SPANS, _SPANS, st.integers(0, 50), st.integers(51, 100))
def test_parts_are_never_more_than_the_whole(
    seen: list[tuple[int, int]], outages: list[tuple[int, int]], since: int, until: int
) -> None:
    down = intersect(seen, outages)
    told = reliability(seen, down, since, until)
    assert 0 <= told.longest_s <= told.down_s <= told.observed_s <= told.window_s
    assert (told.outages == 0) == (told.down_s == 0)
    if told.mttr_s is not None:
        assert told.mttr_s * told.outages == pytest.approx(told.down_s)
