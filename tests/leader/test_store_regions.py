"""Uptime and latencies of one monitor by region and over time, from rollups and what is not rolled
up yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.store_samples import NOON, opened, ping, result, set_up
from uptop_core.outcomes import Reason
from uptop_leader.changes import Bearing, Changes
from uptop_leader.store.sketch import ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

HOUR, DAY = 3600.0, 86_400.0
REGION_OF = {"p": "eu", "q": "eu", "r": "us"}


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        set_up(store, ping("m"), ping("other"), now=NOON - 100 * DAY)
        yield store


def minutes(
    store: Store, node: str, since: float, until: float, ms: float, *, down: float = 0.0
) -> None:
    """A look a minute from one hour to another, relative to noon; the first `down` hours fail."""
    found = [
        result(
            "m",
            node,
            NOON + 60 * minute,
            round(ms * 1000),
            reason=Reason.TIMEOUT if minute < (since + down) * 60 else None,
        )
        for minute in range(round(since * 60), round(until * 60))
    ]
    store.write(Changes(results=found), NOON)


@pytest.mark.parametrize("rolled_up", [False, True])
def test_regions_are_told_by_time_and_their_nodes_together(store: Store, rolled_up: bool) -> None:
    minutes(store, "p", -12, 0, 10)
    minutes(store, "q", -12, 0, 30, down=6)
    minutes(store, "r", -24, 0, 100)
    store.write(Changes(results=[result("other", "r", NOON - 60, 999_000)]), NOON)
    if rolled_up:
        store.roll_up(NOON + HOUR)
    told = store.regional("m", REGION_OF, NOON, DAY)
    assert told.keys() == {"eu", "us"}
    eu, us = told["eu"], told["us"]
    assert eu.uptime == pytest.approx(1 - 6 / 24)  # 24 node hours, 6 of them down
    assert [eu.covered, us.covered] == pytest.approx([0.5, 1.0])
    assert us.uptime == 1
    assert (eu.latency.count, eu.latency.down) == (1440, 360)
    # 720 results took 10 ms, 360 took 30 ms
    assert eu.latency.p50_ms == pytest.approx(10, rel=ERROR)
    assert eu.latency.p95_ms == pytest.approx(30, rel=ERROR)
    assert us.latency.p99_ms == pytest.approx(100, rel=ERROR)


def test_more_looks_in_an_outage_do_not_make_it_longer(store: Store) -> None:
    """Every 5 s while it is down for a minute, every minute otherwise."""
    moments = [*range(0, 600, 60), *range(600, 660, 5), *range(660, 1200, 60)]
    found = [
        result(
            "m", "r", NOON - 1200 + moment, reason=Reason.TIMEOUT if 600 <= moment < 660 else None
        )
        for moment in moments
    ]
    store.write(Changes(results=found), NOON)
    (us,) = store.regional("m", REGION_OF, NOON, HOUR).values()
    assert us.uptime == pytest.approx(1 - 60 / 1200)


def test_isolated_failures_and_unsure_moments_do_not_count_as_time(store: Store) -> None:
    bad = [
        result("m", "r", NOON - 60 * ago, reason=Reason.TIMEOUT, bearing=bearing)
        for ago, bearing in ((3, Bearing.ISOLATED), (2, Bearing.UNPLACED))
    ]
    store.write(Changes(results=[result("m", "r", NOON - 300), *bad]), NOON)
    (us,) = store.regional("m", REGION_OF, NOON, HOUR).values()
    assert us.uptime == 1
    assert (us.latency.count, us.latency.down) == (2, 1)


def test_a_node_that_is_not_known_any_more_has_no_region(store: Store) -> None:
    minutes(store, "gone", -1, 0, 10)
    assert store.regional("m", REGION_OF, NOON, HOUR).keys() == {""}


@pytest.mark.parametrize(
    ("seconds", "lasts", "number"), [(DAY, 300, 288), (7 * DAY, 3600, 24), (90 * DAY, DAY, 2)]
)
@pytest.mark.parametrize("rolled_up", [False, True])
def test_points_are_as_long_as_the_window_asks(
    store: Store, seconds: float, lasts: float, number: int, rolled_up: bool
) -> None:
    minutes(store, "p", -24, 0, 10)
    minutes(store, "q", -24, 0, 10)
    if rolled_up:
        store.roll_up(NOON)
    (points,) = store.points("m", REGION_OF, NOON, seconds).values()
    assert len(points) == number
    assert {point.lasts_ms for point in points[:-1]} <= {round(lasts * 1000)}
    assert sum(point.latency.count for point in points) == 2 * 1440
    assert [point.at_ms for point in points] == sorted(point.at_ms for point in points)


def test_points_and_region_agree(store: Store) -> None:
    minutes(store, "p", -20, 0, 10, down=1)
    store.roll_up(NOON - 10 * HOUR)
    (points,) = store.points("m", REGION_OF, NOON, DAY).values()
    (region,) = store.regional("m", REGION_OF, NOON, DAY).values()
    assert sum(point.latency.down for point in points) == region.latency.down == 60


def test_all_monitors_are_told_from_whole_five_minutes_that_are_rolled_up(store: Store) -> None:
    minutes(store, "p", -2, 0, 10)
    minutes(store, "q", -2, 0, 30, down=1.5)
    minutes(store, "r", -2, 0, 100)
    store.write(Changes(results=[result("other", "r", NOON - 60, 999_000)]), NOON)
    assert store.regional_of_all(REGION_OF, NOON, HOUR) == {}
    store.roll_up(NOON + 400)
    told = store.regional_of_all(REGION_OF, NOON + 30, HOUR)
    assert {monitor: sorted(found) for monitor, found in told.items()} == {
        "m": ["eu", "us"],
        "other": ["us"],
    }
    eu, us = told["m"]["eu"], told["m"]["us"]
    assert eu.uptime == pytest.approx(0.75)
    assert (eu.latency.count, eu.latency.down) == (120, 30)
    assert us.latency.p50_ms == pytest.approx(100, rel=ERROR)
    assert us.covered == 1.0
    assert store.regional_of_all(REGION_OF, NOON + 3 * HOUR, HOUR) == {}
