"""A leader on a real database and a clock that tests set; nothing runs by itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx
import msgspec
from anyio.lowlevel import checkpoint

from tests.leader.databases import rows_of
from tests.leader.store_samples import KEY, NOON, OPERATOR, set_up
from uptop_core.checks.http import HttpCheck
from uptop_core.clock import Clock
from uptop_core.monitors import Monitor
from uptop_core.wire import Registration, ResultsAnswer, ResultsBatch
from uptop_leader.channels import Channel
from uptop_leader.configuration import ConfigChange
from uptop_leader.leader import Leader
from uptop_leader.maintenance import Maintenance
from uptop_leader.providers.webhook import Webhook
from uptop_leader.seal import Keyring
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from uptop_leader.incidents import Incident
    from uptop_leader.nodes import Node
    from uptop_leader.states import MonitorState
    from uptop_leader.store.addresses import Address

T = TypeVar("T")
TROUBLE_S = 10.0


class SetClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


def api(monitor_id: str = "m", **settings: Any) -> Monitor:
    """An http monitor that tells the channel `c`."""
    facts: dict[str, Any] = {
        "name": monitor_id,
        "check": HttpCheck(url=f"https://{monitor_id}.example.com"),
        "channels": ("c",),
        **settings,
    }
    return Monitor(id=monitor_id, **facts)


def hook(channel_id: str = "c", url: str = "http://127.0.0.1:9/") -> Channel:
    """A webhook."""
    return Channel(id=channel_id, name=channel_id, provider=Webhook(url=url))


class Helm:
    """The leader, its database and its clock, and probes that say what tests have them say."""

    def __init__(self, leader: Leader, store: Store, clock: SetClock, path: Address) -> None:
        self.leader = leader
        self.engine = leader.engine
        self.world = leader.engine.world
        self.store = store
        self.clock = clock
        self.path = path
        ledgers = self.world.ledgers.values()
        self._seqs = {one.node: one.ranges[-1][1] for one in ledgers if one.ranges}

    async def during(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives or raises, while the engine takes its turns."""
        outcomes: list[T | Exception] = []

        async def call() -> None:
            try:
                outcomes.append(await ask())
            except Exception as error:  # noqa: BLE001  raised again below
                outcomes.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            with anyio.fail_after(TROUBLE_S):
                while not outcomes:
                    await checkpoint()
                    await self.engine.turn()
        (outcome,) = outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def register(self, node: str, region: str = "", instance: str = "one") -> Node:
        """A probe comes in, and is given its monitors."""
        said = Registration(id=node, region=region, instance=instance)
        known = await self.during(lambda: self.engine.register(said, "127.0.0.1"))
        await self.engine.turn()
        return known

    async def report(
        self,
        node: str,
        *results: dict[str, Any],
        instance: str = "one",
        **facts: Any,
    ) -> ResultsAnswer:
        """A batch of results as they are; see `up` and `down`."""
        batch = ResultsBatch(
            node_id=node,
            instance=instance,
            results=raw(*results),
            **facts,
        )
        return await self.during(lambda: self.engine.submit(batch))

    def seq(self, node: str) -> int:
        """The next number of a node's results."""
        self._seqs[node] = self._seqs.get(node, 0) + 1
        return self._seqs[node]

    async def sees(self, node: str, monitor: str = "m", up: bool = True, **facts: Any) -> None:
        """A node reports one look that began just now."""
        await self.report(node, look(monitor, up, seq=self.seq(node), **facts))

    async def answers(self, node: str, monitor: str = "m", up: bool = True) -> None:
        """A node answers the open recheck of a monitor."""
        run = self.state(monitor).run
        assert run is not None, "a run is open"
        await self.sees(node, monitor, up, recheck=run.recheck)

    async def goes_down(self, node: str, monitor: str = "m") -> None:
        """A node sees it down, and confirms it."""
        await self.sees(node, monitor, up=False)
        while self.state(monitor).run is not None:
            self.clock.at += 5
            await self.engine.turn()
            await self.answers(node, monitor, up=False)

    async def wait(self, seconds: float, step: float = 1.0) -> None:
        """Time passes, with a turn at every step; the probes keep asking for assignments."""
        end = self.clock.at + seconds
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + step)
            await self.engine.turn()

    def put(self, *monitors: Monitor, drop: tuple[str, ...] = ()) -> None:
        """The command line changes the configuration beside the running leader."""
        with contextlib.closing(Store.open(self.path, Keyring([KEY]), self.clock.at)) as other:
            change = ConfigChange(put_monitors=monitors, drop_monitors=drop)
            other.change_config(change, OPERATOR, self.clock.at)

    async def change(self, *monitors: Monitor, drop: tuple[str, ...] = ()) -> None:
        """The same, and the leader follows."""
        self.put(*monitors, drop=drop)
        await self.follow()

    async def follow(self) -> None:
        """The leader looks whether the configuration has changed."""
        await self.during(self.engine.reconfigure)
        await self.engine.turn()

    def state(self, monitor: str = "m") -> MonitorState:
        """What the leader believes."""
        return self.world.states[monitor]

    def incidents(self) -> list[Incident]:
        """All incidents as stored."""
        return self.store.incidents()

    def told(self) -> list[str]:
        """The events of all there is in the outbox, sent or not, in their order."""
        rows = rows_of(self.path, "SELECT event FROM notification ORDER BY number")
        return [event for (event,) in rows]


def raw(*results: dict[str, Any]) -> tuple[msgspec.Raw, ...]:
    """Results as they stand in a batch."""
    return tuple(msgspec.Raw(msgspec.json.encode(result)) for result in results)


def look(monitor: str = "m", up: bool = True, **facts: Any) -> dict[str, Any]:
    """A result on the wire, of a look that began just now."""
    down: dict[str, Any] = {} if up else {"reason": "timeout", "error_reason": "no answer"}
    return {
        "monitor_id": monitor,
        "is_up": up,
        "latency_ns": 5_000_000,
        "age_ms": 0,
        **down,
        **facts,
    }


@contextlib.asynccontextmanager
async def at_the_helm(
    path: Address,
    *things: Monitor | Channel | Maintenance,
    at: float = NOON,
    busy_s: float = 0.05,
    **settings: Any,
) -> AsyncIterator[Helm]:
    """A leader that has begun on the database at `path`, with these monitors and channels put in.

    By default it runs no checks of its own.
    """
    clock = SetClock(at)
    store = Store.open(path, Keyring([KEY]), at, busy_s=busy_s)
    try:
        if things:
            set_up(store, *things, now=at)
        facts: dict[str, Any] = {"leader_checks": "never", **settings}
        async with httpx.AsyncClient(trust_env=False) as http:
            leader = Leader(LeaderSettings(**facts), store, store.load(), clock, http)
            leader.engine.begin()
            helm = Helm(leader, store, clock, path)
            await helm.follow()
            yield helm
    finally:
        store.close()
