"""A part of `python -m tests.fuzz`: another one in every run, with its seed printed."""

from __future__ import annotations

import tracemalloc
from random import SystemRandom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import by_sockets, in_memory
from tests.fuzz.cases import Case, case, corpus

pytestmark = pytest.mark.anyio


@pytest.fixture
def seed() -> int:
    chosen = SystemRandom().randrange(1_000_000)
    print(f"seed {chosen}")
    return chosen


def test_no_answer_crashes_the_reader(seed: int) -> None:
    assert in_memory.run(seed, range(3_000)).total() == 3_000


def test_no_answer_makes_the_reader_grow(seed: int) -> None:
    in_memory.run(seed, range(100))
    tracemalloc.start()
    try:
        in_memory.run(seed, range(300))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("by_httpx", [False, True], ids=["engine", "httpx"])
async def test_no_answer_makes_a_check_blame_itself_or_hang(seed: int, by_httpx: bool) -> None:
    found = await by_sockets.run(seed, range(200), by_httpx=by_httpx)
    assert found.total() == 200


@given(
    st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(corpus())), max_size=6),
    st.booleans(),
)
def test_nothing_at_all_crashes_the_reader(pieces: list[bytes], to_head: bool) -> None:
    in_memory.read(Case(tuple(pieces), "close"), to_head=to_head)


def test_a_case_can_be_made_again() -> None:
    assert [case(7, number) for number in range(50)] == [case(7, number) for number in range(50)]
    assert case(7, 1) != case(8, 1)
