"""The lease in a real PostgreSQL: one winner, and nothing written under a term that is over."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.databases import rows_of, run_sql
from tests.leader.store_samples import KEY, NOON, outage, result
from uptop_core.errors import StoreError
from uptop_leader.changes import Changes
from uptop_leader.election.lease import Row
from uptop_leader.seal import Keyring
from uptop_leader.store.errands import Errand
from uptop_leader.store.leases import LeaseLost
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.store.addresses import Dsn


@contextlib.contextmanager
def opened(dsn: Dsn, idle_s: float = 5.0) -> Iterator[Store]:
    store = Store.open(dsn, Keyring([KEY]), NOON, idle_s=idle_s)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def store(dsn: Dsn) -> Iterator[Store]:
    with opened(dsn) as store:
        yield store


def taken(store: Store, holder: str = "a") -> Row:
    """The lease taken over by somebody."""
    seen = store.leases.look(0)
    row = store.leases.take(seen, holder, max(seen.epoch, seen.highest) + 1)
    assert row is not None
    return row


def test_a_new_database_has_a_lease_that_nobody_holds(store: Store) -> None:
    row = store.leases.look(0)
    assert (row.holder, row.epoch, row.beat, row.highest) == ("", 0, 0, 0)
    assert row.server


def test_it_is_renewed_by_its_holder_alone_and_only_as_it_knows_it(store: Store) -> None:
    row = taken(store)
    renewed = store.leases.renew(row)
    assert renewed is not None
    assert renewed.beat == row.beat + 1
    assert store.leases.renew(row) is not None, "the answer to the one before may have been lost"
    assert store.leases.renew(row) is None
    assert store.leases.renew(Row(holder="b", epoch=row.epoch, beat=row.beat + 2)) is None


def test_of_eight_that_take_it_at_once_one_does(dsn: Dsn) -> None:
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        stores = [stack.enter_context(opened(dsn)) for _ in range(8)]
        for term in range(1, 6):
            seen = stores[0].leases.look(0)
            tries = [
                threads.submit(store.leases.take, seen, f"{number}", term)
                for number, store in enumerate(stores)
            ]
            won = [row for row in (one.result() for one in tries) if row is not None]
            assert len(won) == 1
            assert stores[0].leases.look(0) == won[0]


def test_an_epoch_that_was_told_of_is_never_taken(store: Store) -> None:
    store.leases.look(9)
    seen = store.leases.look(0)
    assert seen.highest == 9
    assert store.leases.take(seen, "a", 9) is None
    assert store.leases.take(seen, "a", 10) is not None
    assert store.load().epoch == 10


def test_it_is_not_taken_on_a_server_that_was_started_since_it_was_looked_at(store: Store) -> None:
    seen = store.leases.look(0)
    assert store.leases.take(replace(seen, server="before"), "a", 1) is None
    assert store.leases.take(seen, "a", 1) is not None


def test_what_was_given_up_is_nobodys(store: Store) -> None:
    row = taken(store)
    store.leases.release(row)
    assert store.leases.look(0).holder == ""
    assert store.leases.renew(row) is None


def test_nothing_is_written_under_a_term_that_is_over(store: Store) -> None:
    row = taken(store)
    first = store.under("a", row.epoch)
    first.write(Changes(results=[result()]), NOON)
    later = taken(store, "b")
    with pytest.raises(LeaseLost):
        first.write(outage(), NOON)
    with pytest.raises(LeaseLost):
        first.claim(NOON, 60, 1)
    assert store.incidents() == []
    with pytest.raises(LeaseLost):
        store.under("a", later.epoch).alive(NOON)
    store.under("b", later.epoch).write(outage(), NOON)
    assert len(store.incidents()) == 1


def test_a_renewal_passes_a_transaction_that_goes_on_and_a_take_over_waits_for_it(
    dsn: Dsn, store: Store
) -> None:
    row = taken(store)
    with opened(dsn) as other, ThreadPoolExecutor(1) as thread:
        with store.under("a", row.epoch)._connections.writing() as connection:
            connection.exec_driver_sql("INSERT INTO gap VALUES (1, 2)")
            renewed = store.leases.renew(row)
            assert renewed is not None
            waiting = thread.submit(other.leases.take, renewed, "b", 2)
            deadline = time.monotonic() + 10
            while not is_waiting(dsn):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert not waiting.done()
        assert waiting.result() is not None
    assert rows_of(dsn, "SELECT since_ms FROM gap") == [(1,)]


def is_waiting(dsn: Dsn) -> bool:
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return rows_of(dsn, f"{question} AND query LIKE 'UPDATE lease%'") != [(0,)]


def test_a_holder_that_says_no_more_within_a_transaction_loses_what_it_wrote(dsn: Dsn) -> None:
    with opened(dsn, idle_s=0.5) as holder, opened(dsn, idle_s=5) as other:
        row = taken(holder)
        term = holder.under("a", row.epoch)
        gone = pytest.raises(StoreError, match=r"waited too long|connection broke")
        with gone, term._connections.writing() as connection:
            connection.exec_driver_sql("INSERT INTO gap VALUES (1, 2)")
            assert other.leases.take(row, "b", 2) is not None
            connection.exec_driver_sql("INSERT INTO gap VALUES (3, 4)")
        assert rows_of(dsn, "SELECT since_ms FROM gap") == []


def test_an_older_row_is_not_renewed(dsn: Dsn, store: Store) -> None:
    row = taken(store)
    for _ in range(5):
        renewed = store.leases.renew(row)
        assert renewed is not None
        row = renewed
    run_sql(dsn, f"UPDATE lease SET beat = {row.beat - 3}")
    assert store.leases.renew(row) is None


def test_errands_wait_in_their_order_until_they_are_done(store: Store) -> None:
    for number in range(3):
        store.errands.keep("signal", f"{number}")
    first, second, third = store.errands.waiting()
    assert first == Errand(first.number, "signal", "0")
    store.errands.forget(second.number)
    assert store.errands.waiting() == [first, third]
