"""A running probe for tests, whose checks end when the test says so."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from uptop_core.clock import Clock
from uptop_core.constants import TimeConstants
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_probe.probe import Probe, leader_clients
from uptop_probe.settings import ProbeSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.probe.stub_leader import StubLeader
    from uptop_core.wire import Assignment

QUICK = TimeConstants(poll=0.5, flush=0.02)


class Instance:
    """A running probe whose checks end when `free` is set."""

    def __init__(self) -> None:
        self.checked = 0
        self.free = anyio.Event()
        self.free.set()
        self.detail = ""
        self.stop = anyio.Event()
        self.ended = anyio.Event()

    async def check(self, assignment: Assignment) -> Outcome:
        await self.free.wait()
        self.checked += 1
        return Outcome(
            up=False, reason=Reason.TIMEOUT, detail=self.detail, timings=Timings(total_ns=5)
        )


@asynccontextmanager
async def probing(*leaders: StubLeader, **settings: Any) -> AsyncIterator[Instance]:
    """A probe that is stopped cleanly at the end."""
    given = ProbeSettings(
        peer_url=tuple(leader.url for leader in leaders),
        node_id="eu-1",
        node_region="eu",
        probe_refresh=0.2,
        timings=settings.pop("timings", QUICK),
        **settings,
    )
    instance = Instance()

    async def run(clients: list[Any]) -> None:
        probe = Probe(given, clients, clock=Clock(), instance="one", run=instance.check)
        await probe.run(instance.stop)
        instance.ended.set()

    async with leader_clients(given) as clients, anyio.create_task_group() as tasks:
        tasks.start_soon(run, clients)
        yield instance
        instance.stop.set()
        with anyio.fail_after(5):
            await instance.ended.wait()
