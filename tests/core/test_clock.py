"""A clock that follows the wall clock never jumps and never goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core.clock import Clock, FollowingClock


class Machine:
    """A machine whose wall clock can be set."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        self.ahead = 1_800_000_000.0

    def clock(self) -> FollowingClock:
        return FollowingClock(wall=self.wall, elapsed=lambda: self.elapsed)

    def wall(self) -> float:
        return self.elapsed + self.ahead


def run(machine: Machine, clock: FollowingClock, seconds: float) -> float:
    """Time passes, and the clock follows every five seconds; how far the wall clock is ahead."""
    ahead = 0.0
    for _ in range(round(seconds / 5)):
        machine.elapsed += 5
        ahead = clock.follow()
    return ahead


def test_it_begins_where_the_wall_clock_is_and_keeps_its_pace() -> None:
    machine = Machine()
    clock = machine.clock()
    assert run(machine, clock, 3600) == pytest.approx(0, abs=1e-3)
    assert clock.now() == pytest.approx(machine.wall(), abs=1e-3)


@pytest.mark.parametrize("hour", [3600.0, -3600.0])
def test_an_hour_is_made_up_for_in_two_days_and_a_bit(hour: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead += hour
    assert abs(run(machine, clock, 49 * 3600)) > 60
    assert abs(run(machine, clock, 2 * 3600)) < 1


def test_some_seconds_are_made_up_for_in_minutes() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead -= 3
    assert abs(run(machine, clock, 600)) < 0.1


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(-86_400, 86_400), st.booleans()), max_size=30)
)
def test_it_never_goes_back_and_never_runs_more_than_two_percent_off(
    story: list[tuple[float, float, bool]],
) -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.now()
    for passed, set_by, follows in story:
        machine.ahead += set_by
        if follows:
            clock.follow()
        machine.elapsed += passed
        after = clock.now()
        assert passed * 0.98 - 1e-5 <= after - before <= passed * 1.02 + 1e-5
        before = after


def test_the_usual_clock_keeps_its_pace_and_says_how_far_the_wall_is() -> None:
    clock = Clock()
    assert abs(clock.follow()) < 1
