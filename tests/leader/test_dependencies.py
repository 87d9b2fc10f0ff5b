"""Part of step 10: what is down behind a dependency."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.leader.courts import START, monitor
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.push import PushCheck
from uptop_core.constants import TimeConstants
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.dependencies import (
    DEPENDENCY,
    depended_on,
    dependents,
    hold,
    is_behind,
    second_look_s,
)
from uptop_leader.incidents import Incident
from uptop_leader.states import Belief, MonitorState, Run, fresh_state
from uptop_leader.telling import Hold

CONSTANTS = TimeConstants()
CONFIRMED = START + 10
ROUTER = monitor(id="router", timeout=4)
CHILD = monitor(id="child", depends_on=("router",))
INCIDENT = Incident(
    id="i", monitor="child", number=1, name="child", started=START, confirmed=CONFIRMED
)
BEHIND = replace(INCIDENT, untold=DEPENDENCY, child_of="router's")


def believed(belief: Belief, since: float = START - 100, **facts: Any) -> MonitorState:
    return replace(fresh_state("router", since), belief=belief, **facts)


def running(belief: Belief = Belief.UP) -> MonitorState:
    return believed(belief, run=Run(id="r", opened=START, first=START, began=START))


def seen_down(at: float, **facts: Any) -> MonitorState:
    vote = Vote(node="a", observed=at, up=False, reason=Reason.TIMEOUT)
    state = replace(fresh_state("child", START), belief=Belief.DOWN, votes={"a": vote})
    return replace(state, **facts)


def held(
    router: MonitorState,
    now: float,
    incident: Incident = INCIDENT,
    child: MonitorState | None = None,
    watched: Monitor = CHILD,
) -> Hold | None:
    state = child if child is not None else seen_down(START)
    return hold(watched, state, incident, [(ROUTER, router)], CONSTANTS, now)


def test_what_is_down_behind_a_dependency_that_is_down_is_its_child() -> None:
    found = held(believed(Belief.DOWN, incident="router's"), CONFIRMED)
    assert found == Hold(why=DEPENDENCY, child_of="router's")
    assert held(believed(Belief.DOWN, incident="router's"), CONFIRMED + 86_400) == found


def test_what_depends_on_nothing_that_is_down_is_told() -> None:
    assert held(believed(Belief.UP), CONFIRMED) is None
    assert held(believed(Belief.PENDING), CONFIRMED) is None


def test_it_waits_for_the_open_run_of_its_dependency_for_timeout_and_five_seconds() -> None:
    until = CONFIRMED + 4 + 5
    assert held(running(), CONFIRMED) == Hold(why=DEPENDENCY, until=until)
    assert held(running(), until - 0.1) is not None
    assert held(running(), until) is None


def test_when_the_dependency_is_up_again_the_child_gets_the_time_to_come_up_with_it() -> None:
    back = believed(Belief.UP, since=START + 500)
    until = START + 500 + 60 + 5 + 5
    assert held(back, START + 505, BEHIND) == Hold(why=DEPENDENCY, until=until)
    assert held(back, until, BEHIND) is None


def test_a_child_seen_down_since_its_dependency_is_up_is_told() -> None:
    back = believed(Belief.UP, since=START + 500)
    assert held(back, START + 505, BEHIND, seen_down(START + 499)) is not None
    assert held(back, START + 505, BEHIND, seen_down(START + 501)) is None


def test_a_child_that_is_being_rechecked_then_is_waited_for() -> None:
    back = believed(Belief.UP, since=START + 500)
    rechecked = seen_down(START + 501, run=running().run)
    assert held(back, START + 505, BEHIND, rechecked) is not None


def test_a_child_whose_dependency_was_paused_is_told() -> None:
    assert held(believed(Belief.PENDING, since=START + 500), START + 505, BEHIND) is None


def test_a_dependency_that_was_up_all_along_keeps_nobody_waiting() -> None:
    assert held(believed(Belief.UP, since=START - 1), START + 505, BEHIND) is None


def test_a_job_that_reports_by_itself_is_not_waited_for() -> None:
    job = monitor(check=PushCheck(token="t" * 20), interval=86_400)
    assert second_look_s(job, CONSTANTS) == 0
    back = believed(Belief.UP, since=START + 500)
    assert held(back, START + 505, BEHIND, watched=job) is None


def test_nobody_is_waited_for_longer_than_five_minutes_and_a_look() -> None:
    assert second_look_s(monitor(interval=3600), CONSTANTS) == 300 + 5 + 5


def test_the_groups_around_a_monitor_are_no_dependencies_of_it() -> None:
    outer = Monitor(id="outer", name="outer", check=GroupCheck())
    inner = Monitor(id="inner", name="inner", check=GroupCheck(), parent="outer")
    other = Monitor(id="other", name="other", check=GroupCheck())
    member = monitor(
        id="m", parent="inner", depends_on=("outer", "inner", "other", "router", "gone", "m")
    )
    known = {one.id: one for one in (outer, inner, other, member, ROUTER)}
    assert [one.id for one in depended_on(member, known)] == ["other", "router"]
    assert dependents(known) == {"other": ("m",), "router": ("m",)}


def test_groups_in_a_circle_end_the_search() -> None:
    one = Monitor(id="one", name="one", check=GroupCheck(), parent="two")
    two = Monitor(id="two", name="two", check=GroupCheck(), parent="one", depends_on=("one",))
    assert depended_on(two, {"one": one, "two": two}) == []


def test_one_dependency_that_is_down_is_enough() -> None:
    assert is_behind([believed(Belief.UP), believed(Belief.DOWN)])
    assert not is_behind([believed(Belief.UP), running()])
    assert not is_behind([])
