"""The engine alone in a process: `python -m benchmarks._looking` reads a `Looking`, a line of JSON, from
its input, does these looks and prints what they `Cost`. What came before them, the start of the
interpreter included, does not count.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.kinds import AnyCheck
from uptop_core.looks import Vantage
from uptop_core.prober.sockets import SharedSockets
from uptop_core.run_check import run_check

if TYPE_CHECKING:
    from uptop_core.outcomes import Outcome

_WARM_UP = 20  # looks before what is measured, so that modules and contexts are there


class Looking(Struct, frozen=True, kw_only=True):
    """`count` looks with `check`: `at_once` of them at any time, or `per_second` begun at fixed
    moments. `numbered` gives each a number, in the path of the URL or in what is sent.
    """

    check: AnyCheck
    count: int
    at_once: int = 10
    per_second: float | None = None
    numbered: bool = False
    ca_file: str | None = None
    timeout: float = 5.0


class Cost(Struct, frozen=True, kw_only=True):
    """CPU and wall seconds of all looks. `failed` counts those that did not find the target up,
    `why` is what one of them said; `latencies_ns` and `handshakes_ns` (connect and TLS) stand by
    number, where the looks are numbered and the target was up.
    """

    cpu_s: float
    wall_s: float
    failed: int
    why: str
    latencies_ns: dict[int, int]
    handshakes_ns: dict[int, int]


class _Run:
    def __init__(self, spec: Looking, sockets: SharedSockets) -> None:
        self._spec = spec
        self._sockets = sockets
        self._vantage = Vantage(allow_private=True, ca_file=spec.ca_file)
        self.outcomes: dict[int, Outcome] = {}

    async def one(self, number: int) -> None:
        spec = self._spec
        check = numbered(spec.check, number) if spec.numbered else spec.check
        outcome = await run_check(
            check, timeout=spec.timeout, vantage=self._vantage, sockets=self._sockets
        )
        self.outcomes[number] = outcome

    async def at_once(self, count: int) -> None:
        numbers = iter(range(count))

        async def worker() -> None:
            for number in numbers:
                await self.one(number)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._spec.at_once):
                tasks.create_task(worker())

    async def at_moments(self, count: int, per_second: float) -> None:
        """Begin each at its moment, whatever became of the others."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                delay = began + number / per_second - loop.time()
                await asyncio.sleep(max(0.0, delay))
                tasks.create_task(self.one(number))


def numbered(check: AnyCheck, number: int) -> AnyCheck:
    """The check with a number that its target can read."""
    if isinstance(check, HttpCheck):
        return replace(check, url=f"{check.url}{number}")
    assert isinstance(check, PortCheck)
    return replace(check, send=f"{number}\\n")


async def _main(spec: Looking) -> None:
    with SharedSockets() as sockets:  # as a node keeps them
        cost = await _look(spec, sockets)
    sys.stdout.buffer.write(msgspec.json.encode(cost) + b"\n")


async def _look(spec: Looking, sockets: SharedSockets) -> Cost:
    if spec.count > _WARM_UP:
        await _Run(replace(spec, numbered=False), sockets).at_once(_WARM_UP)
    run = _Run(spec, sockets)
    cpu, wall = _cpu_s(), time.perf_counter()
    if spec.per_second is None:
        await run.at_once(spec.count)
    else:
        await run.at_moments(spec.count, spec.per_second)
    cpu, wall = _cpu_s() - cpu, time.perf_counter() - wall
    failed = [outcome for outcome in run.outcomes.values() if not outcome.up]
    up = {
        number: outcome.timings
        for number, outcome in run.outcomes.items()
        if outcome.up and spec.numbered
    }
    return Cost(
        cpu_s=cpu,
        wall_s=wall,
        failed=len(failed),
        why=f"{failed[0].reason}: {failed[0].detail}" if failed else "",
        latencies_ns={number: each.total_ns for number, each in up.items()},
        handshakes_ns={
            number: (each.connect_ns or 0) + (each.tls_ns or 0) for number, each in up.items()
        },
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    anyio.run(
        _main,
        msgspec.json.decode(sys.stdin.buffer.readline(), type=Looking),
        backend_options={"use_uvloop": find_spec("uvloop") is not None},
    )
