"""Step 9, what counts: votes that abstain, are stale, late or unproven, and places left out."""

from msgspec.structs import replace

from tests.leader.courts import Court
from uptop_core import Reason
from uptop_leader.states import Belief, Status


def test_an_abstaining_answer_neither_confirms_nor_recovers() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    court.now += 60
    court.vote("a", up=False, reason=Reason.INTERNAL_ERROR)
    court.vote("b")
    court.vote("c")
    court.wait(30)
    assert court.believes(Belief.DOWN)


def test_a_blocked_target_is_no_vote() -> None:
    court = Court("a")
    court.vote("a", up=False, reason=Reason.BLOCKED_TARGET)
    court.wait(200)
    assert court.believes(Belief.PENDING)
    assert not court.is_rechecking()


def test_votes_go_stale_and_no_quorum_is_unknown_after_a_while_and_back_dated() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    heard = court.now
    court.wait(1000)
    assert court.told == ["UP", "UNKNOWN"]
    assert court.believes(Belief.UP)
    stale = heard + 60 + 5 + 15
    assert abs(court.transitions[-1].at - stale) < 1
    court.all_up()
    assert court.shows(Status.UP)


def test_unknown_keeps_an_open_incident_open() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    court.state = replace(court.state, incident="i")
    court.wait(2000)
    assert court.shows(Status.UNKNOWN)
    assert court.believes(Belief.DOWN)
    assert court.state.incident == "i"


def test_min_votes_below_the_bound_is_unknown() -> None:
    court = Court(min_votes=2)
    court.vote("a")
    court.wait(60)
    assert court.shows(Status.PENDING)


def test_an_older_result_that_comes_late_changes_nothing() -> None:
    court = Court("a")
    court.vote("a")
    court.now += 60
    court.vote("a")
    before = court.state
    court.vote("a", up=False, age=30)
    assert court.state is before or court.state == before


def test_a_network_failure_without_proof_of_line_is_no_vote() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False, proof="none")
    assert not court.is_rechecking()
    court.wait(10)
    assert court.believes(Belief.UP)


def test_a_failure_that_only_the_leader_vouches_for_is_set_aside_while_others_see_it_up() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False, proof="leader")
    assert court.is_rechecking()
    court.answer(a=True, b=True, c=True)
    court.vote("a", up=False, proof="leader")
    court.now += 0.2
    court.vote("a", up=False, proof="leader", answers=True)
    court.answer(b=True, c=True)
    assert court.believes(Belief.UP)
    court.wait(30)
    assert court.believes(Belief.UP)


def test_a_failure_that_only_the_leader_vouches_for_counts_when_nobody_sees_it_up() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    for node in "abc":
        court.vote(node, up=False, proof="leader")
    for node in "abc":
        court.now += 0.2
        court.vote(node, up=False, proof="leader", answers=True)
    assert court.believes(Belief.DOWN)


def test_a_newer_vote_set_aside_for_want_of_proof_no_longer_blocks_recovery() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    assert court.believes(Belief.DOWN)
    court.now += 60
    court.vote("a", up=False, proof="none")
    court.vote("b")
    court.vote("c")
    court.answer(b=True, c=True)
    court.wait(30)
    court.vote("b")
    court.vote("c")
    court.answer(b=True, c=True)
    assert court.believes(Belief.UP)


def test_an_outage_does_not_begin_with_a_place_that_never_saw_it_up() -> None:
    court = Court("abcde", strategy="majority-down")
    court.all_up()
    court.now += 10
    court.vote("e", up=False)
    court.answer(a=True, b=True, c=True, d=True, e=False)
    assert court.shows(Status.PARTIAL)
    court.now += 40
    court.vote("e", up=False)
    court.now += 15
    court.vote("a", up=False)
    first = court.now
    court.answer(a=False, b=False, c=False)
    assert court.believes(Belief.DOWN)
    assert court.transitions[-1].at == first


def test_an_outage_does_not_end_with_a_place_that_saw_it_up_all_along() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(b=True, c=True, a=False)
    assert court.believes(Belief.DOWN)
    court.now += 20
    court.vote("b")
    court.vote("c")
    court.now += 30
    court.vote("a")
    first = court.now
    court.answer(a=True, b=True, c=True)
    assert court.believes(Belief.UP)
    assert court.transitions[-1].at == first
