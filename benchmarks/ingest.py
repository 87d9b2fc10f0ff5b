"""What a result costs the leader: three nodes report as fast as it takes them, over HTTP, in gzip
JSON batches of 1 000, to a real `uptop-leader` with SQLite; with few monitors and with many.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median

from benchmarks import Row
from benchmarks._children import module, running, wait_for
from benchmarks._goals import row
from benchmarks._leader import SECRET, home, page

FEW, MANY = 100, 10_000
_INTERVAL_S = 30.0
_NOWHERE = "http://192.0.2.7"  # nobody looks: only probes report


def measure(*, short: bool = False) -> list[Row]:
    """Both sizes in turns, each with a new leader."""
    rounds, seconds, many = (1, 1.0, 200) if short else (2, 8.0, MANY)
    few_us, many_us, rates = [], [], []
    for _ in range(rounds):
        each, rate = _ingest(FEW, seconds)
        few_us.append(each)
        rates.append(rate)
        each, rate = _ingest(many, seconds)
        many_us.append(each)
        rates.append(rate)
    pairs = [many / few for few, many in zip(few_us, many_us, strict=True)]
    return [
        row("leader ingest, 100 monitors", median(few_us)),
        row("leader ingest, 10 000 monitors", median(many_us)),
        row("leader ingest, 10 000 by 100 monitors", median(pairs)),
        Row(what="leader ingest, rate", measured=max(rates), unit="results/s",
            peer="with the nodes on the same cores"),
    ]  # fmt: skip


def _ingest(monitors: int, seconds: float) -> tuple[float, float]:
    """CPU µs per result, and results per second."""
    with ExitStack() as stack:
        place = stack.enter_context(
            home(page(number, _NOWHERE, _INTERVAL_S) for number in range(monitors))
        )
        leader = stack.enter_context(place.leader({"UPTOP_LEADER_CHECKS": "never"}))
        nodes = stack.enter_context(
            running(module("_reporting", place.url, SECRET, str(monitors), "0"))
        )
        nodes.read()
        # Every monitor has its first votes and its transition to UP behind it.
        seen_by_all = 3 * monitors + 3000
        wait_for(lambda: nodes.number("count") > seen_by_all, 60, "all monitors are up")
        cpu, results, began = leader.cpu_s(), nodes.number("count"), time.monotonic()
        time.sleep(seconds)
        cpu, results = leader.cpu_s() - cpu, nodes.number("count") - results
        return cpu / results * 1e6, results / (time.monotonic() - began)
