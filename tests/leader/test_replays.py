"""Late results of times that nobody had judged: written once, counted right, told to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

import pytest

from tests.leader.store_samples import NOON, incident, opened, ping, result, set_up, transition
from uptop_core.outcomes import Reason
from uptop_leader.changes import Bearing, Changes
from uptop_leader.states import Status
from uptop_leader.store.replays import Rulings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.changes import StoredResult
    from uptop_leader.incidents import Transition
    from uptop_leader.store.store import Store

HOUR, DAY = 3600.0, 86_400.0
UP, DOWN, UNKNOWN, PAUSED = Status.UP, Status.DOWN, Status.UNKNOWN, Status.PAUSED
RULINGS = Rulings(cluster=str(NAMESPACE_DNS), strategy="any-down", silence_s=300, unknown_s=300)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "uptop.db") as store:
        set_up(store, ping("m"), now=NOON - 10 * DAY)
        store.write(Changes(transitions=[move(-200, Status.PENDING, UP)]), NOON)
        yield store


def move(at: float, before: Status, after: Status) -> Transition:
    return transition("m", NOON + at * HOUR, before, after)


def told(store: Store, *moves: Transition) -> None:
    store.write(Changes(transitions=list(moves)), NOON)


def seen(
    since: float, until: float, *down: tuple[float, float], node: str = "p", **facts: Bearing
) -> list[StoredResult]:
    """A look a minute between two hours relative to noon, down in the hours given."""
    minutes = range(round(since * 60), round(until * 60))
    found = []
    for minute in minutes:
        is_down = any(start * 60 <= minute < end * 60 for start, end in down)
        reason = Reason.TIMEOUT if is_down else None
        extra = facts if is_down else {}
        found.append(result("m", node, NOON + 60 * minute, reason=reason, **extra))
    return found


def late(store: Store, results: list[StoredResult], now: float = NOON) -> None:
    """These came in late."""
    moments = [one.observed for one in results]
    store.write(Changes(results=results, late={"m": (min(moments), max(moments))}), now)


def replay(store: Store, now: float = NOON, waited_s: float = 0) -> int:
    monitors = {monitor.id: monitor for monitor in store.load_config().monitors}
    return store.replay(monitors, RULINGS, now, waited_s)


def hours(store: Store) -> tuple[float, float, float]:
    uptime = store.uptime(NOON, DAY)["m"]
    return tuple(round(s / HOUR, 2) for s in (uptime.up_s, uptime.down_s, uptime.observed_s))  # type: ignore[return-value]  # three of them


def test_a_time_of_unknown_becomes_what_late_results_tell(store: Store) -> None:
    told(store, move(-12, UP, UNKNOWN), move(-6, UNKNOWN, UP))
    assert hours(store) == (18, 0, 18)
    late(store, seen(-13, -5, (-9, -8)))
    assert replay(store) == 1
    assert hours(store) == (23, 1, 24)
    (found,) = store.incidents()
    assert found.late
    assert (found.started, found.ended) == (NOON - 9 * HOUR, NOON - 8 * HOUR)
    assert (found.number, found.reasons, found.cause) == (0, "1 × timeout", "recovered")
    assert store.outbox_depth(NOON).waiting == 0
    assert store.incidents(open_only=True) == []


def test_any_order_and_any_cut_comes_to_the_same(store: Store) -> None:
    told(store, move(-12, UP, UNKNOWN), move(-6, UNKNOWN, UP))
    looks = seen(-13, -5, (-9, -8))
    for part in (looks[250:], looks[:100], looks[100:250], looks[90:120]):
        late(store, part)
        replay(store)
    assert hours(store) == (23, 1, 24)
    assert len(store.incidents()) == 1


def test_what_the_judge_had_judged_is_not_judged_again(store: Store) -> None:
    late(store, seen(-13, -5, (-9, -8)))
    replay(store)
    assert hours(store) == (24, 0, 24)
    assert store.incidents() == []


def test_paused_time_stays_paused(store: Store) -> None:
    told(store, move(-12, UP, PAUSED), move(-6, PAUSED, Status.PENDING), move(-5, UNKNOWN, UP))
    late(store, seen(-13, -5, (-9, -8)))
    replay(store)
    assert hours(store) == (18, 0, 18)
    assert store.incidents() == []


def test_failures_without_proof_of_line_leave_the_time_unobserved(store: Store) -> None:
    told(store, move(-12, UP, UNKNOWN), move(-6, UNKNOWN, UP))
    late(store, seen(-13, -5, (-11, -7), bearing=Bearing.ISOLATED))
    replay(store)
    assert hours(store) == (20, 0, 20)
    assert store.incidents() == []


def test_an_incident_that_lasted_over_the_gap_is_not_told_twice(store: Store) -> None:
    """It was down before the leader went and after it came, and in between for an hour only."""
    told(store, move(-6, UP, DOWN), move(-1, DOWN, UP))
    known = incident(1, started=NOON - 6 * HOUR, ended=NOON - HOUR, end_confirmed=NOON - HOUR)
    store.write(Changes(opened=[known]), NOON)
    store.gap(NOON - 5 * HOUR, NOON - 2 * HOUR)
    assert hours(store) == (19, 2, 21)
    late(store, seen(-6, -1, (-6, -4), (-2, -1)))
    replay(store)
    assert hours(store) == (21, 3, 24)
    assert store.incidents() == [known]


def test_an_outage_that_was_found_by_the_judge_itself_later_is_that_one(store: Store) -> None:
    """It began while the leader was away, and was still there when it came back."""
    told(store, move(-2, UP, DOWN), move(-1, DOWN, UP))
    known = incident(1, started=NOON - 2 * HOUR, ended=NOON - HOUR, end_confirmed=NOON - HOUR)
    store.write(Changes(opened=[known]), NOON)
    store.gap(NOON - 5 * HOUR, NOON - 2 * HOUR)
    late(store, seen(-6, -1, (-3, -1)))
    replay(store)
    assert hours(store) == (22, 2, 24)
    assert store.incidents() == [known]


def test_company_is_waited_for_and_what_came_meanwhile_is_not_lost(store: Store) -> None:
    told(store, move(-12, UP, UNKNOWN), move(-6, UNKNOWN, UP))
    late(store, seen(-13, -9))
    assert replay(store, NOON + 14, waited_s=15) == 0
    assert replay(store, NOON + 15, waited_s=15) == 1
    assert replay(store, NOON + 60, waited_s=15) == 0
    late(store, seen(-9, -5), NOON + 60)
    assert replay(store, NOON + 75, waited_s=15) == 1
    assert hours(store) == (24, 0, 24)


def test_a_monitor_that_is_gone_is_not_replayed(store: Store) -> None:
    late(store, seen(-13, -9))
    assert store.replay({}, RULINGS, NOON, 0) == 0
    assert replay(store) == 0


def test_an_outage_that_lasts_while_nobody_can_judge_ends_where_it_is_known_to(
    store: Store,
) -> None:
    told(store, move(-12, UP, UNKNOWN))
    late(store, seen(-13, -5, (-6, -5)))
    replay(store)
    (found,) = store.incidents()
    assert found.started == NOON - 6 * HOUR
    assert found.ended == pytest.approx(NOON - 5 * HOUR, abs=60)
    # the judge is back, and it is down: it was so all the time
    told(store, move(-1, UNKNOWN, DOWN))
    known = incident(1, started=NOON - HOUR)
    store.write(Changes(opened=[known]), NOON)
    assert replay(store, NOON + 60) == 1
    assert store.incidents() == [known]
    windows = store.reliability("m", NOON, {"24h": DAY})
    assert windows["24h"].outages == 1
    assert replay(store, NOON + 600) == 0
