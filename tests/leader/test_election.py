"""Who of a leader and its follower acts, and that never two do who could know of each other."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.election.broken import BROKEN
from tests.election.runs import run
from uptop_leader.election.following import Following, Next
from uptop_leader.election.leading import Leading
from uptop_leader.election.reasons import Troubles, why_following
from uptop_leader.election.words import Answer, Pace, Phase, Poll, Sighting

PACE = Pace()


def follower(**fields: object) -> Following:
    return replace(Following.begin("f", 0.0, epoch=1), **fields)


def leader(**fields: object) -> Leading:
    return replace(Leading.begin(0.0, epoch=1, has_follower=True), **fields)


def poll(**fields: object) -> Poll:
    return replace(Poll(node="f", epoch=1, active=False), **fields)


def missed(state: Following, *moments: float, line: bool = True) -> Following:
    for moment in moments:
        state = state.tick(moment).missed(moment, line=line)
    return state


def awake(state: Following, until: float) -> Following:
    return replace(state, ticked=until)


# The leader.


def test_a_leader_that_never_had_a_follower_acts_at_once_and_always() -> None:
    state = Leading.begin(0.0, epoch=1, has_follower=False)
    assert state.may_act(0.0)
    assert state.tick(500.0, healthy=False).may_act(900.0)


def test_a_leader_that_had_one_waits_for_its_word_at_most_twelve_seconds() -> None:
    state = leader()
    for second in range(13):
        state = state.tick(float(second), healthy=True)
        assert not state.may_act(second)
    assert state.tick(13.0, healthy=True).may_act(13.0)


def test_the_fresh_word_of_a_follower_that_stands_by_ends_the_wait() -> None:
    state, answer = leader().polled(1.0, poll(), "one")
    assert answer.phase is Phase.WAITING
    state, answer = state.polled(1.1, poll(token=answer.token), "two")
    assert answer.phase is Phase.ACTIVE
    assert state.may_act(1.1)


def test_a_poll_without_the_newest_token_or_with_an_old_one_is_no_word() -> None:
    state, answer = leader().polled(1.0, poll(token="of an earlier life"), "one")
    assert answer.phase is Phase.WAITING
    _, answer = state.polled(1.0 + PACE.fresh + 0.1, poll(token="one"), "two")
    assert answer.phase is Phase.WAITING


def test_a_leader_polled_by_an_active_follower_returns_and_acts_above_its_epoch() -> None:
    state, answer = leader().polled(1.0, poll(active=True, epoch=5), "one")
    assert answer.phase is Phase.RETURNING
    state, answer = state.polled(2.0, poll(active=False, epoch=5, token="one"), "two")
    assert (answer.phase, state.epoch) == (Phase.ACTIVE, 6)


def test_an_active_leader_steps_back_for_a_follower_of_a_higher_epoch_only() -> None:
    active = leader(phase=Phase.ACTIVE, epoch=7, known=7)
    assert active.polled(1.0, poll(active=True, epoch=7), "one")[1].phase is Phase.ACTIVE
    assert active.polled(1.0, poll(active=True, epoch=8), "one")[1].phase is Phase.RETURNING


def test_a_leader_whose_loop_stood_still_acts_only_after_a_word() -> None:
    state = leader(phase=Phase.ACTIVE)
    assert not state.may_act(PACE.stall + 0.1)
    assert state.tick(PACE.stall + 0.1, healthy=True).phase is Phase.WAITING
    assert state.polled(40.0, poll(), "one")[1].phase is Phase.WAITING


def test_a_short_illness_that_nobody_was_told_of_changes_nothing() -> None:
    state = leader(phase=Phase.ACTIVE).tick(1.0, healthy=False)
    assert not state.may_act(1.0)
    assert state.tick(3.0, healthy=True).may_act(3.0)


@pytest.mark.parametrize("by", ["a poll", "a probe", "its length"])
def test_after_an_illness_that_a_follower_may_know_of_a_leader_waits(by: str) -> None:
    state, well = leader(phase=Phase.ACTIVE).tick(1.0, healthy=False), 3.0
    if by == "a poll":
        state, answer = state.polled(2.0, poll(), "one")
        assert answer.phase is Phase.UNFIT
    elif by == "a probe":
        state = state.told(2.0, Sighting(at=2.0, active=False, epoch=1))
    else:
        for second in range(2, 8):
            state = state.tick(float(second), healthy=False)
        well = 8.0
    assert state.tick(well, healthy=True).phase is Phase.WAITING


def test_while_a_probe_sees_the_follower_at_work_a_leader_goes_on_waiting() -> None:
    state = leader()
    for second in range(60):
        if second % 5 == 0:
            state = state.told(second, Sighting(at=second - 1.0, active=True, epoch=2))
        state = state.tick(float(second), healthy=True)
        assert not state.may_act(second)
    for second in range(60, 75):
        state = state.tick(float(second), healthy=True)
    assert state.may_act(74.0)
    assert state.epoch == 3


def test_a_leader_raises_its_epoch_above_that_of_a_follower_that_was_active_once() -> None:
    state, _ = leader(phase=Phase.ACTIVE).polled(1.0, poll(epoch=4), "one")
    assert state.epoch == 5
    assert state.may_act(1.0)


# The follower.


def test_three_misses_in_a_row_promote_and_raise_the_epoch() -> None:
    state = missed(follower(known=6), 5.0, 9.0)
    assert not state.active
    state = missed(awake(state, 10.0), 13.0)
    assert state.may_act(13.0)
    assert state.epoch == 7


def test_an_answer_between_misses_counts_them_anew() -> None:
    state = missed(follower(), 1.0, 2.0)
    state, following = state.answered(3.0, Answer(phase=Phase.ACTIVE, epoch=1))
    assert following is Next.REST
    assert not missed(state, 4.0, 5.0).active


def test_a_leader_that_says_it_is_unfit_is_a_miss() -> None:
    state = follower()
    for moment in (1.0, 2.0, 3.0):
        state, _ = state.tick(moment).answered(moment, Answer(phase=Phase.UNFIT, epoch=1))
    assert state.active


def test_no_promotion_without_a_line_of_its_own() -> None:
    assert not missed(follower(), 1.0, 2.0, 3.0, line=False).active


@pytest.mark.parametrize(
    "how", [Sighting(at=0, epoch=1, active=True), Sighting(at=0, epoch=1, active=False, waits=True)]
)
def test_no_promotion_while_a_probe_sees_the_leader_at_work_or_waiting(how: Sighting) -> None:
    state = follower().told(1.0, replace(how, by="west"))
    state = missed(state, 2.0, 3.0, 4.0)
    assert not state.active
    why = why_following(state, 4.0, Troubles(away_since=2.0))
    assert why == "the leader is unreachable from here, seen by west"
    late = PACE.word + 0.1
    assert missed(awake(state, late), late).active


def test_a_probe_that_cannot_see_the_leader_stops_nothing() -> None:
    state = follower().told(1.0, Sighting(at=0.0, active=False, epoch=0))
    assert missed(state, 2.0, 3.0, 4.0).active


def test_a_follower_stands_by_when_the_leader_acts_above_its_epoch() -> None:
    state = missed(follower(), 1.0, 2.0, 3.0)
    old, _ = state.answered(4.0, Answer(phase=Phase.ACTIVE, epoch=1))
    assert old.active, "an answer of before the promotion"
    new, _ = state.answered(4.0, Answer(phase=Phase.ACTIVE, epoch=3))
    assert not new.active


def test_a_leader_that_waits_is_given_a_word_at_once() -> None:
    state, following = follower().answered(1.0, Answer(phase=Phase.WAITING, epoch=1, token="one"))
    assert following is Next.AGAIN
    assert state.poll().token == "one"


def test_an_active_follower_gives_back_and_yields_before_the_leader_acts() -> None:
    state = missed(follower(), 1.0, 2.0, 3.0)
    state, following = state.answered(4.0, Answer(phase=Phase.RETURNING, epoch=2, token="one"))
    assert following is Next.GIVE_BACK
    assert state.active
    assert not state.yield_().may_act(4.0)
    assert state.yield_().poll() == Poll(node="f", epoch=2, active=False, token="one")


def test_a_follower_that_yielded_to_a_leader_that_died_promotes_itself_again() -> None:
    state = missed(follower(), 1.0, 2.0, 3.0).yield_()
    assert missed(state, 4.0, 5.0, 6.0).epoch == 3


def test_from_the_third_fail_over_in_an_hour_the_leader_must_first_be_up_for_a_minute() -> None:
    state = follower()
    for moment in (100.0, 200.0, 300.0):
        state = awake(state, moment).promote(moment)
    answer = Answer(phase=Phase.RETURNING, epoch=9)
    for moment, expected in ((301.0, Next.REST), (355.0, Next.REST), (361.5, Next.GIVE_BACK)):
        state, following = awake(state, moment).answered(moment, answer)
        assert following is expected
    state = state.promote(362.0)
    state, _ = awake(state, 363.0).answered(363.0, answer)
    state, following = awake(state, 425.0).answered(425.0, answer)
    assert following is Next.REST, "twice as long after the fourth"


def test_a_node_that_is_to_stay_active_gives_nothing_back() -> None:
    state = follower().promote(1.0, kept=True)
    state, following = state.answered(2.0, Answer(phase=Phase.RETURNING, epoch=2))
    assert (state.active, following) == (True, Next.REST)


def test_a_follower_that_stood_still_stands_by_and_counts_anew() -> None:
    state = missed(follower(), 1.0, 2.0, 3.0)
    assert not state.may_act(3.0 + PACE.stall + 0.1)
    state = state.tick(40.0)
    assert not state.active
    assert not missed(state, 41.0, 42.0).active


# Both, in virtual time.


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_two_that_could_know_of_each_other_never_act_at_once(first: int) -> None:
    for seed in range(first, first + 50):
        done = run(seed)
        assert not done.overlaps, f"seed {seed}: {done.overlaps}"
        assert done.end in ("leader", "follower"), f"seed {seed} ends with {done.end}"


@pytest.mark.parametrize("name", BROKEN)
def test_the_checker_finds_a_rule_that_is_left_out(name: str) -> None:
    rule = BROKEN[name]
    rules = (rule, Following) if issubclass(rule, Leading) else (Leading, rule)
    assert any(run(seed, *rules).overlaps for seed in range(60))
