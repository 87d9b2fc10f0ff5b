"""Who holds the wheel of several leaders on one database, while people change things at any of them."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from anyio import to_thread

from tests.leader.helms import api
from tests.leader.store_samples import KEY, OPERATOR
from uptop_core.clock import Clock
from uptop_core.wire import Registration
from uptop_leader import shared
from uptop_leader.configuration import ConfigChange
from uptop_leader.desk import Desk
from uptop_leader.helm import Helm
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from uptop_leader.configuration import Configuration
    from uptop_leader.election.lease import Row
    from uptop_leader.store.addresses import Dsn

pytestmark = pytest.mark.anyio

PROBE = Registration(id="p", instance="one")
BOUND_S = 20


@asynccontextmanager
async def standing_by(dsn: Dsn) -> AsyncIterator[tuple[Helm, Store, Row]]:
    """A leader that runs beside one that holds the lease: its helm, the other one's store, and the
    other one's term.
    """
    clock = Clock()
    settings = LeaderSettings(leader_checks="never", node_id="b")
    with (
        closing(Store.open(dsn, Keyring([KEY]), clock.now())) as own,
        closing(Store.open(dsn, Keyring([KEY]), clock.now())) as others,
    ):
        term = others.leases.take(others.leases.look(0), "a x", 1)
        assert term is not None
        async with httpx.AsyncClient(trust_env=False) as http:
            helm = await to_thread.run_sync(partial(Helm, settings, own, clock, http))
            holder = shared.take_lease(helm, settings, own, clock)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(holder.run)
                tasks.start_soon(helm.run)
                yield helm, others, term
                tasks.cancel_scope.cancel()


async def test_an_edit_at_a_leader_that_takes_the_wheel_meanwhile_leaves_it_one_that_runs(
    dsn: Dsn,
) -> None:
    async with standing_by(dsn) as (helm, others, term):
        desk = Desk(helm, Clock())

        def edit(configuration: Configuration) -> ConfigChange:
            """The holder gives the lease up, and this node leads, before this is written."""
            others.leases.release(term)
            end = time.monotonic() + BOUND_S
            while not helm.is_active and time.monotonic() < end:
                time.sleep(0.01)
            return ConfigChange(put_monitors=(api(channels=()),))

        with anyio.fail_after(3 * BOUND_S):
            await desk.edit(edit, OPERATOR)
            assert helm.is_active
            assert list(desk.monitors) == ["m"]
            assert (await desk.register(PROBE, "127.0.0.1")).id == "p"


async def test_an_edit_at_a_leader_that_stands_by_is_shown_there_when_it_is_answered(
    dsn: Dsn,
) -> None:
    async with standing_by(dsn) as (helm, _, _term):
        desk = Desk(helm, Clock())
        with anyio.fail_after(BOUND_S):
            for name in ("a", "b", "c"):
                change = ConfigChange(put_monitors=(api(name, channels=()),))
                await desk.edit(lambda _, change=change: change, OPERATOR)  # type: ignore[misc]
                assert name in desk.monitors
        assert not helm.is_active
