"""Blocks of days, as they are stored and come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.reliability import reliability
from uptop_leader.store.day_blocks import BLOCK_DAYS, block, days_of, spans_of, spans_stored
from uptop_leader.store.intervals import intersect, length, union
from uptop_leader.store.observed import Observed


@given(
    st.lists(st.tuples(st.integers(0, 5 * 86_400_000), st.integers(0, 90_000_000)), max_size=8),
    st.lists(st.tuples(st.integers(0, 5 * 86_400_000), st.integers(0, 30_000_000)), max_size=8),
)
def test_a_block_gives_its_days_back(
    seen: list[tuple[int, int]], down: list[tuple[int, int]]
) -> None:
    whole = union((start, start + lasting) for start, lasting in seen)
    bad = intersect(whole, union((start, start + lasting) for start, lasting in down))
    days = days_of(Observed(whole, bad), 0, BLOCK_DAYS)
    assert block(days.stored()) == days
    assert sum(days.observed) == length(whole)
    for number in range(7):
        window = (number * 86_400_000, (number + 1) * 86_400_000)
        day = reliability(whole, bad, *window)
        told = (days.observed[number] / 1000, days.down[number] / 1000, days.outages[number])
        assert told == (day.observed_s, day.down_s, day.outages)
        spans = spans_of(spans_stored(Observed(whole, bad), window[0]))
        assert [length(part) for part in spans] == [days.observed[number], days.down[number]]
