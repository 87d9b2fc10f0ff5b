"""One node doing it all: a real `uptop-leader` with SQLite that schedules, checks, judges, stores and
serves, with 1 000 monitors; as fast as it can up to 1 000 checks a second, and at 25 a second.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import _blackbox
from benchmarks._children import wait_for
from benchmarks._goals import row
from benchmarks._leader import home, page
from benchmarks._ways import target

if TYPE_CHECKING:
    from benchmarks import Row
    from benchmarks._children import Child

MONITORS = 1000
SLOWLY = 25.0  # checks a second
_KUMA = "Uptime Kuma 7.4–10.2 (measured elsewhere)"
_CHECKING = {"UPTOP_LEADER_CHECKS": "always"}
_SETTLE_S = 3.0


def measure(*, short: bool = False) -> list[Row]:
    """Fast, in several rounds; then slowly, once and for longer."""
    monitors, rounds = (50, 1) if short else (MONITORS, 3)
    with target("http") as (port, seen):
        fast = [_fast(port, seen, monitors, 2 if short else 6) for _ in range(rounds)]
        slow, resident_mb, other = _slowly(port, seen, monitors, 2 if short else 20)
    peer = _blackbox.ABSENT if other is None else f"blackbox_exporter {other:.3f}"
    return [
        row("one node doing it all, full rate", median(fast), peer=_KUMA),
        row(
            "one node doing it all, 25 checks/s",
            slow,
            peer=f"{peer}, Uptime Kuma 10.2 (measured elsewhere)",
            ratio=None if other is None else slow / other,
        ),
        row(
            "one node, resident memory, 1 000 monitors",
            resident_mb,
            peer="Uptime Kuma 316 (measured elsewhere)",
        ),
    ]


def _fast(port: int, seen: Child, monitors: int, seconds: float) -> float:
    """CPU seconds of 1 000 checks, every monitor each second."""
    url = f"http://127.0.0.1:{port}"
    with home(page(number, url, 1.0) for number in range(monitors)) as place:
        before = seen.number("count")
        with place.leader(_CHECKING) as leader:
            wait_for(lambda: seen.number("count") - before >= 2 * monitors, 60, "two looks at each")
            cpu, looks = leader.cpu_s(), seen.number("count")
            time.sleep(seconds)
            return (leader.cpu_s() - cpu) / (seen.number("count") - looks) * 1000


def _slowly(
    port: int, seen: Child, monitors: int, seconds: float
) -> tuple[float, float, float | None]:
    """CPU seconds of 1 000 checks at 25 a second, memory then, and blackbox_exporter's CPU seconds
    at that rate in the same time.
    """
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        exporter = stack.enter_context(_blackbox.exporter())
        others_port, _ = stack.enter_context(target("http"))
        interval = monitors / SLOWLY
        place = stack.enter_context(home(page(n, url, interval) for n in range(monitors)))
        before = seen.number("count")
        leader = stack.enter_context(place.leader(_CHECKING))
        wait_for(lambda: seen.number("count") - before >= monitors, 120, "a look at each")
        time.sleep(_SETTLE_S)
        cpu, looks, theirs = leader.cpu_s(), seen.number("count"), None
        if exporter is None:
            time.sleep(seconds)
        else:
            asked = round(seconds * SLOWLY)
            others = f"http://127.0.0.1:{others_port}/"
            theirs = exporter.probe("http", others, asked, SLOWLY) / asked * 1000
        cpu, looks = leader.cpu_s() - cpu, seen.number("count") - looks
        return cpu / looks * 1000, leader.resident_mb(), theirs
