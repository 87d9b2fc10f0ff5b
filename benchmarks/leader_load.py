"""A leader at its size: 10 000 monitors that three probes look at every 30 s, so 1 000 results a
second, a batch a second and node, while rollups and everything else go on.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks import Row
from benchmarks._children import module, running, wait_for
from benchmarks._goals import row
from benchmarks._leader import SECRET, home, page
from benchmarks._reporting import NODES

if TYPE_CHECKING:
    from benchmarks._children import Child

MONITORS = 10_000
INTERVAL_S = 30.0
_NOWHERE = "http://192.0.2.7"


def measure(*, short: bool = False) -> list[Row]:
    """Once, over more than the minute in which rollups come round."""
    monitors, interval, seconds = (200, 2.0, 2.0) if short else (MONITORS, INTERVAL_S, 65.0)
    with ExitStack() as stack:
        place = stack.enter_context(home(page(n, _NOWHERE, interval) for n in range(monitors)))
        leader = stack.enter_context(place.leader({"UPTOP_LEADER_CHECKS": "never"}))
        command = module("_reporting", place.url, SECRET, str(monitors), str(interval))
        nodes = stack.enter_context(running(command))
        nodes.read()
        wait_for(lambda: nodes.number("count") >= NODES * monitors, 90, "all monitors are up")
        return _rows(leader, nodes, seconds)


def _rows(leader: Child, nodes: Child, seconds: float) -> list[Row]:
    cpu, results, began = leader.cpu_s(), nodes.number("count"), time.monotonic()
    time.sleep(seconds)
    cpu, results = leader.cpu_s() - cpu, nodes.number("count") - results
    lasted = time.monotonic() - began
    peer = f"at {results / lasted:.0f} results/s"
    what = "leader at 1 000 results/s"
    return [
        row(what, cpu / lasted * 100, peer=peer),
        row(f"{what}, resident memory", leader.resident_mb()),
        Row(what=f"{what}, each", measured=cpu / results * 1e6, unit="µs CPU / result"),
    ]
