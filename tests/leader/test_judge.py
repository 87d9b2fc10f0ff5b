"""Step 9: the rules of DESIGN 9, one by one."""

from tests.leader.courts import LEFT, OFFLINE, START, Court
from uptop_leader.states import Belief, Status


def test_a_monitor_is_pending_until_a_quorum_has_voted_and_then_up_at_once() -> None:
    court = Court()
    court.vote("a")
    assert court.shows(Status.PENDING)
    court.vote("b")
    assert court.shows(Status.UP)
    assert court.state.since == START


def test_a_single_failure_is_denied_by_the_recheck() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    assert court.is_rechecking()
    court.answer(a=True, b=True, c=True)
    assert not court.is_rechecking()
    assert court.told == ["UP"]


def test_any_down_is_confirmed_by_the_node_that_spoke_first() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    first = court.now
    court.answer(a=False)
    assert court.believes(Belief.DOWN)
    assert court.transitions[-1].at == first
    assert court.transitions[-1].reasons == "1 × timeout"


def test_under_any_down_another_nodes_first_word_in_a_round_does_not_confirm() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(b=False)
    assert court.believes(Belief.UP)
    court.answer(a=False)
    assert court.believes(Belief.DOWN)


def test_a_vote_from_before_the_round_does_not_confirm() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.now += 1
    court.vote("a", up=False, age=5)
    assert court.believes(Belief.UP)


def test_a_tick_counts_as_an_answer() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.now += 10
    court.vote("a", up=False)
    assert court.believes(Belief.DOWN)


def test_one_node_alone_needs_two_rounds_unless_a_number_was_written() -> None:
    court = Court("a")
    court.vote("a")
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    assert court.believes(Belief.UP)
    court.wait(5)
    court.answer(a=False)
    assert court.believes(Belief.DOWN)

    written = Court("a", max_retries=1)
    written.vote("a")
    written.now += 60
    written.vote("a", up=False)
    written.answer(a=False)
    assert written.believes(Belief.DOWN)


def test_without_retries_the_first_verdict_decides() -> None:
    court = Court(max_retries=0)
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    assert court.believes(Belief.DOWN)


def test_rounds_follow_one_another_at_the_retry_interval() -> None:
    court = Court(max_retries=3, retry_interval=7.0)
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    for number in (1, 2):
        assert court.is_rechecking()
        assert court.round() == number
        court.answer(a=False)
        assert court.due is not None
        assert abs(court.due - court.now - 7) < 0.01
        court.wait(7)
    court.answer(a=False)
    assert court.believes(Belief.DOWN)


def test_majority_down_needs_a_majority_in_the_round() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False, b=True, c=True)
    assert court.believes(Belief.UP)
    court.now += 60
    court.vote("b", up=False)
    court.answer(a=False, b=False)
    assert court.believes(Belief.DOWN)


def test_a_confirmed_minority_is_partial_and_ends_with_its_next_up() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False, b=True, c=True)
    assert court.shows(Status.PARTIAL)
    assert court.state.incident is None
    court.now += 10
    court.vote("a")
    assert court.told == ["UP", "PARTIAL", "UP"]


def test_a_tie_is_partial_at_the_third_round_and_never_an_incident() -> None:
    court = Court("abcd", strategy="majority-down")
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.vote("b", up=False)
    for _ in range(3):
        court.answer(a=False, b=False, c=True, d=True)
        court.wait(5)
    assert court.told == ["UP", "PARTIAL"]
    court.now += 1
    court.vote("a")
    court.vote("b")
    assert court.shows(Status.UP)


def test_all_down_needs_everybody_who_is_heard() -> None:
    court = Court(strategy="all-down")
    court.all_up()
    court.now += 60
    for node in "ab":
        court.vote(node, up=False)
    court.answer(a=False, b=False, c=True)
    assert court.believes(Belief.UP)
    court.vote("c", up=False)
    court.answer(a=False, b=False, c=False)
    assert court.believes(Belief.DOWN)


def test_recovery_goes_the_same_way() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    court.now += 60
    court.vote("a")
    up_again = court.now
    assert court.believes(Belief.DOWN)
    court.answer(a=True, b=True, c=True)
    assert court.believes(Belief.UP)
    assert court.transitions[-1].at == up_again
    assert court.transitions[-1].closes


def test_a_down_monitor_is_not_rechecked_unless_a_vote_turns_up() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    for node in "abc":
        court.vote(node, up=False)
    court.answer(a=False, b=False, c=False)
    assert court.believes(Belief.DOWN)
    court.now += 60
    court.vote("a", up=False)
    assert not court.is_rechecking()
    court.now += 60
    court.vote("a")
    assert court.is_rechecking()


def test_under_any_down_silence_alone_recovers_nothing() -> None:
    court = Court()
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(a=False)
    assert court.believes(Belief.DOWN)
    for _ in range(5):
        court.wait(60)
        court.vote("b")
        court.vote("c")
    assert court.believes(Belief.DOWN)
    court.standings["a"] = LEFT
    court.vote("b")
    court.vote("c")
    court.answer(b=True, c=True)
    assert court.believes(Belief.UP)


def test_a_soft_condition_that_fails_is_degraded_not_down() -> None:
    court = Court("a")
    court.vote("a", soft=True)
    assert court.shows(Status.DEGRADED)
    assert court.believes(Belief.UP)
    court.now += 60
    court.vote("a")
    assert court.shows(Status.UP)


def test_a_degraded_monitor_goes_down_without_looking_well_in_between() -> None:
    court = Court("a", max_retries=1)
    court.vote("a", soft=True)
    court.now += 60
    court.vote("a", up=False)
    assert court.shows(Status.DEGRADED)
    court.answer(a=False)
    assert court.told == ["DEGRADED", "DOWN"]


def test_a_round_waits_for_its_accuser_to_speak_again_before_it_acquits() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.vote("a", up=False)
    court.answer(b=True, c=True)
    court.wait(20)
    assert court.is_rechecking()
    court.vote("a")
    assert not court.is_rechecking()


def test_a_round_does_not_wait_for_offline_nodes() -> None:
    court = Court(strategy="majority-down")
    court.all_up()
    court.now += 60
    court.standings["c"] = OFFLINE
    court.vote("a", up=False)
    court.answer(a=True, b=True)
    assert not court.is_rechecking()


def test_an_outage_seen_by_a_new_monitor_counts_rounds_as_if_it_was_up() -> None:
    court = Court()
    court.vote("a", up=False)
    assert court.believes(Belief.PENDING)
    assert court.is_rechecking()
    court.answer(a=False)
    assert court.believes(Belief.DOWN)
    assert court.told == ["DOWN"]
