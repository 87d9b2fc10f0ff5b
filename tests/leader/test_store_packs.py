"""Packs give back what was put in: any times in any order, any latencies, any reasons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core.errors import StoreError
from uptop_leader.store.packs import VERSION, Packer, pack, unpack

BIG = st.integers(-(2**63), 2**63 - 1)
HOUR_MS = 3_600_000
ROWS = st.lists(st.tuples(BIG, BIG, st.one_of(st.integers(0, 127), BIG)), max_size=80)
USUAL = st.lists(
    st.tuples(
        st.integers(0, HOUR_MS - 1),
        st.integers(0, 60_000_000),
        st.sampled_from([0, 0, 0, 9, 41, 64, 96]),
    ),
    max_size=200,
)


@given(st.one_of(ROWS, USUAL, USUAL.map(sorted)), BIG)
def test_what_was_packed_comes_back(rows: list[tuple[int, int, int]], base_ms: int) -> None:
    assert unpack(pack(rows, base_ms), base_ms) == rows


@given(USUAL)
def test_adding_row_by_row_is_packing_them(rows: list[tuple[int, int, int]]) -> None:
    packer = Packer(5)
    for row in rows:
        packer.add(*row)
    assert packer.packed() == pack(rows, 5)


def test_a_steady_beat_costs_little() -> None:
    rows = [(1000 + 30_000 * tick, 50_000 + 1500 * (tick % 3 - 1), 0) for tick in range(120)]
    assert len(pack(rows)) < 3.2 * 120


def test_the_first_byte_is_the_version() -> None:
    assert pack([(1, 2, 3)])[0] == VERSION


@pytest.mark.parametrize(
    "damaged", [b"", b"\x02\x00\x00\x00", b"\x01", b"\x01\x05", pack([(1, 2, 3)] * 3)[:-1]]
)
def test_what_is_no_pack_is_said_to_be_none(damaged: bytes) -> None:
    with pytest.raises(StoreError, match="a pack of"):
        unpack(damaged)


@given(USUAL, st.data())
def test_a_damaged_pack_is_refused_or_read_as_something_else(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    whole = bytearray(pack(rows))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    try:
        found = unpack(bytes(whole))
    except StoreError:
        return
    assert all(len(row) == 3 for row in found)
