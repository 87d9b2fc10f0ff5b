"""A leader at its size: 10 000 monitors that three probes look at every 30 s, so 1 000 results a
second, a batch a second and node, while rollups and everything else go on.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import Row
from benchmarks._children import module, running, wait_for
from benchmarks._goals import row
from benchmarks._leader import SECRET, home, page
from benchmarks._reporting import NODES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks._children import Child

MONITORS = 10_000
INTERVAL_S = 30.0
_NOWHERE = "http://192.0.2.7"
_FIRST_S = 600.0  # in which all monitors are seen once, whatever their number


@dataclass(frozen=True)
class Seen:
    """What a leader took for the results of a while."""

    results: int
    cpu_s: float
    lasted_s: float

    @property
    def rate(self) -> float:
        """Results a second."""
        return self.results / self.lasted_s

    @property
    def core_percent(self) -> float:
        """Of one core."""
        return self.cpu_s / self.lasted_s * 100

    @property
    def each_us(self) -> float:
        """CPU µs per result."""
        return self.cpu_s / self.results * 1e6


@dataclass(frozen=True)
class Loaded:
    """A leader to which three probes report, all monitors of which have been seen."""

    leader: Child
    nodes: Child
    database: Path

    def watch(self, seconds: float) -> Seen:
        """Let it run for so long."""
        cpu, results, began = self.leader.cpu_s(), self.nodes.number("count"), time.monotonic()
        time.sleep(seconds)
        cpu, results = self.leader.cpu_s() - cpu, self.nodes.number("count") - results
        return Seen(int(results), cpu, time.monotonic() - began)

    def database_mb(self) -> float:
        """The database with what its log holds."""
        files = self.database.parent.glob(f"{self.database.name}*")
        return sum(file.stat().st_size for file in files) / 1e6


@contextmanager
def load(monitors: int, interval: float) -> Iterator[Loaded]:
    """Such a leader, with that many monitors."""
    with (
        home(page(n, _NOWHERE, interval) for n in range(monitors)) as place,
        place.leader({"UPTOP_LEADER_CHECKS": "never"}) as leader,
        running(module("_reporting", place.url, SECRET, str(monitors), str(interval))) as nodes,
    ):
        nodes.read()
        everything = NODES * monitors
        wait_for(lambda: nodes.number("count") >= everything, _FIRST_S, "all monitors are up")
        yield Loaded(leader, nodes, place.database)


def measure(*, short: bool = False) -> list[Row]:
    """Once, over more than the minute in which rollups come round."""
    monitors, interval, seconds = (200, 2.0, 2.0) if short else (MONITORS, INTERVAL_S, 65.0)
    with load(monitors, interval) as loaded:
        seen = loaded.watch(seconds)
        what = "leader at 1 000 results/s"
        return [
            row(what, seen.core_percent, peer=f"at {seen.rate:.0f} results/s"),
            row(f"{what}, resident memory", loaded.leader.resident_mb()),
            Row(what=f"{what}, each", measured=seen.each_us, unit="µs CPU / result"),
        ]
