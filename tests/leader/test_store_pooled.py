"""The store behind pgbouncer in transaction mode: every transaction on another connection."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.leader.store_samples import KEY, NOON, outage, result
from tests.pgbouncer import bouncing, needs_pgbouncer
from uptop_leader.changes import Changes
from uptop_leader.seal import Keyring
from uptop_leader.store.leases import LeaseLost
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres_server import PostgresServer
    from uptop_leader.store.addresses import Dsn

pytestmark = needs_pgbouncer

_CONNECTIONS = 3


@pytest.fixture
def pooled(postgres: PostgresServer) -> Iterator[Dsn]:
    """An empty database, as it is reached through the pool."""
    name = postgres.make(migrated=False)
    with bouncing(postgres, _CONNECTIONS) as port:
        yield postgres.dsn(name, tcp=True, port=port)
    postgres.drop(name)


@contextlib.contextmanager
def opened(dsn: Dsn) -> Iterator[Store]:
    store = Store.open(dsn, Keyring([KEY]), NOON)
    try:
        yield store
    finally:
        store.close()


def test_two_leaders_on_three_connections_write_read_and_take_over(pooled: Dsn) -> None:
    with opened(pooled) as one, opened(pooled) as other, ThreadPoolExecutor(8) as threads:
        row = one.leases.take(one.leases.look(0), "one", 1)
        assert row is not None
        first = one.under("one", row.epoch)
        work = [threads.submit(first.alive, NOON + n) for n in range(20)]
        work += [threads.submit(other.alive, NOON + n) for n in range(20)]
        loads = [threads.submit(store.load) for store in (one, other) * 20]
        for _ in range(20):
            row = one.leases.renew(row)
            assert row is not None
        for done in work:
            done.result()
        assert {load.result().epoch for load in loads} == {1}
        first.write(Changes(results=[result()]), NOON)
        later = other.leases.take(other.leases.look(0), "other", 2)
        assert later is not None
        with pytest.raises(LeaseLost):
            first.write(outage(), NOON)
        other.under("other", later.epoch).write(outage(), NOON)
        assert len(one.incidents()) == 1


def test_nothing_is_left_on_a_connection_for_who_gets_it_next(pooled: Dsn) -> None:
    with opened(pooled) as store:
        row = store.leases.take(store.leases.look(0), "one", 1)
        assert row is not None
        under = store.under("one", row.epoch)
        for n in range(10):
            under.write(Changes(results=[result()]), NOON + n)
            store.load()
        with contextlib.ExitStack() as stack:
            others = [
                stack.enter_context(psycopg.connect(pooled.text)) for _ in range(_CONNECTIONS)
            ]
            for other in others:  # each within a transaction, so each on a connection of its own
                for limit in ("statement", "lock", "idle_in_transaction_session"):
                    assert other.execute(f"SHOW {limit}_timeout".encode()).fetchall() == [("0",)]
                assert other.execute("SHOW synchronous_commit").fetchall() == [("on",)]
                assert other.execute("SELECT name FROM pg_prepared_statements").fetchall() == []
                locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
                assert other.execute(locks).fetchall() == []
