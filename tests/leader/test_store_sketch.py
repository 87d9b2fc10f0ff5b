"""The sketch: its error is bounded, and adding sketches is adding values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.store.sketch import ERROR, Sketch

LATENCIES = st.lists(st.integers(0, 90_000_000_000), max_size=200)


def sketch_of(latencies: list[int]) -> Sketch:
    sketch = Sketch()
    sketch.add(latencies)
    return sketch


@given(LATENCIES.filter(bool), st.floats(0, 1))
def test_a_quantile_is_within_two_percent(latencies: list[int], share: float) -> None:
    true = sorted(max(1, latency) for latency in latencies)[int(share * (len(latencies) - 1))]
    found = sketch_of(latencies).quantile(share)
    assert found == pytest.approx(true, rel=ERROR + 1e-9)


@given(LATENCIES, LATENCIES)
def test_the_sum_of_two_sketches_is_the_sketch_of_all_values(
    one: list[int], other: list[int]
) -> None:
    both = Sketch()
    both.add_stored(sketch_of(one).stored())
    both.add_stored(sketch_of(other).stored())
    assert both.stored() == sketch_of(one + other).stored()


def test_an_empty_sketch_has_no_quantile() -> None:
    assert Sketch().quantile(0.5) is None


def test_a_thousand_usual_latencies_take_less_than_a_hundred_bytes() -> None:
    assert len(sketch_of([50_000 + 40 * number for number in range(1000)]).stored()) < 100
