"""Rollups are what a direct count over raw results gives, in whatever order results arrive."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.leader.databases import SERVER_SLOWLY, rows_of
from tests.leader.store_samples import NOON, opened, result
from uptop_core.outcomes import Reason
from uptop_leader.changes import Changes, StoredResult
from uptop_leader.store.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.leader.databases import SERVER_SLOWLY, Databases
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.history import Latency
    from uptop_leader.store.store import Store

DAY = 86_400
MIDNIGHT = NOON - DAY / 2
LENGTHS = {"rollup_five": 300_000, "rollup_hour": 3_600_000, "rollup_day": 86_400_000}


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def rows(address: Address, table: str) -> dict[tuple[int, str, str], tuple[Any, ...]]:
    """The rollups of a table by bucket, monitor and node."""
    found = rows_of(
        address,
        "SELECT r.bucket_ms, s.monitor, s.node, r.count, r.down, r.sum_us, r.min_us, r.max_us,"
        f" r.sketch FROM {table} r JOIN series s ON s.id = r.series",
    )
    return {row[:3]: row[3:] for row in found}


def counted(
    results: list[StoredResult], length_ms: int
) -> dict[tuple[int, str, str], tuple[Any, ...]]:
    """The same, counted from the results."""
    silent = (Reason.INTERNAL_ERROR, Reason.BLOCKED_TARGET)
    groups: dict[tuple[int, str, str], list[StoredResult]] = defaultdict(list)
    for one in results:
        if one.reason not in silent:
            moment = round(one.observed * 1000)
            groups[moment - moment % length_ms, one.monitor, one.node].append(one)
    sums = {}
    for key, group in groups.items():
        up = [one.latency_ns // 1000 for one in group if one.reason is None]
        sketch = Sketch()
        sketch.add(up)
        sums[key] = (
            len(group),
            len(group) - len(up),
            sum(up),
            min(up, default=None),
            max(up, default=None),
            sketch.stored(),
        )
    return sums


RESULTS = st.lists(
    st.builds(
        result,
        monitor=st.sampled_from(["a", "b"]),
        node=st.sampled_from(["n1", "n2"]),
        observed=st.integers(0, 2 * DAY - 1).map(lambda second: MIDNIGHT + second),
        latency_us=st.integers(0, 5_000_000),
        reason=st.sampled_from([None, None, Reason.TIMEOUT, Reason.INTERNAL_ERROR]),
    ),
    unique_by=lambda one: (one.monitor, one.node, one.observed),
    max_size=30,
)


@SERVER_SLOWLY
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(RESULTS, st.randoms(use_true_random=False))
def test_rollups_are_what_the_results_come_to(
    databases: Databases, results: list[StoredResult], order: Any
) -> None:
    databases.clear()
    address = databases.new()
    with opened(address) as store:
        shuffled = list(results)
        order.shuffle(shuffled)
        half = len(shuffled) // 2
        for batch in (shuffled[:half], shuffled[half:], shuffled[:half]):
            store.write(Changes(results=batch), NOON)
            store.roll_up(MIDNIGHT + 2 * DAY)
    for table, length_ms in LENGTHS.items():
        assert rows(address, table) == counted(results, length_ms), table


def test_a_bucket_is_rolled_up_when_it_has_ended(store: Store, address: Address) -> None:
    store.write(Changes(results=[result(observed=NOON + 10)]), NOON)
    assert store.roll_up(NOON + 299) == 0
    assert store.roll_up(NOON + 300) == 1
    assert len(rows(address, "rollup_five")) == 1
    assert store.roll_up(NOON + 300) == 0


def test_hours_and_days_follow_when_they_have_ended(store: Store, address: Address) -> None:
    store.write(Changes(results=[result(observed=NOON + 10)]), NOON)
    store.roll_up(NOON + 3599)
    assert rows(address, "rollup_hour") == {}
    store.roll_up(NOON + 3600)
    assert len(rows(address, "rollup_hour")) == 1
    assert rows(address, "rollup_day") == {}
    store.roll_up(MIDNIGHT + DAY)
    assert len(rows(address, "rollup_day")) == 1


def test_a_result_that_comes_late_is_counted_at_every_level(store: Store, address: Address) -> None:
    early, late = result(observed=NOON + 10), result(observed=NOON + 20, reason=Reason.TIMEOUT)
    store.write(Changes(results=[early]), NOON)
    store.roll_up(NOON + 2 * DAY)
    store.write(Changes(results=[late]), NOON + 2 * DAY)
    store.roll_up(NOON + 2 * DAY)
    for table, length_ms in LENGTHS.items():
        assert rows(address, table) == counted([early, late], length_ms)


def spread(hours: int) -> list[StoredResult]:
    """A result every 100 s until noon, of two nodes, one of which is three times slower."""
    return [
        result("m", node, NOON - 100 * number, 1000 * factor + number)
        for number in range(1, hours * 36)
        for node, factor in (("n1", 1), ("n2", 3))
    ]


def test_latency_is_the_same_however_much_is_rolled_up(store: Store) -> None:
    store.write(Changes(results=spread(72)), NOON)
    for rolled_up_to_h in (-100.0, -0.7, -0.01, 0.0, 24.0):
        store.roll_up(NOON + rolled_up_to_h * 3600)
        for window_h in (1, 6, 24, 60):
            found = store.latency(NOON, window_h * 3600)
            assert found.keys() == {("m", "n1"), ("m", "n2")}
            for node, factor in (("n1", 1), ("n2", 3)):
                numbers = range(1, window_h * 36 + 1)
                check_latency(found["m", node], [1000 * factor + number for number in numbers])


def check_latency(latency: Latency, true_us: list[int]) -> None:
    assert latency.count == len(true_us)
    assert latency.mean_ms == pytest.approx(sum(true_us) / len(true_us) / 1000)
    for share, found in ((0.5, latency.p50_ms), (0.95, latency.p95_ms), (0.99, latency.p99_ms)):
        true_ms = true_us[int(share * (len(true_us) - 1))] / 1000
        assert found == pytest.approx(true_ms, rel=0.021)


def test_a_long_window_is_answered_from_days(store: Store) -> None:
    old = [result(observed=NOON - days * DAY, latency_us=days * 1000) for days in range(1, 60)]
    store.write(Changes(results=old), NOON)
    store.roll_up(NOON)
    # 45 days before noon, from that day's midnight on
    latency = store.latency(NOON, 45 * DAY)["m", "n"]
    assert latency.count == 45
    assert latency.mean_ms == pytest.approx(23)


def test_latency_of_what_was_only_down_is_unknown(store: Store) -> None:
    failed = [
        result(observed=NOON - 5, reason=Reason.TIMEOUT),
        result(observed=NOON - 4, reason=Reason.INTERNAL_ERROR),
    ]
    store.write(Changes(results=failed), NOON)
    latency = store.latency(NOON, DAY)["m", "n"]
    assert (latency.count, latency.down) == (1, 1)
    assert latency.p50_ms is latency.mean_ms is None
