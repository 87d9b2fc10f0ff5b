"""Step 8: whose votes count, and what they say together."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.leader.courts import HERE, LEFT, OFFLINE, START, Court, monitor
from uptop_core.constants import TimeConstants
from uptop_core.outcomes import Reason
from uptop_core.verdicts import Verdict
from uptop_core.votes import Vote, fresh_for
from uptop_leader.ballots import (
    Rules,
    count_votes,
    prune,
    reason_words,
    settled_at,
    take_vote,
    verdict_now,
)
from uptop_leader.states import Belief, MonitorState, Status, fresh_state

NODES = "abcd"
RULES = Rules(constants=TimeConstants())
STANDINGS = dict.fromkeys(NODES, HERE)

votes = st.builds(
    Vote,
    node=st.sampled_from(NODES),
    observed=st.integers(0, 400).map(lambda second: START + second / 2),
    up=st.booleans(),
)


def taken(*given_votes: Vote, belief: Belief = Belief.UP) -> MonitorState:
    state = replace(fresh_state("m", START), belief=belief)
    for vote in given_votes:
        state, _ = take_vote(state, vote)
    return state


def down(node: str, observed: float = START, reason: Reason = Reason.TIMEOUT) -> Vote:
    return Vote(node=node, observed=observed, up=False, reason=reason)


def up(node: str, observed: float = START) -> Vote:
    return Vote(node=node, observed=observed, up=True)


@given(st.lists(votes, max_size=12, unique_by=lambda vote: (vote.node, vote.observed)), st.data())
def test_the_verdict_does_not_depend_on_the_order_in_which_votes_arrive(
    given_votes: list[Vote], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(given_votes))
    for strategy in ("any-down", "majority-down", "all-down"):
        rules = replace(RULES, strategy=strategy)
        verdicts = {
            count_votes(monitor(), taken(*some), NODES, STANDINGS, rules, START + 200).verdict()
            for some in (given_votes, shuffled)
        }
        assert len(verdicts) == 1


@given(st.lists(votes, max_size=12), st.sampled_from(NODES), st.sampled_from(sorted(Reason)))
def test_an_abstaining_vote_of_a_node_that_never_voted_changes_no_verdict(
    given_votes: list[Vote], node: str, reason: Reason
) -> None:
    others = [vote for vote in given_votes if vote.node != node]
    if not reason.abstains:
        return
    before = taken(*others)
    after, turned = take_vote(before, down(node, START + 200, reason))
    assert not turned
    for strategy in ("any-down", "majority-down", "all-down"):
        rules = replace(RULES, strategy=strategy)
        one, other = (
            count_votes(monitor(), state, NODES, STANDINGS, rules, START + 200)
            for state in (before, after)
        )
        assert one.verdict() is other.verdict()
        assert one.expected == other.expected


@given(st.lists(votes, max_size=12))
def test_only_expected_nodes_are_heard(given_votes: list[Vote]) -> None:
    state = taken(*given_votes)
    count = count_votes(monitor(), state, NODES, STANDINGS, RULES, START + 200)
    assert count.fresh.keys() <= count.expected
    assert state.accused <= state.electors


def test_a_node_that_only_abstains_blocks_no_quorum() -> None:
    court = Court("ab")
    court.vote("a", up=False, reason=Reason.BLOCKED_TARGET)
    court.vote("b")
    court.wait(120)
    court.vote("a", up=False, reason=Reason.BLOCKED_TARGET)
    court.vote("b")
    assert court.shows(Status.UP)


def test_a_vote_counts_while_it_is_fresh_and_not_longer() -> None:
    watched = monitor(interval=60.0, timeout=5.0)
    state = taken(up("a"))
    for after, counted in ((fresh_for(watched), 1), (fresh_for(watched) + 0.01, 0)):
        count = count_votes(watched, state, NODES, STANDINGS, RULES, START + after)
        assert len(count.fresh) == counted


def test_offline_nodes_are_expected_and_not_heard() -> None:
    state = taken(up("a"), up("b"))
    count = count_votes(monitor(), state, NODES, STANDINGS | {"b": OFFLINE}, RULES, START)
    assert count.expected == {"a", "b"}
    assert set(count.fresh) == {"a"}


def test_who_has_left_is_expected_no_more_and_owes_no_word() -> None:
    state = taken(up("a"), down("b"), belief=Belief.DOWN)
    kept = prune(state, NODES, STANDINGS)
    assert kept is state
    assert kept.accused == {"b"}
    pruned = prune(state, NODES, STANDINGS | {"b": LEFT})
    assert (pruned.electors, pruned.accused) == (frozenset("a"), frozenset())


def test_votes_of_nodes_that_lost_the_monitor_go() -> None:
    state = prune(taken(up("a"), down("b")), ("a",), STANDINGS)
    assert set(state.votes) == {"a"}
    assert (state.electors, state.accused) == (frozenset("a"), frozenset())


def test_a_node_that_came_back_counts_with_its_next_vote() -> None:
    state = prune(taken(up("a"), down("b")), NODES, STANDINGS | {"b": LEFT})
    assert set(count_votes(monitor(), state, NODES, STANDINGS, RULES, START).fresh) == {"a"}
    state, _ = take_vote(state, up("b", START + 1))
    assert set(count_votes(monitor(), state, NODES, STANDINGS, RULES, START + 1).fresh) == {
        "a",
        "b",
    }


def test_a_new_monitor_waits_for_all_its_nodes_for_a_while() -> None:
    watched = monitor(interval=60.0, timeout=5.0)
    state = taken(up("a"), belief=Belief.PENDING)
    assert settled_at(watched, state) == START + 30 + 5 + 10
    early = count_votes(watched, state, NODES, STANDINGS, RULES, START + 44)
    assert (early.expected, early.verdict()) == (frozenset(NODES), Verdict.UNKNOWN)
    late = count_votes(watched, state, NODES, STANDINGS, RULES, START + 46)
    assert (late.expected, late.verdict()) == (frozenset("a"), Verdict.UP)
    assert settled_at(watched, taken(up("a"))) is None


def test_a_new_monitor_is_up_when_its_nodes_had_their_time_without_another_vote() -> None:
    court = Court("abc", interval=86_400.0)
    court.vote("a")
    court.wait(60)
    assert court.shows(Status.UP)


def test_where_one_suffices_an_up_that_rests_on_silence_is_unknown() -> None:
    state = taken(up("a"), up("b"), down("c"), belief=Belief.DOWN)
    later = START + 70
    state, _ = take_vote(state, up("a", later))
    state, _ = take_vote(state, up("b", later))
    for now, expected in ((later, Verdict.DOWN), (START + 100, Verdict.UNKNOWN)):
        count = count_votes(monitor(), state, NODES, STANDINGS, RULES, now)
        assert verdict_now(count, state) is expected
    state, _ = take_vote(state, up("c", START + 101))
    count = count_votes(monitor(), state, NODES, STANDINGS, RULES, START + 101)
    assert verdict_now(count, state) is Verdict.UP


def test_a_vote_turns_only_once() -> None:
    state = taken(up("a"))
    turns = []
    for second, is_up in enumerate((False, False, True, False), 1):
        vote = replace(up("a", START + second), up=is_up)
        state, turned = take_vote(state, vote)
        turns.append(turned)
    assert turns == [True, False, False, True]


def test_reasons_are_counted_together() -> None:
    failed = [
        down("a"),
        replace(down("b", reason=Reason.STATUS_MISMATCH), status_code=503),
        down("c"),
        down("d", reason=Reason.INTERNAL_ERROR),
        up("e"),
    ]
    for order in itertools.permutations(failed):
        assert reason_words(order) == "2 × timeout, 1 × HTTP 503"


def test_a_fault_of_our_own_that_overtakes_an_older_vote_hides_nothing_of_it() -> None:
    before, fault = down("a", START), down("a", START + 5, Reason.INTERNAL_ERROR)
    in_order, overtaken = taken(before, fault), taken(fault, before)
    assert in_order.accused == overtaken.accused == {"a"}
    assert in_order == overtaken


def test_what_a_fault_has_overtaken_is_forgotten_once_the_node_speaks_again() -> None:
    state = taken(down("a", START), down("a", START + 5, Reason.INTERNAL_ERROR), up("a", START + 9))
    assert state.overtaken == {}
    assert not state.accused
