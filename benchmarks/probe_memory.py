"""What a real `uptop-probe` takes: resident memory idle, with 100 monitors and with 2 000, and the
room of what is installed for it.

The peers' figures were measured beside each other on two shared cores.
"""

from __future__ import annotations

import time

from benchmarks import Row
from benchmarks._environment import size_mb
from benchmarks._goals import row
from benchmarks._stand_in import leader_of, pages, probe_of
from benchmarks._ways import target

SETTLE_S = 3.0  # after the last monitor was seen, so that batches and buffers have their size


def measure(*, short: bool = False) -> list[Row]:
    """Three processes, one after the other."""
    hundred, thousands, interval = (10, 20, 2.0) if short else (100, 2000, 20.0)
    return [
        row(
            "probe, resident memory, idle",
            _with(0, interval),
            peer="blackbox_exporter 13 idle, 30 busy",
        ),
        Row(
            what="probe, resident memory, 100 monitors",
            measured=_with(hundred, interval),
            unit="MB",
        ),
        row(
            "probe, resident memory, 2 000 monitors",
            _with(thousands, interval),
            peer="Uptime Kuma 184 with 200, 316 with 1 000",
        ),
        row("probe, installed size", size_mb("uptop-probe"), peer="without Python itself"),
    ]


def _with(monitors: int, interval: float) -> float:
    with (
        target("http") as (port, _),
        leader_of(pages(port, monitors, interval)) as leader,
        probe_of(leader) as probe,
    ):
        leader.wait_for(monitors)
        time.sleep(SETTLE_S)
        return probe.resident_mb()
