"""Step 9 for push monitors: heartbeats, deadlines, and a judge that was away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.incidents import Transition
from uptop_leader.pushes import hear, judge_push
from uptop_leader.states import Belief, MonitorState, Status, fresh_state

START = 1_000_000.0
INTERVAL, GRACE = 600.0, 300.0
DEADLINE = INTERVAL + GRACE


class Job:
    """A job and its judge; times are seconds after the monitor was made."""

    def __init__(self, since: float = 0.0) -> None:
        check = PushCheck(token="t", grace=GRACE)
        self.monitor = Monitor(id="m", name="job", check=check, interval=INTERVAL)
        self.state: MonitorState = fresh_state("m", START)
        self.since = since
        self.due: float | None = None
        self.transitions: list[Transition] = []
        self.at(0)

    def at(self, second: float) -> Status:
        """The judge looks."""
        done = judge_push(self.monitor, self.state, START + self.since, START + second)
        self.state = done.state
        self.due = None if done.due is None else done.due - START
        if done.transition is not None:
            self.transitions.append(done.transition)
        return self.state.status

    def beats(self, second: float, signal: str = "success", detail: str = "") -> Status:
        """A signal arrives and is judged."""
        self.state = hear(self.state, signal, detail, START + second)
        return self.at(second)

    def restarts(self, second: float) -> Status:
        """The leader was away until now."""
        self.since = second
        return self.at(second)

    @property
    def told(self) -> list[str]:
        return [transition.status_to.value for transition in self.transitions]


def test_the_life_of_a_job() -> None:
    job = Job()
    assert job.state.status is Status.PENDING
    assert job.beats(10) is Status.UP
    assert job.due == 10 + INTERVAL
    assert job.at(10 + INTERVAL) is Status.LATE
    assert job.due == 10 + DEADLINE
    assert job.at(10 + DEADLINE) is Status.DOWN
    assert job.transitions[-1].at == START + 10 + DEADLINE
    assert "no heartbeat for" in job.transitions[-1].detail
    assert job.beats(5000) is Status.UP
    assert job.transitions[-1].at == START + 5000
    assert job.told == ["UP", "LATE", "DOWN", "UP"]


def test_a_job_never_heard_of_is_pending_only_until_its_deadline() -> None:
    job = Job()
    assert job.at(INTERVAL + 1) is Status.PENDING
    assert job.due == DEADLINE
    assert job.at(DEADLINE) is Status.DOWN
    assert job.transitions[-1].detail == "no heartbeat yet"


def test_a_job_never_heard_of_stays_down_however_often_it_is_judged() -> None:
    job = Job()
    job.at(DEADLINE)
    for second in range(1000, 20_000, 500):
        assert job.at(second) is Status.DOWN
    assert job.told == ["DOWN"]


@pytest.mark.parametrize("signal", ["fail", "1", "255", "007"])
def test_a_failure_that_is_said_is_down_at_once(signal: str) -> None:
    job = Job()
    job.beats(10)
    assert job.beats(20, signal, "disk full") is Status.DOWN
    assert job.transitions[-1].at == START + 20
    assert job.transitions[-1].detail == "disk full"
    assert job.at(20 + DEADLINE) is Status.DOWN
    assert job.beats(30, "0") is Status.UP


def test_an_exit_code_is_told_where_the_job_says_nothing() -> None:
    job = Job()
    job.beats(10, "3")
    assert job.transitions[-1].detail == "exit code 3"


def test_a_start_is_no_heartbeat_and_measures_the_run() -> None:
    job = Job()
    assert job.beats(10, "start") is Status.PENDING
    assert job.beats(25) is Status.UP
    assert job.state.push is not None
    assert job.state.push.run_time_s == 15
    assert job.beats(30, "start") is Status.UP
    assert job.at(25 + INTERVAL) is Status.LATE


def test_a_start_does_not_put_off_the_first_deadline() -> None:
    job = Job()
    job.beats(DEADLINE - 1, "start")
    assert job.at(DEADLINE) is Status.DOWN


def test_after_a_restart_the_deadline_is_unknown_and_down_comes_one_round_later() -> None:
    job = Job()
    job.beats(10)
    assert job.restarts(5000) is Status.UNKNOWN
    assert job.transitions[-1].at == START + 10 + DEADLINE
    assert job.due == 5000 + DEADLINE
    assert job.at(5000 + DEADLINE - 1) is Status.UNKNOWN
    assert job.at(5000 + DEADLINE) is Status.DOWN
    assert job.transitions[-1].at == START + 5000 + DEADLINE


def test_a_restart_between_heartbeat_and_deadline_gives_a_second_chance_too() -> None:
    job = Job()
    job.beats(10)
    assert job.restarts(100) is Status.UP
    assert job.at(10 + INTERVAL) is Status.LATE
    assert job.at(10 + DEADLINE) is Status.UNKNOWN
    assert job.at(10 + 2 * DEADLINE) is Status.DOWN


def test_a_heartbeat_after_the_restart_makes_the_deadline_certain_again() -> None:
    job = Job()
    job.beats(10)
    job.restarts(5000)
    assert job.beats(5100) is Status.UP
    assert job.at(5100 + DEADLINE) is Status.DOWN


def test_who_was_down_before_the_restart_stays_down() -> None:
    job = Job()
    job.beats(10)
    job.at(10 + DEADLINE)
    assert job.restarts(50_000) is Status.DOWN
    assert job.told == ["UP", "DOWN"]
    job = Job()
    job.beats(20, "fail")
    assert job.restarts(50_000) is Status.DOWN


def test_unknown_changes_no_belief() -> None:
    job = Job()
    job.beats(10)
    job.restarts(5000)
    assert job.state.belief is Belief.UP


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 2000), st.sampled_from(("success", "fail", "start", "look", "restart"))
        ),
        max_size=20,
    )
)
def test_silence_always_ends_as_down_and_a_heartbeat_always_as_up(
    steps: list[tuple[float, str]],
) -> None:
    job, second = Job(), 0.0
    for passed, what in steps:
        second += passed
        if what == "look":
            job.at(second)
        elif what == "restart":
            job.restarts(second)
        else:
            job.beats(second, what)
    for _ in range(4):
        if job.due is not None:
            assert job.due > second
            second = job.due
            job.at(second)
    assert job.due is None
    assert job.state.status is Status.DOWN
    assert job.beats(second + 1) is Status.UP


def test_only_push_monitors_are_judged_here() -> None:
    monitor = Monitor(id="m", name="m", check=HttpCheck(url="https://example.com"))
    with pytest.raises(TypeError):
        judge_push(monitor, fresh_state("m", START), START, START)


def test_a_monitor_that_becomes_a_push_job_has_its_time_to_begin() -> None:
    job = Job()
    job.state = replace(
        fresh_state("m", START - 90_000), belief=Belief.UP, status=Status.UP, push=None
    )
    assert job.at(0) is not Status.DOWN
    assert job.at(DEADLINE) is Status.DOWN


def nightly(grace: float | None = 3600.0) -> Job:
    """A job that is due at half past two in Berlin, first heard at noon of 27 March 2026."""
    job = Job()
    check = PushCheck(token="t", grace=grace, cron="30 2 * * *", timezone="Europe/Berlin")
    job.monitor = Monitor(id="m", name="job", check=check)
    job.beats(NOON)
    return job


# Seconds after START. On 29 March the clock skips half past two: 03:00 is 01:00 in UTC.
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC).timestamp() - START
FIRST = datetime(2026, 3, 28, 1, 30, tzinfo=UTC).timestamp() - START
SKIPPED = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp() - START
AFTER = datetime(2026, 3, 30, 0, 30, tzinfo=UTC).timestamp() - START


def test_a_job_by_cron_is_late_after_its_moment_and_down_after_its_grace() -> None:
    job = nightly()
    assert (job.state.status, job.due) == (Status.UP, FIRST)
    assert job.at(FIRST) is Status.LATE
    assert job.at(FIRST + 3599) is Status.LATE
    assert job.at(FIRST + 3600) is Status.DOWN
    assert job.transitions[-1].at == START + FIRST + 3600


def test_its_moments_go_by_the_wall_clock() -> None:
    job = nightly()
    assert job.beats(FIRST + 60) is Status.UP
    assert job.due == SKIPPED
    assert job.beats(SKIPPED + 60) is Status.UP
    assert job.due == AFTER


def test_its_default_grace_is_half_of_the_time_between_its_moments() -> None:
    job = nightly(grace=None)
    job.at(FIRST)
    assert job.due == FIRST + 12 * 3600
    job.beats(FIRST + 60)
    job.at(SKIPPED)  # 23.5 hours after the one before
    assert job.due == SKIPPED + 23.5 * 3600 / 2


def test_a_judge_that_was_away_waits_one_more_interval_and_grace_for_it() -> None:
    job = nightly()
    assert job.restarts(FIRST + 7200) is Status.UNKNOWN
    assert job.transitions[-1].at == START + FIRST + 3600
    again = FIRST + 7200 + 86_400 + 3600
    assert job.due == again
    assert job.at(again - 1) is Status.UNKNOWN
    assert job.at(again) is Status.DOWN


def test_a_job_by_cron_never_heard_of_is_pending_until_its_first_deadline() -> None:
    job = Job()
    check = PushCheck(token="t", cron="0 * * * *", grace=600)
    job.monitor = Monitor(id="m", name="job", check=check)
    job.at(1)
    first = -START % 3600
    assert (job.state.status, job.due) == (Status.PENDING, first + 600)
    assert job.at(first + 600) is Status.DOWN


@pytest.mark.parametrize(("signal", "status"), [("0", Status.UP), ("7", Status.DOWN)])
def test_the_run_time_is_from_the_start_to_the_end(signal: str, status: Status) -> None:
    job = nightly()
    job.beats(FIRST - 30, "start")
    assert job.state.status is Status.UP
    assert job.beats(FIRST + 45, signal) is status
    assert job.state.push is not None
    assert (job.state.push.run_time_s, job.state.push.started) == (75, None)
    job.beats(SKIPPED)
    assert job.state.push is not None
    assert job.state.push.run_time_s is None
