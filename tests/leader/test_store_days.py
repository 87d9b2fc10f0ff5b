"""Days that are kept are what they come to when they are counted from scratch, whatever happened."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.leader.store_samples import (
    NOON,
    Dying,
    Killed,
    incident,
    opened,
    ping,
    set_up,
)
from tests.leader.stories import HOUR, Story
from uptop_leader.changes import Changes
from uptop_leader.reliability import reliability
from uptop_leader.store.days import settle
from uptop_leader.store.observed import observed
from uptop_leader.store.stale import stale
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.leader.databases import Databases
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

DAY = 86_400.0
WINDOWS = (DAY, 1.7 * DAY, 2 * DAY, 3.5 * DAY, 5.1 * DAY)
DAYS = 6

Told = dict[str, list[tuple[float, float, float, int]]]


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def kept(store: Store, now: float) -> Told:
    """Observed, down, maintained and outages of each day."""
    return {
        monitor: [(day.observed_s, day.down_s, day.maintained_s, day.outages) for day in days]
        for monitor, days in store.daily(now, DAYS).items()
    }


def counted(store: Store, now: float) -> Told:
    """The same, worked out from all that was ever written."""
    told: Told = {}
    first = now - now % DAY - (DAYS - 1) * DAY
    with store._connections.reading() as connection:
        found = observed(connection, round((first - 5 * DAY) * 1000), round(now * 1000))
    for monitor, seen in found.items():
        for number in range(DAYS):
            since = round((first + number * DAY) * 1000)
            day = reliability(seen.all, seen.down, since, since + 86_400_000)
            upkeep = reliability(seen.maintained, [], since, since + 86_400_000).observed_s
            told.setdefault(monitor, []).append((day.observed_s, day.down_s, upkeep, day.outages))
    return told


def windows(store: Store, now: float) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for seconds in WINDOWS:
        for monitor, uptime in store.uptime(now, seconds).items():
            found.setdefault(monitor, []).append((uptime.observed_s, uptime.down_s))
    return found


def counted_windows(store: Store, now: float) -> dict[str, list[tuple[float, float]]]:
    end = round(now * 1000)
    with store._connections.reading() as connection:
        found = observed(connection, end - 20 * 86_400_000, end)
    return {
        monitor: [
            (one.observed_s, one.down_s)
            for seconds in WINDOWS
            for one in [reliability(seen.all, seen.down, end - round(seconds * 1000), end)]
        ]
        for monitor, seen in found.items()
    }


HAPPENINGS = (
    *("wait", "wait", "wait", "settle", "settle", "up", "up", "down", "down", "unknown"),
    *("maintenance", "away", "late", "late", "delete", "slower"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(HAPPENINGS),
        st.sampled_from(["a", "b"]),
        st.sampled_from([0.01, 1, 7, 11.99, 12, 23, 30]),
        st.sampled_from([0, 0, 0.01, 0.5, 3, 26, 50]),
    ),
    max_size=25,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_days_and_windows_are_what_is_counted_from_scratch(
    steps: list[tuple[str, str, float, float]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "uptop.db") as store:
        story = Story(store)
        for step in steps:
            story.step(*step)
            if step[0] in ("settle", "late"):
                assert kept(store, story.now) == counted(store, story.now)
        assert kept(store, story.now) == counted(store, story.now)
        assert windows(store, story.now) == counted_windows(store, story.now)
        store.roll_up(story.now)
        assert kept(store, story.now) == counted(store, story.now)
        assert windows(store, story.now) == counted_windows(store, story.now)


def lived(store: Store) -> Story:
    """Four days of two monitors that are up but for the third, which is down from 23:00 on; a gap
    with an outage that late results tell of goes over a midnight. All of it is settled.
    """
    story = Story(store)
    for name in ("a", "b"):
        story.up(name, 0, 0)
    story.now += 35 * HOUR
    story.down("a", 0, 0)
    story.now += HOUR - 100
    story.away("a", 0.25, 0)
    story.late("a", 0, -0.25)
    story.now += 2 * HOUR
    story.up("a", 0, 0)
    story.now += 2 * DAY
    story.settle("a", 0, 0)
    return story


def reopened(story: Story) -> None:
    """An outage of two days ago becomes known."""
    ended = story.now - 40 * HOUR
    past = incident(99, "b", ended - 9 * HOUR, ended=ended, end_confirmed=story.now)
    story.store.write(Changes(opened=[past]), story.now)


def reclosed(story: Story) -> None:
    """An incident turns out to have ended two days ago."""
    begun = incident(98, "b", story.now - 60 * HOUR)
    story.store.write(Changes(opened=[begun]), story.now)
    story.settle("b", 0, 0)
    closed = msgspec.structs.replace(begun, ended=story.now - 40 * HOUR, end_confirmed=story.now)
    story.store.write(Changes(closed=[closed]), story.now)


@pytest.mark.parametrize(
    "happens",
    [
        lambda story: story.unknown("b", 0, 50),
        reopened,
        reclosed,
        lambda story: story.store.gap(story.now - 60 * HOUR, story.now - 40 * HOUR),
        lambda story: story.store.write(
            Changes(gaps=[(story.now - 60 * HOUR, story.now - 40 * HOUR)]), story.now
        ),
    ],
)
def test_what_reaches_back_into_days_that_were_counted_is_seen_at_once(
    store: Store, happens: Callable[[Story], None]
) -> None:
    story = lived(store)
    before = kept(store, story.now)
    happens(story)
    assert kept(store, story.now) != before
    for _ in range(2):
        assert kept(store, story.now) == counted(store, story.now)
        assert windows(store, story.now) == counted_windows(store, story.now)
        story.settle("a", 0, 0)
    with store._connections.reading() as connection:
        assert stale(connection) == {}


def test_late_results_change_a_day_that_was_counted(store: Store) -> None:
    story = Story(store)
    story.up("a", 0, 0)
    story.now += 5 * HOUR
    story.away("a", 10, 0)
    story.now += 2 * DAY
    story.settle("a", 0, 0)
    before = kept(store, story.now)
    story.late("a", 0, 53)
    assert kept(store, story.now) != before
    assert kept(store, story.now) == counted(store, story.now)
    story.settle("a", 0, 0)
    assert kept(store, story.now) == counted(store, story.now)


def test_another_interval_joins_what_late_results_told_with_the_incident_after_it(
    store: Store,
) -> None:
    story = Story(store)
    story.up("a", 0, 0)
    midnight = NOON + DAY / 2
    late = {"monitor": "a", "since_ms": round((midnight - 600) * 1000), "down": True}
    with store._connections.writing() as connection:
        row = {**late, "until_ms": round((midnight - 50) * 1000)}
        connection.execute(METADATA.tables["late"].insert(), row)
    story.now = midnight + 5
    story.settle("a", 0, 0)
    before = kept(store, story.now)
    story.down("a", 0, 0)
    story.now += 60
    assert kept(store, story.now)["a"][-2] != before["a"][-2], "what joined the two was down too"
    assert kept(store, story.now) == counted(store, story.now)
    story.settle("a", 0, 0)
    set_up(store, ping("a", interval=20), now=story.now)
    assert kept(store, story.now)["a"][-2] == before["a"][-2]
    assert kept(store, story.now) == counted(store, story.now)


def test_a_monitor_that_comes_back_has_its_days_again(store: Store) -> None:
    story = lived(store)
    before = kept(store, story.now)["b"]
    story.delete("b", 0, 0)
    story.now += DAY
    story.settle("b", 0, 0)
    assert "b" not in kept(store, story.now)
    story.delete("b", 0, 0)
    assert kept(store, story.now) == counted(store, story.now)
    assert kept(store, story.now)["b"][2:4] == before[3:5]


def test_the_counting_may_end_after_any_transaction(databases: Databases) -> None:
    for transactions in range(4):
        address = databases.new()
        with opened(address) as store:
            story = lived(store)
            story.unknown("b", 0, 50)
            story.now += 2 * DAY
            before = kept(store, story.now)
        dying = Dying(address, transactions)
        with contextlib.closing(dying), contextlib.suppress(Killed):
            settle(dying, story.now)
        with opened(address) as store:
            assert kept(store, story.now) == before
            store.roll_up(story.now)
            assert kept(store, story.now) == before


def test_a_year_is_kept_in_blocks(store: Store) -> None:
    story = Story(store)
    story.up("a", 0, 0)
    for _ in range(10):
        story.now += 41 * DAY
        story.settle("a", 0, 0)
        story.down("a", 0, 0)
        story.now += HOUR
        story.up("a", 0, 0)
    story.settle("a", 0, 0)
    days = store.daily(story.now, 365)["a"]
    assert len(days) == 365
    assert sum(day.down_s for day in days) == 9 * HOUR
    year = store.uptime(story.now, 365 * DAY)["a"]
    assert (year.observed_s, year.down_s) == (365 * DAY, sum(day.down_s for day in days))


def test_windows_that_begin_in_a_day_whose_spans_are_gone_are_counted_from_scratch(
    store: Store,
) -> None:
    story = lived(store)
    before = windows(store, story.now)
    store.retain(story.now, 3 * HOUR, 2 * HOUR, HOUR)
    assert windows(store, story.now) == before
