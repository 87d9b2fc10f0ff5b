"""Step 9, first half: what no sequence of votes may do, and the rules of rounds one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.leader.courts import HERE, LEFT, OFFLINE, Court
from uptop_core.outcomes import Reason
from uptop_leader.nodes import Standing
from uptop_leader.states import Belief, Status

STRATEGIES = ("any-down", "majority-down", "all-down")
SILENT = Standing(live=False, offline=False, left=False)

moves = st.one_of(
    st.tuples(st.just("vote"), st.sampled_from("abc"), st.booleans(), st.booleans()),
    st.tuples(st.just("abstain"), st.sampled_from("abc"), st.booleans(), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from((1, 5, 20, 70)), st.booleans(), st.booleans()),
    st.tuples(
        st.just("node"), st.sampled_from("abc"), st.sampled_from((HERE, OFFLINE, LEFT)), st.none()
    ),
)


def play(court: Court, move: tuple[object, ...]) -> None:
    what, first, second, third = move
    if what == "wait":
        court.wait(float(str(first)))
        return
    node = str(first)
    if what == "node":
        assert isinstance(second, Standing)
        court.standings[node] = second
        court.judge()
        return
    court.now += 0.3
    reason = Reason.INTERNAL_ERROR if what == "abstain" else None
    is_up = bool(second) and what == "vote"
    court.vote(node, is_up, answers=bool(third), reason=reason)


def answers_of_all(court: Court, up: bool, seconds: float) -> None:
    """All nodes are there, tick once in 60 s and answer each recheck within a second."""
    court.standings = dict.fromkeys(court.nodes, HERE)
    end = court.now + seconds
    while court.now < end:
        if court.is_rechecking() and court.state.run.pause_until is None:  # type: ignore[union-attr]
            for node in court.nodes:
                court.vote(node, up, answers=True)
        elif int(court.now) % 20 == 0:
            for node in court.nodes:
                court.vote(node, up)
        court.wait(1)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(STRATEGIES), st.lists(moves, max_size=25), st.booleans())
def test_no_sequence_of_votes_and_time_hangs_a_run(
    strategy: str, played: list[tuple[object, ...]], up: bool
) -> None:
    court = Court(strategy=strategy)
    for move in played:
        play(court, move)
        if court.is_rechecking():
            assert court.due is not None
            assert court.due > court.now - 0.2
    answers_of_all(court, up, 150)
    assert not court.is_rechecking()
    assert court.believes(Belief.UP if up else Belief.DOWN)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(STRATEGIES), st.lists(moves, max_size=25))
def test_a_status_says_no_more_than_the_belief(
    strategy: str, played: list[tuple[object, ...]]
) -> None:
    court = Court(strategy=strategy)
    for move in played:
        play(court, move)
        state = court.state
        assert (state.status is Status.DOWN) <= (state.belief is Belief.DOWN)
        if state.status in (Status.UP, Status.PARTIAL, Status.DEGRADED):
            assert state.belief is Belief.UP
        assert state.accused <= state.electors
    opened = [t for t in court.transitions if t.opens]
    closed = [t for t in court.transitions if t.closes]
    assert len(opened) - len(closed) == court.believes(Belief.DOWN)
    assert all(t.at <= t.known for t in court.transitions)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(STRATEGIES), st.lists(st.sampled_from("abc"), max_size=20))
def test_ups_alone_never_open_a_run(strategy: str, nodes: list[str]) -> None:
    court = Court(strategy=strategy)
    for node in nodes:
        court.now += 7
        court.vote(node)
        assert not court.is_rechecking()
        assert not court.believes(Belief.DOWN)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_false_result_of_each_node_in_turn_never_brings_it_down(strategy: str) -> None:
    court = Court(strategy=strategy)
    court.all_up()
    for node in "abc" * 3:
        court.now += 20
        court.vote(node, up=False)
        court.answer(a=True, b=True, c=True)
        assert court.believes(Belief.UP)
        assert not court.is_rechecking()


def test_a_round_waits_the_timeout_and_five_seconds_for_who_does_not_hold_a_poll() -> None:
    court = Court(strategy="majority-down", timeout=4.0)
    court.all_up()
    court.now += 60
    court.standings["c"] = SILENT
    court.vote("a", up=False)
    began = court.now
    court.answer(a=True, b=True)
    assert court.due is not None
    assert abs(court.due - (began + 9)) < 0.01
    court.wait(9)
    assert not court.is_rechecking()


def test_a_round_waits_three_times_that_for_a_live_node_that_owes_an_answer() -> None:
    court = Court(strategy="majority-down", timeout=4.0)
    court.all_up()
    court.now += 30
    court.vote("a", up=False)
    began = court.now
    court.answer(a=True, b=True)
    assert court.due is not None
    assert abs(court.due - (began + 27)) < 0.01


def test_a_neutral_round_begins_the_count_against_the_belief_again() -> None:
    court = Court(strategy="majority-down", max_retries=2)
    court.all_up()
    court.now += 60
    for node in "ab":
        court.vote(node, up=False)
    court.answer(a=False, b=False)
    assert court.state.run is not None
    assert court.state.run.lost == 1
    court.standings["c"] = OFFLINE
    court.wait(5)
    court.answer(a=False, b=True)
    assert court.state.run is not None
    assert (court.state.run.lost, court.state.run.neutral) == (0, 1)
    assert court.believes(Belief.UP)


def test_without_retries_a_verdict_decides_though_a_run_is_open() -> None:
    court = Court(strategy="majority-down", max_retries=0)
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    first = court.now
    assert court.is_rechecking()
    court.now += 1
    court.vote("b", up=False)
    assert court.believes(Belief.DOWN)
    assert court.transitions[-1].at == first


def test_who_is_left_alone_with_a_down_is_unknown_and_confirms_nothing() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.standings |= {"b": OFFLINE, "c": OFFLINE}
    court.vote("a", up=False)
    for _ in range(3):
        court.answer(a=False)
        court.wait(5)
    assert not court.is_rechecking()
    assert court.told == ["UP"]
    assert court.state.confirmed == frozenset()


def test_after_five_minutes_of_silence_the_rest_decides() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.standings |= {"b": LEFT, "c": LEFT}
    court.vote("a", up=False)
    for _ in range(2):
        court.answer(a=False)
        court.wait(5)
    assert court.believes(Belief.DOWN)


def test_a_recovery_that_a_place_does_not_see_is_partial() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    for node in "ab":
        court.vote(node, up=False)
    court.answer(a=False, b=False, c=True)
    assert court.believes(Belief.DOWN)
    court.now += 60
    court.vote("c", up=False)
    court.vote("a")
    court.answer(a=True, b=True, c=False)
    assert court.told == ["UP", "DOWN", "PARTIAL"]
    assert court.transitions[-1].closes


def test_a_tied_outage_is_over_only_where_every_down_was_there_before_it() -> None:
    court = Court("abcd", strategy="majority-down")
    court.all_up()
    court.now += 60
    for node in "abc":
        court.vote(node, up=False)
    court.answer(a=False, b=False, c=False)
    assert court.believes(Belief.DOWN)
    court.now += 60
    court.vote("a")
    for _ in range(3):
        court.answer(a=True, b=False, c=False, d=True)
        court.wait(5)
    assert not court.is_rechecking()
    assert court.believes(Belief.DOWN)

    court.state = replace(court.state, confirmed_before=frozenset("bc"))
    court.now += 60
    court.vote("a", up=False)
    court.now += 60
    court.vote("a")
    for _ in range(3):
        court.answer(a=True, b=False, c=False, d=True)
        court.wait(5)
    assert court.told == ["UP", "DOWN", "PARTIAL"]


def test_a_pending_monitor_that_is_tied_is_partial() -> None:
    court = Court("ab", strategy="majority-down")
    court.vote("a")
    court.vote("b", up=False)
    for _ in range(3):
        court.answer(a=True, b=False)
        court.wait(5)
    assert court.told == ["PARTIAL"]
    assert court.believes(Belief.UP)
    assert court.state.incident is None
