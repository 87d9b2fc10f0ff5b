"""Hosts of 127.0.0.0/8 that can be cut off while a node's line is tried."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.stapled import MultiListener

from uptop_core.checks.http import HttpCheck
from uptop_core.clock import Clock
from uptop_core.line_ups import Line
from uptop_core.looks import Vantage
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.run_check import run_check
from uptop_core.runner import RanResult
from uptop_core.wire import Assignment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from anyio.abc import TaskGroup

HERE = Vantage(allow_private=True)


class Place:
    """A web server on an address of its own; while `cut` it takes connections and says nothing."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.port = 0
        self.cut = False
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}/"

    async def come(self, tasks: TaskGroup) -> None:
        """Listen until the group ends."""
        listener = await anyio.create_tcp_listener(local_host=self.address, local_port=0)
        self.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(self._serve, listener)

    async def _serve(self, listener: MultiListener[SocketStream]) -> None:
        async with listener:
            await listener.serve(self._talk)

    async def _talk(self, stream: SocketStream) -> None:
        self.asked += 1
        async with stream:
            try:
                await stream.receive()
                if self.cut:
                    await anyio.sleep_forever()
                await stream.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            except (anyio.BrokenResourceError, anyio.EndOfStream):
                pass  # the check has gone


class Town:
    """A node's line among places; `results` are those it has handed on, in their order."""

    def __init__(self, places: list[Place], timeout: float) -> None:
        self.places = places
        self.clock = Clock()
        self.results: list[RanResult] = []
        self.at: list[float] = []
        self.leader_is_there = True
        self.leader_asked = 0
        self.has_names = True
        self.monitors = [
            Assignment(
                id=chr(ord("a") + number), name="", timeout=timeout, interval=60,
                check=HttpCheck(url=place.url),
            )
            for number, place in enumerate(places)
        ]  # fmt: skip
        self.line: Line
        self._changed = anyio.Event()

    def build(self, canaries: Sequence[str], answer_s: float, *, leads: bool) -> None:
        self.line = Line(
            self.run,
            canaries=canaries,
            ask_leader=None if leads else self.ask_leader,
            answer_s=answer_s,
            clock=self.clock,
            on_result=self.keep,
        )
        self.line.update(self.monitors)

    async def run(self, assignment: Assignment) -> Outcome:
        return await run_check(assignment.check, timeout=assignment.timeout, vantage=HERE)

    async def ask_leader(self) -> bool:
        self.leader_asked += 1
        if not self.leader_is_there:
            await anyio.sleep_forever()
        return True

    def keep(self, ran: RanResult) -> None:
        self.results.append(ran)
        self.at.append(self.clock.now())
        self._changed.set()
        self._changed = anyio.Event()

    async def look(self, *names: str) -> None:
        """Check these monitors at once, as the runner would."""

        async def one(assignment: Assignment) -> None:
            began, wall = self.clock.now(), self.clock.wall()
            outcome = await self.run(assignment)
            self.line.take(
                RanResult(assignment=assignment, outcome=outcome, began=began, began_wall=wall)
            )

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, self.monitor(name))

    def fail(self, name: str, reason: Reason = Reason.TIMEOUT) -> None:
        """A check of this monitor fails just now."""
        outcome = Outcome(up=False, reason=reason, timings=Timings(total_ns=1))
        now, wall = self.clock.now(), self.clock.wall()
        self.line.take(
            RanResult(assignment=self.monitor(name), outcome=outcome, began=now, began_wall=wall)
        )

    def monitor(self, name: str) -> Assignment:
        return next(monitor for monitor in self.monitors if monitor.id == name)

    async def proof_of(self, name: str, at_least: int = 1) -> str | None:
        """The proof that came with the newest result of a monitor."""
        found: list[RanResult] = []

        def come() -> bool:
            found[:] = [ran for ran in self.results if ran.monitor_id == name]
            return len(found) >= at_least

        await self.until(come)
        return found[-1].proof

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(5):
            while not condition():
                await self._changed.wait()


@asynccontextmanager
async def town(
    hosts: int = 4,
    *,
    timeout: float = 0.2,
    answer_s: float = 0.4,
    canary: bool = False,
    leads: bool = False,
) -> AsyncIterator[Town]:
    """A node that looks at so many hosts: monitors a, b, c, …. With `canary` the last place is one,
    and no monitor.
    """
    places = [Place(f"127.0.0.{number + 1}") for number in range(hosts + canary)]
    async with anyio.create_task_group() as tasks:
        for place in places:
            await place.come(tasks)
        found = Town(places, timeout)
        canaries = [places[-1].url] if canary else []
        if canary:
            found.monitors.pop()
        found.build(canaries, answer_s, leads=leads)
        tasks.start_soon(found.line.run)
        yield found
        tasks.cancel_scope.cancel()
