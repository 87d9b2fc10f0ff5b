"""Votes that are not written, since the result beside them says as much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.leader.store_samples import NOON, opened
from uptop_core.outcomes import FailedCondition, Reason, Timings
from uptop_core.votes import Vote
from uptop_core.wire import LEADER_PROOF
from uptop_leader.changes import Bearing, Changes, StoredResult
from uptop_leader.repeats import LOOK_BACK_S, WRITTEN_S, is_mistakable, is_repeat, meaning
from uptop_leader.store.sealing import AFTER_MS

if TYPE_CHECKING:
    from pathlib import Path

UP = Vote(node="n1", observed=NOON, up=True, status_code=200, latency_ns=5_000_000)
DOWN = Vote(node="n1", observed=NOON, up=False, reason=Reason.TIMEOUT, detail="no answer in 5 s")


def after(vote: Vote, seconds: float, **facts: Any) -> Vote:
    return replace(vote, observed=vote.observed + seconds, **facts)


def result_of(vote: Vote) -> StoredResult:
    reason, bearing = meaning(vote)
    return StoredResult(
        monitor="m", node=vote.node, observed=vote.observed, latency_ns=vote.latency_ns,
        reason=reason, bearing=bearing,
    )  # fmt: skip


@pytest.mark.parametrize("vote", [UP, DOWN])
def test_a_vote_that_is_only_newer_and_faster_is_a_repeat(vote: Vote) -> None:
    assert is_repeat(after(vote, 1, latency_ns=7, timings=Timings(dns_ns=1)), vote, "m")


@pytest.mark.parametrize(
    "facts",
    [
        {"status_code": 204},
        {"address": "192.0.2.1"},
        {"failed": (FailedCondition("latency < 1", "2", soft=True),)},
        {"recheck": "r"},
        {"up": False, "reason": Reason.TIMEOUT},
    ],
)
def test_one_that_says_anything_new_is_none(facts: dict[str, Any]) -> None:
    assert not is_repeat(after(UP, 1, **facts), UP, "m")


def test_the_first_vote_of_a_node_is_none() -> None:
    assert not is_repeat(UP, None, "m")


@pytest.mark.parametrize("interval", [1, 7, 30, 299, 300, 3600])
def test_what_is_not_written_is_never_much_newer_than_what_is(interval: int) -> None:
    written = before = UP
    for number in range(1, 700):
        vote = after(UP, number * interval)
        if not is_repeat(vote, before, "m"):
            written = vote
        assert vote.observed - written.observed < WRITTEN_S
        before = vote


def test_rows_are_not_sealed_before_they_are_of_no_use_here() -> None:
    assert AFTER_MS > LOOK_BACK_S * 1000


def test_a_result_says_how_far_the_vote_in_it_counts() -> None:
    assert meaning(UP) == (None, Bearing.FULL)
    assert meaning(DOWN) == (Reason.TIMEOUT, Bearing.FULL)
    assert meaning(replace(DOWN, proof=LEADER_PROOF)) == (Reason.TIMEOUT, Bearing.WEAK)
    assert meaning(replace(DOWN, isolated=True)) == (Reason.TIMEOUT, Bearing.ISOLATED)


@pytest.mark.parametrize("vote", [UP, DOWN, replace(DOWN, isolated=True)])
def test_a_restart_gives_back_what_was_repeated_as_new_as_it_was(
    tmp_path: Path, vote: Vote
) -> None:
    again = after(vote, 60, latency_ns=9_000_000)
    with opened(tmp_path / "uptop.db") as store:
        store.write(Changes(votes={("m", "n1"): vote}, results=[result_of(vote)]), NOON)
        store.write(Changes(results=[result_of(again)]), NOON + 60)
    with opened(tmp_path / "uptop.db") as store:
        assert store.load().states["m"].votes == {"n1": again}


def test_a_result_that_means_something_else_stands_for_no_vote(tmp_path: Path) -> None:
    other = result_of(after(DOWN, 60))
    with opened(tmp_path / "uptop.db") as store:
        store.write(Changes(votes={("m", "n1"): UP}, results=[other]), NOON)
        assert store.load().states["m"].votes == {"n1": UP}


def test_a_result_that_came_too_late_to_vote_stands_for_no_vote(tmp_path: Path) -> None:
    late, vote = result_of(after(UP, 30)), after(UP, 90)
    assert is_mistakable(late, UP)
    assert not is_mistakable(late, vote)
    assert not is_mistakable(replace(late, reason=Reason.RESET), UP)
    with opened(tmp_path / "uptop.db") as store:
        settled = {("m", "n1"): late.observed}
        store.write(Changes(votes={("m", "n1"): UP}, results=[late], settled=settled), NOON)
        assert store.load().states["m"].votes == {"n1": UP}
        store.write(Changes(results=[result_of(vote)]), NOON)
        assert store.load().states["m"].votes == {"n1": vote}
