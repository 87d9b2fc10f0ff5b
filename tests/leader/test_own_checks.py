"""The leader's own checks: a node like any other."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.helms import Helm, SetClock, api, at_the_helm
from tests.leader.receivers import http_receiver
from uptop_core.checks.http import HttpCheck
from uptop_core.looks import Vantage
from uptop_leader.own_checks import OwnChecks
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio

DEADLINE_S = 15.0


class RunningClock(SetClock):
    """Runs with the test's loop, and can be moved besides."""

    def now(self) -> float:
        return self.at + anyio.current_time()


@contextlib.asynccontextmanager
async def checking(helm: Helm, private: bool = True) -> AsyncIterator[OwnChecks]:
    """The own checks of a leader at work, with the engine's turns."""
    own = OwnChecks(
        helm.engine, Vantage(allow_private=private), RunningClock(helm.clock.at),
        concurrency=10, instance=helm.world.own.instance,
    )  # fmt: skip
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(helm.engine.run)
        tasks.start_soon(own.run)
        yield own
        tasks.cancel_scope.cancel()


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(DEADLINE_S):
        while not holds():
            await anyio.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


async def test_they_vote_like_anybody(path: Path) -> None:
    async with http_receiver() as target:
        watched = api(check=HttpCheck(url=target.url), interval=1.0, channels=())
        async with at_the_helm(path, watched, leader_checks="always") as helm, checking(helm):
            await until(lambda: helm.state().status is Status.UP)
            vote = helm.state().votes[helm.world.own.id]
            assert vote.up
            assert vote.address == "127.0.0.1"


async def test_what_is_assigned_later_is_checked_and_what_is_gone_is_not(path: Path) -> None:
    async with http_receiver() as target:
        watched = api(check=HttpCheck(url=target.url), interval=1.0, channels=())
        async with at_the_helm(path, leader_checks="always") as helm, checking(helm) as own:
            helm.put(watched)
            await helm.engine.reconfigure()
            await until(lambda: bool(target.received))
            helm.put(drop=("m",))
            await helm.engine.reconfigure()
            await until(lambda: own.runner.running == 0 and helm.world.states == {})
            assert own.runner.waiting == 0


async def test_results_wait_while_the_store_cannot_be_written_and_all_are_stored(
    path: Path,
) -> None:
    async with http_receiver() as target:
        watched = api(check=HttpCheck(url=target.url), interval=1.0, channels=())
        async with at_the_helm(path, watched, leader_checks="always") as helm, checking(helm):
            await until(lambda: helm.engine.counters.results > 0)
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await until(lambda: helm.engine.counters.store_errors > 0)
                other.execute("ROLLBACK")
            begun = len(target.received)
            await until(lambda: helm.engine.counters.results >= begun)
            assert helm.engine.counters.rejected == helm.engine.counters.duplicates == 0


async def test_a_target_that_may_not_be_reached_is_no_down(path: Path) -> None:
    async with http_receiver() as target:
        watched = api(check=HttpCheck(url=target.url), interval=1.0, channels=())
        async with (
            at_the_helm(path, watched, leader_checks="always") as helm,
            checking(helm, private=False),
        ):
            await until(lambda: helm.engine.counters.results > 1)
            assert helm.state().status is Status.PENDING
            assert target.received == []
