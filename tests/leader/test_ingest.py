"""Step 7: a batch → results not seen before."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leader.courts import START, monitor
from tests.leader.helms import look, raw
from uptop_core.outcomes import Reason, Timings
from uptop_core.votes import fresh_for
from uptop_core.wire import ResultsBatch
from uptop_leader.changes import Bearing
from uptop_leader.ingest import (
    FAILED_LIMIT,
    RANGES_LIMIT,
    Given,
    Ingested,
    add_to_ranges,
    have,
    ingest,
)
from uptop_leader.nodes import Ledger

WATCHED = monitor()
EMPTY = Ledger(node="p", instance="one")


def take(
    *results: dict[str, Any],
    ledger: Ledger = EMPTY,
    instance: str = "one",
    given: Given | None = Given(WATCHED),  # noqa: B008  a frozen value
) -> Ingested:
    batch = ResultsBatch(node_id="p", instance=instance, results=raw(*results))
    return ingest(batch, {"m": given}.get, ledger, START)


@given(st.lists(st.integers(1, 60), max_size=80))
def test_ranges_are_a_set_whatever_the_order(seqs: list[int]) -> None:
    ranges: list[tuple[int, int]] = []
    known: set[int] = set()
    for seq in seqs:
        assert add_to_ranges(ranges, seq) == (seq not in known)
        known.add(seq)
    assert {seq for low, high in ranges for seq in range(low, high + 1)} == known
    assert all(low <= high for low, high in ranges)
    gaps = itertools.pairwise(ranges)
    assert all(one[1] + 1 < other[0] for one, other in gaps)


@given(st.lists(st.lists(st.integers(1, 40), max_size=15), max_size=6))
def test_every_result_is_taken_once_however_batches_repeat_and_overlap(
    batches: list[list[int]],
) -> None:
    ledger, taken = EMPTY, []
    for seqs in batches:
        done = take(*(look(seq=seq) for seq in seqs), ledger=ledger)
        taken += [one.result.seq or 0 for one in done.observations]
        assert len(done.observations) + done.duplicates == len(seqs)
        ledger = done.ledger
    assert sorted(taken) == sorted({seq for seqs in batches for seq in seqs})


@pytest.mark.parametrize(
    ("ranges", "highest"),
    [((), 0), (((1, 5),), 5), (((2, 5),), 0), (((1, 2), (4, 9)), 2)],
)
def test_have_is_the_seq_below_which_nothing_is_missing(
    ranges: tuple[tuple[int, int], ...], highest: int
) -> None:
    assert have(Ledger(node="p", instance="one", ranges=ranges)) == highest


def test_without_an_instance_each_receipt_is_a_result() -> None:
    done = take(look(seq=1), look(seq=1), instance="")
    assert (len(done.observations), done.duplicates) == (2, 0)


def test_the_small_form_votes_at_the_time_of_receipt() -> None:
    (one,) = take({"site_id": "m", "is_up": False, "error_reason": "it says no"}).observations
    assert one.vote is not None
    assert (one.vote.observed, one.vote.up, one.vote.detail) == (START, False, "it says no")
    assert one.vote.reason is Reason.UNEXPECTED_ANSWER
    assert not one.vote.abstains


def test_an_age_counts_more_than_a_clock_and_nothing_is_of_the_future() -> None:
    (one, other, third) = take(
        look(age_ms=2000, checked_at=0),
        {"monitor_id": "m", "is_up": True, "checked_at": round((START - 7) * 1000)},
        {"monitor_id": "m", "is_up": True, "checked_at": round((START + 90) * 1000)},
    ).observations
    observed = [result.result.observed for result in (one, other, third)]
    assert observed == [START - 2, START - 7, START]


def test_what_is_older_than_fresh_is_history_and_no_vote() -> None:
    bound = round(fresh_for(WATCHED) * 1000)
    fresh, late = take(look(age_ms=bound), look(age_ms=bound + 1)).observations
    assert fresh.vote is not None
    assert late.vote is None
    assert late.result.observed == START - (bound + 1) / 1000


def test_a_reason_from_a_newer_node_is_no_vote() -> None:
    (one,) = take(look(up=False) | {"reason": "moon_phase"}).observations
    assert one.vote is not None
    assert one.vote.abstains


def test_up_needs_no_reason_and_has_none() -> None:
    (one,) = take(look(reason="timeout")).observations
    assert one.result.reason is None


@pytest.mark.parametrize(
    "bad",
    [
        {"monitor_id": "m"},
        {"monitor_id": "m", "is_up": "yes"},
        {"monitor_id": "m", "is_up": True, "seq": 0},
        {"monitor_id": "m", "is_up": True, "latency_ns": -1},
        {"monitor_id": "m", "is_up": True, "cert_end": 10**40},
        {"monitor_id": "m", "is_up": True, "age_ms": -5},
        {"monitor_id": "m", "is_up": True, "timings": {"connect_ns": 10**30}},
        {"is_up": True},
        {"monitor_id": "other", "is_up": True},
    ],
)
def test_a_bad_result_is_refused_by_its_place_and_the_rest_is_taken(bad: dict[str, Any]) -> None:
    done = take(look(seq=1), bad, look(seq=3))
    assert [one.result.seq for one in done.observations] == [1, 3]
    (refused,) = done.rejected
    assert refused.index == 1
    assert refused.why
    assert "`" not in refused.why


def test_what_is_refused_once_is_a_duplicate_the_second_time() -> None:
    first = take(look("other", seq=1))
    again = take(look("other", seq=1), ledger=first.ledger)
    assert (len(first.rejected), again.duplicates, again.rejected) == (1, 1, ())


def test_a_sample_of_the_body_is_kept_only_where_the_monitor_allows_it() -> None:
    (one,) = take(look(up=False, sample="<html>")).observations
    assert one.vote is not None
    assert one.vote.sample is None


def test_no_node_can_fill_the_memory_with_a_vote() -> None:
    long, many = "x" * 5000, [{"text": "x" * 5000, "found": "y" * 5000}] * 500
    for field in ("address", "reason", "proof", "recheck"):
        (refused,) = take(look(seq=1, up=False, **{field: long})).rejected
        assert refused.why.startswith("Expected `str` of length <= 300".replace("`", "'"))
    kept = Given(monitor(keep_body=True))
    (one,) = take(
        look(up=False, failed=many, sample=long, error_reason=long), given=kept
    ).observations
    assert one.vote is not None
    assert len(one.vote.failed) == FAILED_LIMIT
    assert {(len(each.text), len(each.found)) for each in one.vote.failed} == {(1000, 100)}
    assert (len(one.vote.sample or ""), len(one.vote.detail)) == (1024, 256)


def test_a_ledger_with_gaps_without_number_closes_the_oldest() -> None:
    ledger = EMPTY
    for start in range(0, 12_000, 4000):
        seqs = range(start + 1, start + 4001, 2)
        ledger = take(*(look("other", seq=seq) for seq in seqs), ledger=ledger).ledger
    assert len(ledger.ranges) == RANGES_LIMIT
    assert ledger.ranges[0] == (1, 12_001 - 2 * RANGES_LIMIT)
    assert ledger.ranges[-1] == (11_999, 11_999)
    assert take(look(seq=2), ledger=ledger).duplicates == 1
    assert take(look(seq=11_998), ledger=ledger).duplicates == 0


def test_the_phases_of_a_look_are_kept_with_its_vote() -> None:
    phases = {"dns_ns": 1, "connect_ns": 2, "total_ns": 9}
    (one,) = take(look(seq=1, timings=phases)).observations
    assert one.vote is not None
    assert one.vote.timings == Timings(dns_ns=1, connect_ns=2, total_ns=9)


def test_what_was_seen_before_a_monitor_was_given_is_history_and_no_vote() -> None:
    before, after = take(
        look(age_ms=11_000), look(age_ms=9000), given=Given(WATCHED, since=START - 10)
    ).observations
    assert (before.vote, before.is_late) == (None, False)
    assert after.vote is not None


def test_of_a_monitor_that_was_taken_away_only_what_was_seen_before_is_history() -> None:
    done = take(look(age_ms=11_000), look(age_ms=9000), given=Given(None, until=START - 10))
    (one,) = done.observations
    assert (one.result.observed, one.vote) == (START - 11, None)
    assert "any more" in done.rejected[0].why


def test_what_is_older_than_history_is_kept_is_refused() -> None:
    week = 7 * 86_400_000
    done = take(look(age_ms=week), look(age_ms=week + 1))
    assert (len(done.observations), len(done.rejected)) == (1, 1)


@given(st.lists(st.sampled_from([None, 0, 1, 2, 1000]), max_size=8))
def test_no_two_results_of_a_monitor_share_a_millisecond_and_votes_keep_their_order(
    ages: list[int | None],
) -> None:
    small = {"monitor_id": "m", "is_up": True}
    done = take(*(small if age is None else look(age_ms=age) for age in ages))
    rows = [round(one.result.observed * 1000) for one in done.observations]
    assert len(set(rows)) == len(rows) == len(ages)
    for one in done.observations:
        assert one.vote is not None
        assert one.vote.observed == one.result.observed <= START


def test_small_results_of_one_batch_are_a_millisecond_apart_and_the_last_is_now() -> None:
    small = {"monitor_id": "m", "is_up": True}
    observed = [one.result.observed for one in take(small, small, small).observations]
    assert observed == pytest.approx([START - 0.002, START - 0.001, START], abs=1e-6)


@pytest.mark.parametrize(
    ("proof", "bearing"),
    [
        (None, Bearing.FULL),
        ("host", Bearing.FULL),
        ("leader", Bearing.WEAK),
        ("none", Bearing.ISOLATED),
    ],
)
def test_what_a_failure_proves_is_kept_with_it(proof: str | None, bearing: Bearing) -> None:
    facts = {} if proof is None else {"proof": proof}
    (one,) = take(look(up=False, **facts)).observations
    assert one.result.bearing is bearing


def test_what_was_fresh_when_it_came_is_no_vote_if_it_is_read_too_late() -> None:
    batch = ResultsBatch(node_id="p", instance="one", results=raw(look(age_ms=0)))
    find = {"m": Given(WATCHED)}.get
    read = [ingest(batch, find, EMPTY, START + late, received=START) for late in (79, 81)]
    (in_time,), (too_late,) = (done.observations for done in read)
    assert in_time.vote is not None
    assert in_time.vote.observed == too_late.result.observed == START
    assert too_late.vote is None
    assert too_late.is_late
