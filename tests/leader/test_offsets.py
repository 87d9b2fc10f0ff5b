"""How far a node's clock is off, when its results were observed, and what it tells of its work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.leader.courts import START
from uptop_core.wire import ResultsBatch, WireResult
from uptop_leader.nodes import Node
from uptop_leader.offsets import OffClocks, Placed, Reading, place, read_clock
from uptop_leader.records import Record

NODE = Node(id="p", name="p", region="", rank=1, joined=START, heard=START)
NOW_MS = round(START * 1000)


def batch(**facts: Any) -> ResultsBatch:
    return ResultsBatch(node_id="p", **facts)


def read(*skews_ms: int) -> list[Reading]:
    """What batches say whose clock is so far ahead when they arrive."""
    node, readings = NODE, []
    for skew in skews_ms:
        reading = read_clock(node, batch(sent_at=NOW_MS + skew), START)
        record = node.record.after(batch(), reading.samples, START)
        node = replace(node, offset_ms=reading.offset_ms, record=record)
        readings.append(reading)
    return readings


def result(**facts: Any) -> WireResult:
    return WireResult(monitor_id="m", is_up=True, **facts)


def test_a_measured_offset_is_taken_as_it_is() -> None:
    reading = read_clock(NODE, batch(sent_at=NOW_MS, offset_ms=90_000), START)
    assert (reading.offset_ms, reading.stepped) == (90_000, False)


def test_a_batch_on_its_way_makes_a_clock_look_slow_and_never_quick() -> None:
    assert [reading.offset_ms for reading in read(-300, -20, -150)] == [-300, -20, -20]


def test_only_the_last_eight_exchanges_count() -> None:
    assert read(0, *[-200] * 8)[-1].offset_ms == -200


def test_a_step_is_seen_at_once() -> None:
    *_, before, after, later = read(0, -10, 90_000, 89_990)
    assert (before.stepped, after.stepped, later.stepped) == (False, True, False)
    assert [after.offset_ms, later.offset_ms] == [90_000, 90_000]
    stepped = read_clock(replace(NODE, offset_ms=0), batch(offset_ms=90_000), START)
    assert stepped.stepped


@pytest.mark.parametrize(
    ("facts", "clock", "expected"),
    [
        ({}, Reading(), Placed(START)),
        ({"age_ms": 7000, "checked_at": 5}, Reading(3, stepped=True), Placed(START - 7)),
        ({"checked_at": NOW_MS + 90_000 - 7000}, Reading(90_000), Placed(START - 7)),
        ({"checked_at": NOW_MS - 7000}, Reading(), Placed(START - 7, True, False)),
        ({"checked_at": NOW_MS + 3000}, Reading(1000), Placed(START)),
        ({"checked_at": NOW_MS + 60_000}, Reading(0), Placed(START, False, False)),
        ({"checked_at": NOW_MS - 1000}, Reading(0, stepped=True), Placed(START, False, False)),
    ],
)
def test_a_result_is_placed_by_its_age_else_by_its_corrected_moment(
    facts: dict[str, Any], clock: Reading, expected: Placed
) -> None:
    assert place(result(**facts), clock, START) == expected


@given(
    age=st.integers(0, 600_000),
    ahead=st.integers(-(10**8), 10**8),
    way=st.integers(0, 2000),
)
def test_a_steady_clock_however_wrong_is_corrected_to_within_the_way(
    age: int, ahead: int, way: int
) -> None:
    sent_ms = NOW_MS - way
    clock = read_clock(NODE, batch(sent_at=sent_ms + ahead), START)
    placed = place(result(checked_at=sent_ms - age + ahead), clock, START)
    assert placed.may_vote
    assert START - (age + way) / 1000 - 0.002 <= placed.observed <= START - age / 1000 + 0.002


def test_a_clock_that_is_off_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    clocks = OffClocks()
    told = [
        clocks.notice([replace(NODE, offset_ms=offset)])
        for offset in (None, 5000, 5001, -90_000, 4500, 3999, 0)
    ]
    assert [len(lines) for lines in told] == [0, 0, 1, 0, 0, 1, 0]
    assert "p is 5.0 s ahead of" in told[2][0]
    assert "right again" in told[5][0]


def test_a_loss_that_is_told_again_counts_once() -> None:
    record = Record()
    for dropped, total in ((3, 3), (5, 5), (5, 5), (1, 6)):
        record = record.after(batch(dropped=dropped, dropped_total=total), (), START)
    assert record.dropped == 6
    record = record.of_a_new_instance().after(batch(dropped=2, dropped_total=2), (), START)
    assert (record.dropped, record.told_dropped) == (8, 2)


def test_a_node_that_gives_no_totals_is_believed_each_time() -> None:
    record = Record().after(batch(dropped=3, missed=1), (), START)
    record = record.after(batch(dropped=1, missed=4, lag_ms=70), (), START)
    assert (record.dropped, record.missed, record.lag_ms) == (4, 5, 70)


def test_what_was_lost_is_placed_in_time() -> None:
    record = Record().after(batch(dropped_total=2, lost_ages_ms=(9000, 4000)), (), START)
    assert (record.lost_from, record.lost_until) == (START - 9, START - 4)
    assert record.after(batch(dropped_total=2), (), START).lost_from == START - 9


def test_an_age_that_is_absurd_places_nothing_before_all_time() -> None:
    record = Record().after(batch(dropped_total=2, lost_ages_ms=(2**53 - 1, 0)), (), START)
    assert (record.lost_from, record.lost_until) == (0.0, START)
