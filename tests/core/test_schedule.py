"""Step 2: when each monitor is looked at."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core.checks.port import PortCheck
from uptop_core.schedule import LATE_S, Schedule, Tick, next_tick, phase, van_der_corput
from uptop_core.wire import Assignment

START = 1_750_000_000.0


def assignment(id: str = "a", *, interval: float = 60.0, soon: bool = False) -> Assignment:
    check = PortCheck(hostname="127.0.0.1", port=1)
    return Assignment(id=id, name=id, check=check, interval=interval, phase=phase(id, 0), soon=soon)


def planned(id: str, interval: float, phase: float) -> Assignment:
    return msgspec.structs.replace(assignment(id, interval=interval), phase=phase)


def run_until(schedule: Schedule, begin: float, end: float) -> list[Tick]:
    """All ticks given out when somebody asks exactly when the next is due."""
    ticks: list[Tick] = []
    now = begin
    while now <= end:
        ticks += schedule.due(now)
        following = schedule.next_at()
        assert following is not None and following > now
        now = following
    return ticks


def test_the_nodes_of_a_monitor_are_spread_evenly() -> None:
    assert [van_der_corput(rank) for rank in range(5)] == [0.0, 0.5, 0.25, 0.75, 0.125]
    first = phase("a", 0)
    assert math.isclose((phase("a", 1) - first) % 1.0, 0.5)
    assert math.isclose((phase("a", 2) - first) % 1.0, 0.25)


def test_a_phase_is_the_same_in_every_process() -> None:
    assert phase("a", 0) == pytest.approx(0.26258956056976857)


@given(st.uuids(), st.integers(min_value=0, max_value=5000))
def test_a_phase_is_within_the_interval(monitor: object, rank: int) -> None:
    assert 0 <= phase(str(monitor), rank) < 1


@given(
    st.floats(min_value=1, max_value=366 * 86_400),
    st.floats(min_value=0, max_value=1, exclude_max=True),
    st.floats(min_value=0, max_value=4e9),
)
def test_the_next_tick_is_ahead_and_at_most_one_interval(
    interval: float, phase: float, now: float
) -> None:
    tick = next_tick(interval, phase, now)
    assert now < tick <= now + interval * (1 + 2e-6)
    assert next_tick(interval, phase, tick) - tick == pytest.approx(interval, rel=1e-4)


def test_every_monitor_has_its_own_interval_and_phase() -> None:
    schedule = Schedule()
    schedule.update([assignment("a", interval=60), assignment("b", interval=7)], START)
    ticks = run_until(schedule, START, START + 600)
    for id, interval in (("a", 60.0), ("b", 7.0)):
        times = [tick.at for tick in ticks if tick.assignment.id == id]
        assert len(times) == pytest.approx(600 / interval, abs=1)
        assert all(b - a == pytest.approx(interval) for a, b in pairwise(times))
        assert times[0] % interval / interval == pytest.approx(phase(id, 0), abs=1e-6)


def test_a_restart_makes_no_burst() -> None:
    schedule = Schedule()
    schedule.update([assignment(str(n)) for n in range(6000)], START)
    ticks = run_until(schedule, START, START + 60)
    per_second = [0] * 61
    for tick in ticks:
        per_second[int(tick.at - START)] += 1
    assert max(per_second) < 160  # 100 on average


def test_a_new_monitor_is_looked_at_within_30_s_spread_out() -> None:
    schedule = Schedule()
    schedule.update([assignment(str(n), interval=3600, soon=True) for n in range(300)], START)
    times = [tick.at - START for tick in run_until(schedule, START, START + 30)]
    assert len(times) >= 300
    assert max(b - a for a, b in pairwise(sorted(times))) < 1


def test_a_new_monitor_with_a_short_interval_has_no_extra_tick() -> None:
    schedule = Schedule()
    schedule.update([assignment(interval=20, soon=True)], START)
    assert schedule.next_at() == next_tick(20, phase("a", 0), START)


def test_what_is_unchanged_keeps_its_next_tick() -> None:
    schedule = Schedule()
    schedule.update([assignment(interval=3600, soon=True)], START)
    first = schedule.next_at()
    schedule.update([assignment(interval=3600, soon=True), assignment("b")], START + 1)
    schedule.update([assignment(interval=3600, soon=False)], START + 2)
    assert schedule.next_at() == first


def test_a_monitor_that_was_just_changed_is_looked_at_soon() -> None:
    schedule = Schedule()
    before = assignment(interval=3600)
    schedule.update([before], START)
    check = PortCheck(hostname="127.0.0.1", port=2)
    schedule.update([msgspec.structs.replace(before, check=check, soon=True)], START + 1)
    following = schedule.next_at()
    assert following is not None and following <= START + 31
    assert schedule.due(following)[0].assignment.check == check


def test_a_change_of_the_check_alone_keeps_the_next_tick() -> None:
    schedule = Schedule()
    before = assignment(interval=3600)
    schedule.update([before], START)
    first = schedule.next_at()
    schedule.update([msgspec.structs.replace(before, timeout=9.0)], START + 1)
    assert schedule.next_at() == first
    assert schedule.get("a") == msgspec.structs.replace(before, timeout=9.0)


def test_a_changed_interval_moves_the_tick_to_its_new_place() -> None:
    schedule = Schedule()
    schedule.update([assignment(interval=3600)], START)
    schedule.update([assignment(interval=10)], START)
    assert schedule.next_at() == next_tick(10, phase("a", 0), START)


def test_what_is_gone_is_not_run() -> None:
    schedule = Schedule()
    schedule.update([assignment("a"), assignment("b")], START)
    schedule.update([assignment("b")], START)
    assert {tick.assignment.id for tick in run_until(schedule, START, START + 200)} == {"b"}
    schedule.update([], START)
    assert (schedule.next_at(), len(schedule)) == (None, 0)


def test_after_a_gap_what_was_missed_is_counted_and_not_run_at_once() -> None:
    schedule = Schedule()
    schedule.update([assignment(str(n), interval=60) for n in range(100)], START)
    woken = START + 600
    assert len(schedule.due(woken)) < 20  # those whose moment was within the last 5 s
    assert schedule.missed == pytest.approx(1000, abs=110)
    assert len(run_until(schedule, woken, woken + 60)) == pytest.approx(100, abs=20)


def test_a_rare_monitor_missed_in_a_gap_is_looked_at_soon_after() -> None:
    schedule = Schedule()
    schedule.update([assignment(interval=86_400)], START)
    planned = schedule.next_at()
    assert planned is not None
    woken = planned + LATE_S + 1
    assert schedule.due(woken) == []
    assert schedule.missed == 1
    following = schedule.next_at()
    assert following is not None and woken < following <= woken + 600


@given(st.lists(st.floats(min_value=0, max_value=200), max_size=30))
def test_no_moment_is_given_out_twice_and_none_vanishes_unseen(gaps: list[float]) -> None:
    schedule = Schedule()
    monitor = assignment(interval=20)
    now = START
    schedule.update([monitor], now)
    times: list[float] = []
    for gap in gaps:
        now += gap
        times += [tick.at for tick in schedule.due(now)]
        schedule.update([monitor], now)
    assert all(b - a > 19.9 for a, b in pairwise(times))
    expected = math.floor((now - next_tick(20, monitor.phase, START)) / 20 + 1e-6) + 1
    assert len(times) + schedule.missed == max(0, expected)


def test_the_next_few_ticks_are_begun_together_where_none_waits_for_long() -> None:
    schedule = Schedule()
    phases = (0.5, 0.5001, 0.5002, 0.5003, 0.5004, 0.9)
    schedule.update([planned(str(n), 60.0, phase) for n, phase in enumerate(phases)], 0.0)
    assert schedule.next_at(4, 1.0) == pytest.approx(0.5003 * 60)
    assert schedule.next_at(9, 1.0) == pytest.approx(0.5004 * 60)
    assert schedule.next_at(9, 0.01) == pytest.approx(0.5001 * 60)


def test_no_tick_waits_for_company_for_more_than_a_small_share_of_its_interval() -> None:
    schedule = Schedule()
    schedule.update([planned("often", 0.1, 0.5), planned("seldom", 1.0, 0.06)], 0.0)
    assert schedule.next_at(4, 1.0) == pytest.approx(0.05)


def test_one_that_is_alone_waits_for_nobody() -> None:
    schedule = Schedule()
    assert schedule.next_at() is None
    schedule.update([planned("a", 60.0, 0.5)], 0.0)
    assert schedule.next_at(4, 1.0) == pytest.approx(30.0)
