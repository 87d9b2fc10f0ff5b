"""Uptime by time: tables with sums worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

import pytest

from tests.leader.store_samples import NOON, incident, opened, ping, result, set_up, transition
from uptop_core.outcomes import Reason
from uptop_leader.changes import Changes
from uptop_leader.configuration import Actor, ConfigChange
from uptop_leader.states import Status, fresh_state
from uptop_leader.store.history import Day, Uptime
from uptop_leader.store.replays import Rulings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

HOUR, DAY = 3600.0, 86_400.0
MADE = NOON - 10 * DAY
RULINGS = Rulings(cluster=str(NAMESPACE_DNS), strategy="any-down", silence_s=300, unknown_s=300)
PENDING, UP, DOWN = Status.PENDING, Status.UP, Status.DOWN
UNKNOWN, PAUSED, MAINTENANCE = Status.UNKNOWN, Status.PAUSED, Status.MAINTENANCE


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        set_up(store, ping("m"), now=MADE)
        yield store


def tell(
    store: Store, *moves: tuple[float, Status, Status], incidents: tuple[Incident, ...] = ()
) -> None:
    """Write transitions at times relative to noon, in hours, and incidents."""
    rows = [transition("m", NOON + at * HOUR, before, after) for at, before, after in moves]
    store.write(Changes(transitions=rows, opened=list(incidents)), NOON)


def down(start: float, end: float | None, number: int = 1) -> Incident:
    """An incident between two moments relative to noon, in hours."""
    ended = None if end is None else NOON + end * HOUR
    return incident(number, started=NOON + start * HOUR, ended=ended, end_confirmed=ended)


def hours(uptime: Uptime) -> tuple[float, float, float]:
    """Up, down and observed in hours."""
    return (uptime.up_s / HOUR, uptime.down_s / HOUR, uptime.observed_s / HOUR)


def replayed(store: Store, *names: str) -> None:
    """Late results of the last day are judged."""
    late = dict.fromkeys(names, (NOON - DAY, NOON))
    store.write(Changes(late=late), NOON)
    monitors = {monitor.id: monitor for monitor in store.load_config().monitors}
    assert store.replay(monitors, RULINGS, NOON, 0) == len(names)


def test_an_outage_counts_from_start_to_end(store: Store) -> None:
    tell(
        store,
        (-100, PENDING, UP),
        (-6, UP, DOWN),
        (-4, DOWN, UP),
        incidents=(down(-6, -4),),
    )
    uptime = store.uptime(NOON, DAY)["m"]
    assert hours(uptime) == (22, 2, 24)
    assert uptime.window_s == DAY


def test_an_outage_that_lasts_counts_until_now(store: Store) -> None:
    tell(store, (-100, PENDING, UP), (-3, UP, DOWN), incidents=(down(-3, None),))
    assert hours(store.uptime(NOON, DAY)["m"]) == (21, 3, 24)


def test_an_outage_that_began_before_the_window_counts_within_it(store: Store) -> None:
    tell(
        store,
        (-100, PENDING, UP),
        (-30, UP, DOWN),
        (-20, DOWN, UP),
        incidents=(down(-30, -20),),
    )
    assert hours(store.uptime(NOON, DAY)["m"]) == (20, 4, 24)


@pytest.mark.parametrize("unjudged", [UNKNOWN, PAUSED, MAINTENANCE, PENDING])
def test_time_without_a_judgement_is_neither_up_nor_down(store: Store, unjudged: Status) -> None:
    tell(store, (-100, PENDING, UP), (-12, UP, unjudged), (-6, unjudged, UP))
    assert hours(store.uptime(NOON, DAY)["m"]) == (18, 0, 18)


@pytest.mark.parametrize("judged", [Status.PARTIAL, Status.DEGRADED, Status.LATE])
def test_what_is_believed_up_counts_as_up(store: Store, judged: Status) -> None:
    tell(store, (-100, PENDING, UP), (-12, UP, judged))
    assert hours(store.uptime(NOON, DAY)["m"]) == (24, 0, 24)


def test_maintenance_in_an_outage_is_left_out(store: Store) -> None:
    tell(
        store,
        (-100, PENDING, UP),
        (-10, UP, DOWN),
        (-8, DOWN, MAINTENANCE),
        (-5, MAINTENANCE, DOWN),
        (-4, DOWN, UP),
        incidents=(down(-10, -4),),
    )
    assert hours(store.uptime(NOON, DAY)["m"]) == (18, 3, 21)


def test_time_before_the_monitor_was_made_is_unobserved(store: Store) -> None:
    set_up(store, ping("young"), now=NOON - 6 * HOUR)
    moves = [transition("young", NOON - 5 * HOUR, PENDING, UP)]
    store.write(Changes(transitions=moves), NOON)
    assert hours(store.uptime(NOON, DAY)["young"]) == (5, 0, 5)


def test_a_monitor_that_was_never_judged_was_not_observed(store: Store) -> None:
    store.write(Changes(states={"m": fresh_state("m", MADE)}), NOON)
    assert hours(store.uptime(NOON, DAY)["m"]) == (0, 0, 0)


def test_a_back_dated_unknown_replaces_what_was_believed_since(store: Store) -> None:
    tell(store, (-100, PENDING, UP), (-4, UP, Status.PARTIAL))
    late = transition("m", NOON - 5 * HOUR, Status.PARTIAL, UNKNOWN, known=NOON - 3 * HOUR)
    store.write(Changes(transitions=[late]), NOON)
    assert hours(store.uptime(NOON, DAY)["m"]) == (19, 0, 19)


def test_a_back_dated_start_before_the_window_reaches_into_it(store: Store) -> None:
    tell(store, (-100, PENDING, UP), (-20, UP, Status.PARTIAL))
    late = transition("m", NOON - 30 * HOUR, Status.PARTIAL, UNKNOWN, known=NOON - 3 * HOUR)
    store.write(Changes(transitions=[late]), NOON)
    assert hours(store.uptime(NOON, DAY)["m"]) == (0, 0, 0)


def test_a_deleted_monitor_is_not_told(store: Store) -> None:
    store.change_config(ConfigChange(drop_monitors=("m",)), Actor(name="a", source=""), NOON)
    assert store.uptime(NOON, DAY) == {}


def test_time_in_which_the_leader_did_not_run_is_unobserved(store: Store) -> None:
    tell(store, (-100, PENDING, UP), (-8, UP, DOWN), (-4, DOWN, UP), incidents=(down(-8, -4),))
    store.gap(NOON - 6 * HOUR, NOON - 3 * HOUR)
    store.gap(NOON - 6 * HOUR, NOON - 3 * HOUR)
    assert hours(store.uptime(NOON, DAY)["m"]) == (19, 2, 21)


def test_results_that_came_in_later_cover_a_gap(store: Store) -> None:
    set_up(store, ping("blind"), now=MADE)
    tell(store, (-100, PENDING, UP))
    store.write(Changes(transitions=[transition("blind", MADE, PENDING, UP)]), NOON)
    store.gap(NOON - 3 * HOUR - 120, NOON - 120)
    # one result a minute from the second hour of the gap on, to its end
    seen = [result("m", "probe", NOON - 2 * HOUR + 60 * minute) for minute in range(119)]
    silent = [result("blind", "probe", NOON - 600, reason=Reason.INTERNAL_ERROR)]
    store.write(Changes(results=seen + silent), NOON)
    replayed(store, "m", "blind")
    uptimes = store.uptime(NOON, DAY)
    assert uptimes["m"].observed_s == 23 * HOUR - 120
    assert uptimes["blind"].observed_s == 21 * HOUR


def test_a_late_result_speaks_for_as_long_as_a_vote_counts(store: Store) -> None:
    set_up(store, ping("slow", interval=2 * HOUR), now=MADE)
    store.write(Changes(transitions=[transition("slow", MADE, PENDING, UP)]), NOON)
    store.gap(NOON - 6 * HOUR, NOON - HOUR)
    store.write(Changes(results=[result("slow", "probe", NOON - 4 * HOUR)]), NOON)
    replayed(store, "slow")
    spoken = 2.5 + 5 / 3600  # its interval, its timeout, and a quarter of its interval
    assert store.uptime(NOON, DAY)["slow"].observed_s == pytest.approx((19 + spoken) * HOUR)


def test_results_beside_a_short_gap_do_not_cover_it(store: Store) -> None:
    tell(store, (-100, PENDING, UP))
    around = [result("m", "n", NOON - 1000 + second) for second in (0, 10, 40, 50)]
    store.gap(NOON - 985, NOON - 970)
    store.write(Changes(results=around), NOON)
    assert store.uptime(NOON, DAY)["m"].observed_s == DAY - 15


def test_days_are_cut_at_midnight_utc(store: Store) -> None:
    tell(
        store,
        (-60, PENDING, UP),  # 13 November 00:00
        (-15, UP, DOWN),  # 14 November 21:00
        (-10, DOWN, UP),  # 15 November 02:00
        (-2, UP, PAUSED),
        incidents=(down(-15, -10),),
    )
    days = store.daily(NOON, 4)["m"]
    assert days == [
        Day(date=date(2023, 11, 12), up_s=0, down_s=0, observed_s=0),
        Day(date=date(2023, 11, 13), up_s=DAY, down_s=0, observed_s=DAY),
        Day(date=date(2023, 11, 14), up_s=21 * HOUR, down_s=3 * HOUR, observed_s=DAY, outages=1),
        Day(
            date=date(2023, 11, 15),
            up_s=8 * HOUR,
            down_s=2 * HOUR,
            observed_s=10 * HOUR,
            outages=1,
        ),
    ]


def test_there_are_ninety_days(store: Store) -> None:
    days = store.daily(NOON)["m"]
    assert len(days) == 90
    assert days[-1].date == date(2023, 11, 15)


def maintained(at: float, status: Status, *, begins: bool) -> Transition:
    """A maintenance begins or ends over a status, at an hour relative to noon."""
    before, after = (status, MAINTENANCE) if begins else (MAINTENANCE, status)
    return transition("m", NOON + at * HOUR, before, after, cause="maintenance")


@pytest.mark.parametrize(
    ("times", "left_out"),
    [
        ([(-6, -4)], 2),
        ([(-30, -20)], 4),
        ([(-2, None)], 2),
        ([(-40, None)], 24),
        ([(-40, -30)], 0),
        ([(-8, -7), (-3, -1)], 3),
    ],
)
def test_time_in_maintenance_is_left_out(
    store: Store, times: list[tuple[float, float | None]], left_out: float
) -> None:
    rows = [transition("m", MADE, PENDING, UP)]
    for begin, end in times:
        rows.append(maintained(begin, UP, begins=True))
        if end is not None:
            rows.append(maintained(end, UP, begins=False))
    store.write(Changes(transitions=rows), NOON)
    assert store.uptime(NOON, DAY)["m"].observed_s == (24 - left_out) * HOUR


def test_what_is_back_dated_over_the_edges_of_maintenance_leaves_them_where_they_are(
    store: Store,
) -> None:
    rows = [
        transition("m", MADE, PENDING, UP),
        maintained(-6, UP, begins=True),
        transition("m", NOON - 6.5 * HOUR, UP, DOWN, known=NOON - 5.9 * HOUR),
        maintained(-4, DOWN, begins=False),
        transition("m", NOON - 4.5 * HOUR, DOWN, UP, known=NOON - 3.9 * HOUR),
    ]
    store.write(Changes(transitions=rows, opened=[down(-6.5, -4.5)]), NOON)
    found = store.uptime(NOON, DAY)["m"]
    assert (found.observed_s, found.down_s) == (22 * HOUR, 0.5 * HOUR)
