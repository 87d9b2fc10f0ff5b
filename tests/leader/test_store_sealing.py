"""Sealed and fresh results are one: nothing is lost, doubled or hidden by the sealing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.leader.databases import SERVER_SLOWLY, count
from tests.leader.store_samples import NOON, Dying, Killed, opened, ping, result, set_up, transition
from uptop_core.outcomes import Reason
from uptop_leader.changes import Changes, StoredResult
from uptop_leader.states import Status
from uptop_leader.store import sealing
from uptop_leader.store.connections import Connections
from uptop_leader.store.replays import Rulings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.leader.databases import Databases
    from uptop_leader.store.addresses import Address
    from uptop_leader.store.history import RawResult
    from uptop_leader.store.store import Store

HOUR, DAY = 3600.0, 86_400.0
REGIONS = {"n": "eu", "n1": "eu", "n2": "us"}


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def two_hours() -> list[StoredResult]:
    """Results of two nodes every 30 s, of the two hours before noon; some are down."""
    return [
        result(
            "m",
            node,
            NOON - 30 * tick - 0.25 * delay,
            50_000 + 13 * tick,
            reason=Reason.TIMEOUT if tick % 17 == 3 else None,
        )
        for tick in range(1, 241)
        for node, delay in (("n1", 0), ("n2", 1))
    ]


def everything(store: Store) -> list[RawResult]:
    return store.results("m", 0, NOON + 10 * DAY)


def fill(store: Store) -> list[RawResult]:
    """Write two hours, and return them as they are read before anything is sealed."""
    store.write(Changes(results=two_hours()), NOON)
    store.roll_up(NOON + HOUR)
    return everything(store)


def test_an_hour_is_sealed_a_while_after_its_end(store: Store, address: Address) -> None:
    fill(store)
    assert store.seal(NOON - HOUR + 899) == 1, "the first result of n2 is of the hour before"
    assert store.seal(NOON - HOUR + 900) == 240
    assert count(address, "result") == 239
    assert store.seal(NOON + 900) == 239
    assert (count(address, "result"), count(address, "pack")) == (0, 5)
    assert store.seal(NOON + 900) == 0


def test_what_is_not_rolled_up_is_not_sealed(store: Store) -> None:
    store.write(Changes(results=two_hours()), NOON)
    assert store.seal(NOON + DAY) == 0
    store.roll_up(NOON + HOUR)
    assert store.seal(NOON + DAY) == 480


def test_readers_see_no_difference(store: Store) -> None:
    before = fill(store)
    seen = [
        store.results("m", NOON - 4000, NOON - 3000),
        store.results("m", 0, NOON, limit=100),
        store.latency(NOON - 100, 5500),
        store.regional("m", REGIONS, NOON, 6000),
        store.points("m", REGIONS, NOON, 7200),
    ]
    assert store.seal(NOON + HOUR) == 480
    assert everything(store) == before
    assert seen == [
        store.results("m", NOON - 4000, NOON - 3000),
        store.results("m", 0, NOON, limit=100),
        store.latency(NOON - 100, 5500),
        store.regional("m", REGIONS, NOON, 6000),
        store.points("m", REGIONS, NOON, 7200),
    ]


def test_writing_again_what_is_sealed_changes_nothing(store: Store, address: Address) -> None:
    before = fill(store)
    store.seal(NOON + HOUR)
    store.write(Changes(results=two_hours()), NOON)
    assert count(address, "straggler") == 0
    assert everything(store) == before


def test_what_comes_for_a_sealed_hour_is_seen_and_counted(store: Store, address: Address) -> None:
    fill(store)
    store.seal(NOON + HOUR)
    late = [result("m", "n1", NOON - 100.5, 7), result("m", "n3", NOON - 100.5, 8)]
    for _ in range(2):
        store.write(Changes(results=late), NOON + HOUR)
    assert count(address, "straggler") == 2
    assert [row.latency_us for row in store.results("m", NOON - 100.5, NOON - 100)] == [7, 8]
    assert store.seal(NOON + HOUR) == 0, "rollups have not counted them"
    store.roll_up(NOON + HOUR)
    assert store.seal(NOON + HOUR) == 2
    assert count(address, "straggler") == 0
    store.write(Changes(results=late), NOON + HOUR)
    assert count(address, "straggler") == 0, "they are in the packs"
    store.roll_up(NOON + HOUR)
    assert len(everything(store)) == 482
    assert sum(one.count for one in store.latency(NOON, DAY).values()) == 482


def test_two_looks_of_one_millisecond_are_kept_in_sealed_hours_too(store: Store) -> None:
    def look(latency_us: int) -> Changes:
        return Changes(results=[result("m", "n", NOON, latency_us)])

    def seen() -> list[tuple[float, int]]:
        return [(round(row.observed - NOON, 3), row.latency_us) for row in everything(store)]

    for latency_us in (1, 2):
        store.write(look(latency_us), NOON)
    for latency_us in (3, 2, 4, 1, 3):
        store.roll_up(NOON + DAY)
        store.seal(NOON + DAY)
        store.write(look(latency_us), NOON + DAY)
    # noon is where an hour begins: all but one stand in the hour before
    assert seen() == [(-0.003, 4), (-0.002, 3), (-0.001, 2), (0, 1)]


def test_late_results_of_a_sealed_hour_tell_what_was(store: Store) -> None:
    set_up(store, ping("m"), now=NOON - DAY)
    store.write(Changes(transitions=[transition("m", NOON - DAY, Status.PENDING, Status.UP)]), NOON)
    fill(store)
    store.gap(NOON - 3600, NOON - 1800)
    store.seal(NOON + HOUR)
    store.write(Changes(late={"m": (NOON - 3600, NOON - 1800)}), NOON)
    rulings = Rulings(cluster=str(NAMESPACE_DNS), strategy="all-down", silence_s=300, unknown_s=300)
    monitors = {monitor.id: monitor for monitor in store.load_config().monitors}
    assert store.uptime(NOON, 7200)["m"].observed_s == 5400
    store.replay(monitors, rulings, NOON + HOUR, 0)
    assert store.uptime(NOON, 7200)["m"].observed_s == 7200


def test_packs_go_when_their_whole_hour_may(store: Store, address: Address) -> None:
    fill(store)
    store.seal(NOON + HOUR)
    store.retain(NOON + 7 * DAY - 1800, 7 * DAY, 30 * DAY, 400 * DAY)
    assert {row.observed >= NOON - HOUR for row in everything(store)} == {True}
    store.retain(NOON + 7 * DAY, 7 * DAY, 30 * DAY, 400 * DAY)
    assert everything(store) == []
    assert count(address, "pack") == 0


def test_a_backup_holds_what_is_sealed(tmp_path: Path) -> None:
    with opened(tmp_path / "uptop.db") as store:
        before = fill(store)
        store.seal(NOON - HOUR + 900)
        store.backup(tmp_path / "copy.db")
    with opened(tmp_path / "copy.db") as copy:
        assert everything(copy) == before


@pytest.mark.parametrize("transactions", range(10))
def test_the_sealing_may_end_after_any_transaction(address: Address, transactions: int) -> None:
    with opened(address) as store:
        before = fill(store)
    dying = Dying(address, transactions)
    with contextlib.closing(dying), pytest.raises(Killed):
        sealing.seal(dying, NOON + HOUR)
    with opened(address) as store:
        assert everything(store) == before
        late = result("m", "n1", NOON - 200.5)
        store.write(Changes(results=[*two_hours(), late]), NOON)
        store.roll_up(NOON + HOUR)
        store.seal(NOON + HOUR)
        assert len(everything(store)) == 481
        assert sum(one.count for one in store.latency(NOON, DAY).values()) == 481


def test_another_who_seals_the_same_hour_spoils_nothing(store: Store, address: Address) -> None:
    before = fill(store)
    with contextlib.closing(Connections(address, 5)) as other:
        hour = sealing._next_hour(other, round((NOON + HOUR) * 1000))
        assert hour is not None
        store.seal(NOON + HOUR)
        store.write(Changes(results=[result("m", "n1", NOON - 7200.5)]), NOON)
        store.roll_up(NOON + HOUR)
        store.seal(NOON + HOUR)
        assert sealing._seal_hour(other, hour) == 0
    assert len(everything(store)) == len(before) + 1


RESULTS = st.lists(
    st.builds(
        result,
        monitor=st.just("m"),
        node=st.sampled_from(["n1", "n2"]),
        observed=st.integers(0, 4 * 3600_000).map(lambda ms: NOON - 2 * HOUR + ms / 1000),
        latency_us=st.integers(0, 3),
        reason=st.sampled_from([None, None, Reason.TIMEOUT, Reason.INTERNAL_ERROR]),
    ),
    unique_by=lambda one: (one.node, one.observed),
    max_size=12,
)


@SERVER_SLOWLY
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(RESULTS, st.integers(-2, 3)), min_size=1, max_size=5))
def test_sealing_between_any_batches_changes_nothing_that_is_read(
    databases: Databases, batches: list[tuple[list[StoredResult], int]]
) -> None:
    databases.clear()
    with opened(databases.new()) as sealed, opened(databases.new()) as plain:
        for batch, hours in batches:
            for _ in range(2):
                sealed.write(Changes(results=batch), NOON)
                sealed.roll_up(NOON + hours * HOUR)
                sealed.seal(NOON + hours * HOUR)
            plain.write(Changes(results=batch), NOON)
        for store in (sealed, plain):
            store.roll_up(NOON + 2 * DAY)
        assert everything(sealed) == everything(plain)
        for seconds in (HOUR, 5 * HOUR):
            window = (NOON + 3 * HOUR, seconds)
            assert sealed.latency(*window) == plain.latency(*window)
            own = plain.regional("m", REGIONS, *window)
            assert sealed.regional("m", REGIONS, *window) == own
