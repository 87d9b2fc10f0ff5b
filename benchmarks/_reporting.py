"""Three probes that only report: `python -m benchmarks._reporting URL SECRET MONITORS INTERVAL`.

Each node registers, fetches its assignments and holds the long poll as a probe does, and reports
results as a real one makes them: with INTERVAL 0 as fast as they are taken, in batches of 1 000;
else every monitor each INTERVAL seconds at its phase, once a second in batches of at most 1 000. Prints a line of JSON
when all have registered; a line on its input is answered with the number of results that were
acknowledged so far.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import anyio
import msgspec

from benchmarks._stand_in import monitor_id
from benchmarks._target import lines, run
from uptop_core.client import LeaderClient
from uptop_core.outcomes import Timings
from uptop_core.schedule import phase
from uptop_core.wire import Registration, ResultsBatch, WireResult

if TYPE_CHECKING:
    from collections.abc import Iterator

NODES = 3
BATCH = 1000
_POLL_S = 10.0
_PHASES = Timings(
    dns_ns=180_000, connect_ns=310_000, first_byte_ns=20_412_345, transfer_ns=41_000,
    total_ns=20_943_345,
)  # fmt: skip


class Node:
    """One of the probes. `due` are the moments in each interval at which its monitors are seen."""

    def __init__(self, client: LeaderClient, rank: int, monitors: int, interval: float) -> None:
        self.acknowledged = 0
        self._client = client
        self._id = self._instance = f"node-{rank}"
        self._seq = 0
        self._monitors = monitors
        self._next = 0
        self._interval = interval
        self._due = sorted((phase(monitor_id(n), rank) * interval, n) for n in range(monitors))

    async def register(self) -> None:
        """Make it known."""
        await self._client.register(Registration(id=self._id, instance=self._instance))

    async def poll(self) -> None:
        """Fetch the assignments, and then hold the question for new ones."""
        etag = None
        while True:
            fetched = await self._client.assignments(
                self._id, instance=self._instance, etag=etag, wait_s=_POLL_S
            )
            etag = fetched.etag if fetched is not None else etag

    async def report(self) -> None:
        """For ever."""
        last = time.time()
        while True:
            if self._interval:
                await anyio.sleep(1.0)
            now = time.time()
            seen = self._planned(last, now) if self._interval else self._any(last, now)
            results = [self._result(monitor, at, now) for monitor, at in seen]
            last = now
            for first in range(0, len(results), BATCH):
                await self._send(tuple(results[first : first + BATCH]), now)

    async def _send(self, results: tuple[msgspec.Raw, ...], now: float) -> None:
        batch = ResultsBatch(
            node_id=self._id, instance=self._instance, sent_at=int(now * 1000), results=results
        )
        answer = await self._client.report(batch)
        if answer.rejected:
            raise RuntimeError(f"the leader rejected: {answer.rejected[0].why}")
        self.acknowledged += answer.accepted

    def _any(self, last: float, now: float) -> Iterator[tuple[int, float]]:
        """A whole batch, spread over the time since the last."""
        for place in range(BATCH):
            yield self._next, last + (now - last) * place / BATCH
            self._next = (self._next + 1) % self._monitors

    def _planned(self, last: float, now: float) -> Iterator[tuple[int, float]]:
        """What was due since the last batch."""
        while True:
            offset, monitor = self._due[self._next]
            at = now - (now - offset) % self._interval
            if not last < at <= now:
                return
            yield monitor, at
            self._next = (self._next + 1) % self._monitors

    def _result(self, number: int, at: float, now: float) -> msgspec.Raw:
        self._seq += 1
        return msgspec.Raw(
            msgspec.json.encode(
                WireResult(
                    monitor_id=monitor_id(number),
                    latency_ns=20_000_000 + self._seq * 7919 % 3_000_000,
                    is_up=True,
                    seq=self._seq,
                    checked_at=int(at * 1000),
                    age_ms=max(0, round((now - at) * 1000)),
                    timings=_PHASES,
                    status_code=200,
                    address="192.0.2.7",
                )
            )
        )


async def _main(url: str, secret: str, monitors: int, interval: float) -> None:
    clients = [LeaderClient(url, secret=secret, deadline_s=60) for _ in range(NODES)]
    nodes = [Node(client, rank, monitors, interval) for rank, client in enumerate(clients)]
    for node in nodes:
        await node.register()
    async with anyio.create_task_group() as tasks:
        for node in nodes:
            tasks.start_soon(node.poll)
            tasks.start_soon(node.report)
        _say(NODES)
        async for _ in lines():
            _say(sum(node.acknowledged for node in nodes))
        tasks.cancel_scope.cancel()


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    run(_main, sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
