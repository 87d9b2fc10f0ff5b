"""Mass outage: half of 4 000 monitors, each of another host, fall into a black hole at once, while a
real `uptop-leader` checks with concurrency 200; how late the looks at the healthy half come, and how
long the first verdicts take.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks._children import wait_for
from benchmarks._goals import row
from benchmarks._leader import Home, home, page
from benchmarks._ticks import lags, p99
from benchmarks._ways import target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks import Row
    from benchmarks._children import Child
    from uptop_core.monitors import Monitor

HALF, INTERVAL_S = 2000, 60.0
TIMEOUT_S = 5.0
_CHECKING = {"UPTOP_LEADER_CHECKS": "always", "UPTOP_LEADER_CONCURRENCY": "200"}
_MARGIN_S = 5.0
_LONGEST_S = 60.0


def measure(*, short: bool = False) -> list[Row]:
    """All healthy first, until each was judged."""
    half, interval = (20, 5.0) if short else (HALF, INTERVAL_S)
    with ExitStack() as stack:
        healthy_port, healthy = stack.enter_context(target("http", urgent=True))
        other_port, other = stack.enter_context(target("http", urgent=True))
        place = stack.enter_context(home(_monitors(half, interval, healthy_port, other_port)))
        stack.enter_context(place.leader(_CHECKING, urgent=True))
        for seen in (healthy, other):
            wait_for(lambda seen=seen: seen.number("count") >= half, 120, "a look at each")  # type: ignore[misc]
        return _outage(place, healthy, other, half, interval)


def _monitors(half: int, interval: float, healthy: int, other: int) -> Iterator[Monitor]:
    for number in range(2 * half):
        port = healthy if number < half else other
        host = f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        yield page(number, f"http://{host}:{port}", interval)


def _outage(place: Home, healthy: Child, other: Child, half: int, interval: float) -> list[Row]:
    healthy.ask("arrivals")
    began = time.time()
    other.ask("hole")
    first_down = _first_down(place)
    time.sleep(max(0.0, began + interval + _MARGIN_S - time.time()))
    late = lags(healthy.ask("arrivals"), range(half), interval, (began, began + interval))
    return [
        row("mass outage, lag of the healthy, p99", p99(late), peer=f"worst {late[-1]:.2f}"),
        row("mass outage, first verdict", first_down - began, peer="timeout 5 s"),
    ]


def _first_down(place: Home) -> float:
    """When the first incident was known. The leader writes, this only reads."""
    store = place.open()
    try:
        wait_for(lambda: bool(store.incidents()), _LONGEST_S, "an incident")
        return min(incident.confirmed for incident in store.incidents(limit=10_000))
    finally:
        store.close()
