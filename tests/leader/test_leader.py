"""The leader put together, with all its loops, on real targets and a real database."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.leader.helms import api, hook
from tests.leader.receivers import client, http_receiver
from tests.leader.store_samples import KEY, set_up
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.clock import Clock
from uptop_leader.leader import Leader
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Belief, Status
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel

pytestmark = pytest.mark.anyio

DEADLINE_S = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uptop.db"


@contextlib.asynccontextmanager
async def at_work(path: Path, *things: Monitor | Channel, **settings: Any) -> AsyncIterator[Leader]:
    """A leader that runs, with checks of its own."""
    clock = Clock()
    store = Store.open(path, Keyring([KEY]), clock.now(), busy_s=0.05)
    with contextlib.closing(store):
        set_up(store, *things, now=clock.now())
        facts: dict[str, Any] = {"allow_private_targets": True, "db_dsn": str(path), **settings}
        async with client() as http:
            leader = Leader(LeaderSettings(**facts), store, store.load(), clock, http)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(leader.run)
                yield leader
                tasks.cancel_scope.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Until it holds, with a deadline."""
    with anyio.fail_after(DEADLINE_S):
        while not holds():
            await anyio.sleep(0.01)


def shows(leader: Leader, status: Status, monitor: str = "m") -> Callable[[], bool]:
    return lambda: monitor in leader.states and leader.states[monitor].status is status


def put_beside(path: Path, leader: Leader, *monitors: Monitor) -> None:
    """As the command line does, from another process."""
    now = leader.clock_now()
    with contextlib.closing(Store.open(path, Keyring([KEY]), now)) as other:
        set_up(other, *monitors, now=now)


def looks_at(url: str, **settings: Any) -> Monitor:
    """A monitor that is looked at every second, and confirmed as quickly."""
    facts: dict[str, Any] = {"interval": 1.0, "retry_interval": 0.1, **settings}
    return api(check=HttpCheck(url=url), **facts)


async def test_an_outage_is_seen_told_and_over(path: Path) -> None:
    async with (
        http_receiver() as target,
        http_receiver() as channel,
        at_work(path, looks_at(target.url), hook("c", channel.url)) as leader,
    ):
        await until(shows(leader, Status.UP))
        assert leader.health().status == "ok"
        target.status = 503
        await until(lambda: len(channel.received) == 1)
        assert leader.states["m"].belief is Belief.DOWN
        (incident,) = leader.store.incidents(open_only=True)
        assert incident.reasons == "1 × HTTP 503"
        target.status = 200
        await until(lambda: len(channel.received) == 2)
        assert [one.json["event"] for one in channel.received] == ["down", "up"]
        assert {one.json["incident"] for one in channel.received} == {incident.id}
        assert leader.store.incidents(open_only=True) == []
        assert leader.gauges().results_total > 3


async def test_a_locked_database_makes_nothing_down_and_loses_no_result(path: Path) -> None:
    async with http_receiver() as target, at_work(path, looks_at(target.url)) as leader:
        await until(shows(leader, Status.UP))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await until(lambda: leader.health().status == "unavailable")
            looked = len(target.received)
            await until(lambda: len(target.received) >= looked + 2)
            other.execute("ROLLBACK")
        await until(lambda: leader.health().status == "ok")
        assert leader.states["m"].status is Status.UP
        begun = len(target.received)
        far = leader.clock_now() + 9
        await until(lambda: len(leader.store.results("m", 0, far)) >= begun)


async def test_a_fault_in_housekeeping_ends_no_loop(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(path, api(paused=True)) as leader:
        await until(shows(leader, Status.PAUSED))
        load = leader.store.load_config

        def broken() -> Any:
            raise RuntimeError("a bug in reading")

        leader.store.load_config = broken  # type: ignore[method-assign]
        put_beside(path, leader, api("n", paused=True))
        await until(lambda: "a bug in reading" in caplog.text)
        assert "n" not in leader.monitors
        leader.store.load_config = load  # type: ignore[method-assign]
        await until(shows(leader, Status.PAUSED, "n"))


async def test_what_the_command_line_changes_is_followed_within_two_seconds(path: Path) -> None:
    async with at_work(path, api(paused=True)) as leader:
        await until(shows(leader, Status.PAUSED))
        put_beside(path, leader, api("n", paused=True))
        with anyio.fail_after(4):
            await until(shows(leader, Status.PAUSED, "n"))


async def test_a_heartbeat_finds_its_monitor_by_the_token(path: Path) -> None:
    job = api("job", check=PushCheck(token="t" * 20))
    async with at_work(path, job) as leader:
        assert await leader.heartbeat("t" * 20, "success", "")
        assert leader.states["job"].status is Status.UP
        assert not await leader.heartbeat("no", "success", "")
        assert not await leader.heartbeat("", "success", "")


async def test_a_test_message_says_whether_it_got_through(path: Path) -> None:
    async with http_receiver() as receiver, at_work(path, hook("c", receiver.url)) as leader:
        assert await leader.test_channel("c") is None
        assert receiver.only.json["event"] == "test"
        receiver.status = 403
        assert "403" in str(await leader.test_channel("c"))


async def test_a_leader_that_comes_back_goes_on_as_the_same_node(path: Path) -> None:
    async with at_work(path, node_id="here", node_region="eu") as leader:
        await until(lambda: leader.engine.counters.passes > 0)
        before = leader.nodes["here"]
    async with at_work(path, node_id="here", node_region="us") as leader:
        after = leader.nodes["here"]
        assert (after.rank, after.joined) == (before.rank, before.joined)
        assert (before.region, after.region) == ("eu", "us")
        assert after.instance != before.instance


async def test_results_in_flight_are_stored_when_the_leader_stops(path: Path) -> None:
    async with http_receiver() as target, at_work(path, looks_at(target.url)) as leader:
        await until(lambda: leader.engine.counters.results > 0)
        await leader.engine.drained()
        stored = leader.engine.counters.results
    with contextlib.closing(Store.open(path, Keyring([KEY]), 0)) as store:
        assert len(store.results("m", 0, 2**40)) >= stored
