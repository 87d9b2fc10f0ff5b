"""From votes to a verdict: counting, abstaining, and what holds under every strategy."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import Outcome, Reason, Tally, Verdict, Vote, aggregate
from uptop_core.verdicts import decide, strategies

STRATEGIES = sorted(strategies())
BADNESS = {Verdict.UP: 0, Verdict.UNKNOWN: 1, Verdict.TIED: 1, Verdict.DOWN: 2}

up = Outcome(up=True)
down = Outcome(up=False, reason=Reason.TIMEOUT)
blocked = Outcome(up=False, reason=Reason.BLOCKED_TARGET)
internal = Outcome(up=False, reason=Reason.INTERNAL_ERROR)

ballots = st.lists(st.sampled_from([up, down, blocked, internal]), max_size=9)
names = st.sampled_from(STRATEGIES)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_votes_are_unknown(strategy: str) -> None:
    assert aggregate([], strategy) is Verdict.UNKNOWN
    assert aggregate([internal, blocked], strategy) is Verdict.UNKNOWN
    assert aggregate([], strategy, expected=3) is Verdict.UNKNOWN


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_place_alone_is_believed(strategy: str) -> None:
    assert aggregate([up], strategy) is Verdict.UP
    assert aggregate([down], strategy) is Verdict.DOWN


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_fewer_votes_than_the_minimum_are_unknown(strategy: str) -> None:
    tally = Tally(expected=3, fresh=3, down=3)
    assert decide(tally, strategy, min_votes=3) is Verdict.DOWN
    assert decide(tally, strategy, min_votes=4) is Verdict.UNKNOWN


def test_an_unknown_strategy_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="no strategy 'most-down': known are all-down, any-down"):
        aggregate([up], "most-down")


def test_any_down_is_the_default() -> None:
    assert aggregate([up, up, down]) is Verdict.DOWN


def test_those_that_abstain_count_among_the_expected() -> None:
    assert aggregate([up, internal], "any-down") is Verdict.UNKNOWN
    assert aggregate([up, internal], "any-down", expected=1) is Verdict.UP


def test_votes_and_outcomes_count_alike() -> None:
    votes = [
        Vote(node="a", observed=1.0, up=True),
        Vote(node="b", observed=2.0, up=False, reason=Reason.TIMEOUT),
        Vote(node="c", observed=3.0, up=False, reason=Reason.RESET),
    ]
    assert aggregate(votes, "majority-down") is Verdict.DOWN


@given(ballots, names, st.integers(0, 12), st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(
    votes: list[Outcome], strategy: str, expected: int, shuffler: random.Random
) -> None:
    shuffled = list(votes)
    shuffler.shuffle(shuffled)
    assert aggregate(votes, strategy, expected) is aggregate(shuffled, strategy, expected)


@given(ballots, names, st.integers(0, 12))
def test_abstaining_changes_nothing_when_the_expected_are_named(
    votes: list[Outcome], strategy: str, expected: int
) -> None:
    heard = [vote for vote in votes if not vote.abstains]
    assert aggregate(votes, strategy, expected) is aggregate(heard, strategy, expected)


@given(ballots, names)
def test_abstaining_can_only_cost_the_quorum(votes: list[Outcome], strategy: str) -> None:
    heard = [vote for vote in votes if not vote.abstains]
    verdict = aggregate(votes, strategy)
    assert verdict in (aggregate(heard, strategy), Verdict.UNKNOWN)


@given(ballots, names, st.integers(0, 12), st.data())
def test_a_vote_that_turns_down_never_makes_the_verdict_better(
    votes: list[Outcome], strategy: str, expected: int, data: st.DataObject
) -> None:
    ups = [place for place, vote in enumerate(votes) if vote.up]
    if not ups:
        return
    worse = list(votes)
    worse[data.draw(st.sampled_from(ups))] = down
    before, after = aggregate(votes, strategy, expected), aggregate(worse, strategy, expected)
    assert BADNESS[after] >= BADNESS[before]


@given(ballots, names, st.integers(0, 12))
def test_nobody_up_is_never_up_and_nobody_down_is_never_down(
    votes: list[Outcome], strategy: str, expected: int
) -> None:
    verdict = aggregate(votes, strategy, expected)
    if not any(vote.up for vote in votes):
        assert verdict is not Verdict.UP
    if all(vote.up or vote.abstains for vote in votes):
        assert verdict is not Verdict.DOWN
