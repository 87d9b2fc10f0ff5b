"""Keeping to the schedule: a real `uptop-probe` on one core with 10 000 monitors at 30 s, and how a
probe and a leader with as many come back after a restart.

A tick's lag is from its planned moment to the request's arrival at the target, whose clock is the
same. The processes go before what else this machine runs, where that is allowed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import Row
from benchmarks._children import cores, wait_for
from benchmarks._goals import row
from benchmarks._leader import home, page
from benchmarks._stand_in import leader_of, pages, probe_of
from benchmarks._ticks import densest, lags, p99
from benchmarks._ways import target

if TYPE_CHECKING:
    from benchmarks._children import Child

MONITORS, INTERVAL_S = 10_000, 30.0
_LONGEST_START_S = 60.0
_MARGIN_S = 2.0  # at the end, in which the last ticks may still come


def measure(*, short: bool = False) -> list[Row]:
    """The probe, then the leader."""
    monitors, interval = (300, 2.0) if short else (MONITORS, INTERVAL_S)
    with target("http", urgent=True) as (port, seen):
        return _probe(port, seen, monitors, interval) + _leader(port, seen, monitors, interval)


def _probe(port: int, seen: Child, monitors: int, interval: float) -> list[Row]:
    core, _ = cores()
    with leader_of(pages(port, monitors, interval)) as leader:
        exec_at = time.time()
        with probe_of(leader, core=core, urgent=True) as probe:
            first, arrivals = _first(seen)
            cpu, began = probe.cpu_s(), time.monotonic()
            time.sleep(interval + _MARGIN_S)
            share = (probe.cpu_s() - cpu) / (time.monotonic() - began)
            arrivals += seen.ask("arrivals")
    late = lags(arrivals, range(monitors), interval, (first, first + interval))
    return [
        row("schedule lag, 10 000 monitors, p99", p99(late) * 1000,
            peer=f"median {late[len(late) // 2] * 1000:.1f}, {share:.0%} of a core"),
        row("restart of a probe, all scheduled", first - exec_at),
        row("restart of a probe, most looks in 100 ms", densest(arrivals)),
    ]  # fmt: skip


def _leader(port: int, seen: Child, monitors: int, interval: float) -> list[Row]:
    """Once to be looked at and judged for the first time, and then again."""
    url, checking = f"http://127.0.0.1:{port}", {"UPTOP_LEADER_CHECKS": "always"}
    with home(page(number, url, interval) for number in range(monitors)) as place:
        before = seen.number("count")
        with place.leader(checking, urgent=True):
            wait_for(lambda: seen.number("count") - before >= monitors, 120, "a look at each")
        seen.ask("arrivals")
        exec_at = time.time()
        with place.leader(checking, urgent=True):
            first, arrivals = _first(seen)
            time.sleep(interval)
            arrivals += seen.ask("arrivals")
    return [
        row("restart of a leader, all scheduled", first - exec_at),
        row("restart of a leader, most looks in 100 ms", densest(arrivals)),
    ]


def _first(seen: Child) -> tuple[float, list[tuple[int, float]]]:
    """When the first look came (all are scheduled in one go before it), and those up to now."""
    arrivals: list[tuple[int, float]] = []

    def has_come() -> bool:
        arrivals.extend(seen.ask("arrivals"))
        return bool(arrivals)

    wait_for(has_come, _LONGEST_START_S, "the first look")
    return arrivals[0][1], arrivals
