"""Who holds the lease of a real PostgreSQL: two on one database, in one process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.store_samples import KEY, NOON
from uptop_core.clock import Clock
from uptop_leader.election.holder import Holder
from uptop_leader.election.lease import Pace
from uptop_leader.seal import Keyring
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uptop_leader.store.addresses import Dsn

pytestmark = pytest.mark.anyio

PACE = Pace(beat=0.5, fence=30, lease=60)  # nothing here waits for the end of a lease


class Candidate:
    """One that wants the lease. `fit` is whether it could lead."""

    def __init__(self, store: Store, name: str) -> None:
        self.fit = True
        self.changes = 0
        self.holder = Holder(
            store.leases, Clock(), name, PACE, is_fit=lambda: self.fit, on_change=self._changed
        )

    def _changed(self) -> None:
        self.changes += 1


@contextmanager
def candidates(dsn: Dsn, *names: str) -> Iterator[list[Candidate]]:
    stores = [Store.open(dsn, Keyring([KEY]), NOON) for _ in names]
    try:
        yield [Candidate(store, name) for store, name in zip(stores, names, strict=True)]
    finally:
        for store in stores:
            store.close()


async def comes(what: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not what():
            await anyio.sleep(0.02)


async def test_who_cannot_lead_gives_the_lease_up_and_takes_none(dsn: Dsn) -> None:
    with candidates(dsn, "one a", "two b") as (one, two):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.holder.run)
            await comes(one.holder.may_act)
            tasks.start_soon(two.holder.run)
            one.fit = False
            await comes(two.holder.may_act)
            assert not one.holder.may_act()
            assert two.holder.epoch > one.holder.epoch
            assert one.changes >= 2
            two.fit = False
            await comes(lambda: not two.holder.may_act())
            await anyio.sleep(3 * PACE.beat)
            assert not one.holder.may_act()
            one.fit = True
            await comes(one.holder.may_act)
            tasks.cancel_scope.cancel()


async def test_two_processes_of_one_node_are_told_apart_and_said(
    dsn: Dsn, caplog: pytest.LogCaptureFixture
) -> None:
    words = "another leader on this database is leader too: set UPTOP_NODE_ID"
    with candidates(dsn, "leader a", "leader b") as (one, two):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.holder.run)
            await comes(one.holder.may_act)
            tasks.start_soon(two.holder.run)
            await comes(lambda: words in caplog.text)
            assert not two.holder.may_act()
            tasks.cancel_scope.cancel()


async def test_what_was_given_up_at_the_end_is_another_ones_at_once(dsn: Dsn) -> None:
    with candidates(dsn, "one a", "two b") as (one, two):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.holder.run)
            await comes(one.holder.may_act)
            tasks.cancel_scope.cancel()
        await one.holder.leave()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(two.holder.run)
            await comes(two.holder.may_act)
            tasks.cancel_scope.cancel()
