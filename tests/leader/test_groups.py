"""Step 9 for groups: the worst of the members."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from uptop_leader.groups import judge_group, worst
from uptop_leader.states import Belief, MonitorState, Status, fresh_state

START = 1_000_000.0
ORDER = ("DOWN", "UNKNOWN", "PARTIAL", "LATE", "DEGRADED", "PENDING", "UP")


def member(status: Status, since: float = START) -> MonitorState:
    return replace(fresh_state("m", START), status=status, status_since=since)


def group(status: Status = Status.UP, belief: Belief = Belief.UP) -> MonitorState:
    return replace(fresh_state("g", START - 100), status=status, belief=belief)


def test_the_worst_wins() -> None:
    for worse, better in itertools.combinations(map(Status, ORDER), 2):
        assert worst([better, worse, better]) is worse


@pytest.mark.parametrize("aside", [Status.PAUSED, Status.MAINTENANCE])
def test_members_set_aside_are_left_out(aside: Status) -> None:
    assert worst([aside, Status.UP]) is Status.UP
    assert worst([aside, aside]) is Status.PAUSED


def test_an_empty_group_is_pending() -> None:
    assert worst([]) is Status.PENDING
    assert judge_group(group(Status.PENDING, Belief.PENDING), [], START).transition is None


def test_a_group_goes_down_with_its_first_member_and_up_with_its_last() -> None:
    down = judge_group(
        group(), [member(Status.DOWN, START + 5), member(Status.UP), member(Status.DOWN, START + 9)],
        START + 10,
    )  # fmt: skip
    assert down.transition is not None
    assert down.transition.opens
    assert (down.transition.at, down.transition.known) == (START + 5, START + 10)
    assert down.transition.detail == "2 of 3 members DOWN"
    recovered = judge_group(
        down.state, [member(Status.UP, START + 60), member(Status.UP, START + 80)], START + 90
    )
    assert recovered.transition is not None
    assert recovered.transition.closes
    assert recovered.transition.at == START + 80


def test_nothing_moves_while_the_worst_is_the_same() -> None:
    down = judge_group(group(), [member(Status.DOWN)], START + 1).state
    again = judge_group(down, [member(Status.DOWN), member(Status.DOWN, START + 50)], START + 60)
    assert again.transition is None
    assert again.state == down


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.PENDING])
def test_what_is_not_known_leaves_the_belief_be(status: Status) -> None:
    for belief in (Belief.UP, Belief.DOWN):
        before = group(Status(belief.value), belief)
        after = judge_group(before, [member(status)], START + 10)
        assert after.state.belief is belief
        assert after.state.status is status


@pytest.mark.parametrize("status", [Status.PARTIAL, Status.LATE, Status.DEGRADED, Status.UP])
def test_whatever_qualifies_an_up_is_a_recovery(status: Status) -> None:
    after = judge_group(group(Status.DOWN, Belief.DOWN), [member(status)], START + 10)
    assert after.transition is not None
    assert after.transition.closes


def test_a_group_whose_members_are_all_paused_is_closed_as_paused() -> None:
    after = judge_group(group(Status.DOWN, Belief.DOWN), [member(Status.PAUSED)], START + 10)
    assert after.transition is not None
    assert after.transition.closes
    assert (after.transition.cause, after.transition.at) == ("paused", START + 10)
    resumed = judge_group(after.state, [member(Status.PENDING)], START + 20)
    assert (resumed.state.status, resumed.state.belief) == (Status.PENDING, Belief.PENDING)
