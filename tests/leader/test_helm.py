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
from msgspec.structs import replace

from tests.leader.helms import api
from tests.leader.store_samples import KEY, NOON, OPERATOR, incident
from uptop_core.clock import Clock
from uptop_core.wire import Registration
from uptop_leader import shared
from uptop_leader.changes import Changes
from uptop_leader.configuration import ConfigChange
from uptop_leader.desk import Desk
from uptop_leader.helm import Helm
from uptop_leader.live import Name
from uptop_leader.posts import Post, PostKind
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


async def test_who_listens_at_a_leader_that_stands_by_is_told_what_others_write(dsn: Dsn) -> None:
    post = Post(id="a", thread="a", kind=PostKind.IDENTIFIED, words="Found.", at=1.0, who="ada")
    async with standing_by(dsn) as (helm, others, _):
        told = 0

        async def names() -> set[Name]:
            """What is told when all that was written is shown."""
            nonlocal told
            with anyio.fail_after(BOUND_S):
                await helm.shown()
            helm.live.listen(helm.leader)
            assert helm.live.reaches(told)
            found = {name for name, at in helm.live.since(told)}
            told = helm.live.number
            return found

        helm.live.listen(helm.leader)
        told = helm.live.number
        assert await names() == set()
        others.posts.add(post, OPERATOR, 1.0)
        others.posts.add(replace(post, id="b"), OPERATOR, 1.0)
        others.write(Changes(opened=[incident()]), 1.0)
        assert await names() == {Name("post", "a"), Name("post", "b"), _incident()}
        others.posts.edit("a", lambda one: replace(one, words="Over."), OPERATOR, 2.0)
        others.write(Changes(closed=[replace(incident(), ended=NOON + 9.0)]), 2.0)
        assert await names() == {Name("post", "a"), _incident()}
        others.posts.drop("a", OPERATOR, 3.0)
        assert await names() == {Name("post", "a"), Name("post", "b")}
        assert not helm.is_active


def _incident() -> Name:
    return Name("incident", incident().id)
