"""Retention removes what has outlived its use, and never what a rollup is still to be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import count
from tests.leader.store_samples import NOON, notification, opened, result
from uptop_leader.changes import Changes
from uptop_leader.nodes import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Address
    from uptop_leader.store.store import Store

DAY = 86_400.0
RAW, FIVE, HOUR = 7 * DAY, 30 * DAY, 400 * DAY


@pytest.fixture
def store(address: Address) -> Iterator[Store]:
    with opened(address) as store:
        yield store


def counts(address: Address) -> dict[str, int]:
    tables = ("result", "rollup_five", "rollup_hour", "rollup_day")
    return {table: count(address, table) for table in tables}


def test_each_level_goes_at_its_age_and_days_stay(store: Store, address: Address) -> None:
    ages = (1, 6, 8, 29, 31, 399, 402, 1000)
    store.write(Changes(results=[result(observed=NOON - age * DAY) for age in ages]), NOON)
    store.roll_up(NOON)
    store.retain(NOON, RAW, FIVE, HOUR)
    assert counts(address) == {
        "result": 2,
        "rollup_five": 4,
        "rollup_hour": 6,
        "rollup_day": 8,
    }
    assert store.retain(NOON, RAW, FIVE, HOUR) == 0


def test_what_is_not_rolled_up_stays(store: Store, address: Address) -> None:
    store.write(Changes(results=[result(observed=NOON - 9 * DAY)]), NOON)
    store.retain(NOON, RAW, FIVE, HOUR)
    assert counts(address)["result"] == 1
    store.roll_up(NOON)
    store.retain(NOON, RAW, FIVE, HOUR)
    assert counts(address)["result"] == 0


def test_many_rows_go_in_batches(store: Store, address: Address) -> None:
    # more than a batch, several at one moment
    old = [result(f"m{number % 7}", "n", NOON - 8 * DAY + number // 7) for number in range(12_000)]
    store.write(Changes(results=old), NOON)
    store.roll_up(NOON)
    assert store.retain(NOON, RAW, FIVE, HOUR) == 12_000
    assert counts(address)["result"] == 0


def test_a_result_older_than_what_is_kept_spoils_no_rollup(store: Store, address: Address) -> None:
    store.write(Changes(results=[result(observed=NOON - 9 * DAY + at) for at in (0, 1, 2)]), NOON)
    store.roll_up(NOON)
    store.retain(NOON, RAW, FIVE, HOUR)
    store.write(Changes(results=[result(observed=NOON - 9 * DAY + 3)]), NOON)
    store.roll_up(NOON)
    assert store.latency(NOON, 20 * DAY)["m", "n"].count == 3
    store.retain(NOON, RAW, FIVE, HOUR)
    assert counts(address)["result"] == 0


def test_the_outbox_keeps_what_waits(store: Store) -> None:
    old = [notification(created=NOON - 90 * DAY), notification(subject="j")]
    store.write(Changes(notifications=old), NOON)
    (first, second) = store.claim(NOON, 60, 10)
    store.mark_sent(second.number, NOON - 40 * DAY)
    store.release(first.number)
    store.retain(NOON, RAW, FIVE, HOUR)
    assert store.outbox_depth(NOON).waiting == 1
    store.write(Changes(notifications=old), NOON)
    assert store.outbox_depth(NOON).waiting == 2, "the sent one was forgotten, and its key with it"


def test_ledgers_of_silent_instances_go(store: Store) -> None:
    ledgers = {
        ("n", instance): Ledger(node="n", instance=instance, touched=touched)
        for instance, touched in (("old", NOON - 8 * DAY), ("new", NOON))
    }
    store.write(Changes(ledgers=ledgers), NOON)
    store.retain(NOON, RAW, FIVE, HOUR)
    assert store.load().ledgers.keys() == {("n", "new")}
