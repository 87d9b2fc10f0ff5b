"""http in the whole probe: a real `uptop-probe` schedules, checks, makes results and reports them in
gzip to a leader in another process, at 1 000 checks a second if it can.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import _blackbox
from benchmarks._goals import row
from benchmarks._stand_in import leader_of, pages, probe_of
from benchmarks._ways import in_turns, ratio, target

if TYPE_CHECKING:
    from benchmarks import Row
    from benchmarks._children import Child
    from benchmarks._ways import Way

MONITORS, INTERVAL = 1000, 1.0


def measure(*, short: bool = False) -> list[Row]:
    """A new probe each time, in turns with blackbox_exporter."""
    monitors, rounds = (100, 1) if short else (MONITORS, 3)
    count = monitors * (1 if short else 5)
    with ExitStack() as stack:
        port, seen = stack.enter_context(target("http"))
        exporter = stack.enter_context(_blackbox.exporter())
        ways = {"uptop": _probe(port, seen, monitors)}
        if exporter is not None:
            ways["blackbox_exporter"] = exporter.way("http", f"http://127.0.0.1:{port}/")
        spent = in_turns(ways, count, rounds)
    mine, theirs = spent["uptop"], spent.get("blackbox_exporter")
    peer, by = _blackbox.ABSENT, None
    if theirs is not None:
        peer, by = f"blackbox_exporter {median(theirs):.3f}", ratio(mine, theirs)
    return [
        row("http check in the whole probe", median(mine), peer=peer, ratio=by),
        row("whole probe by blackbox_exporter", by, peer=peer, ratio=by),
    ]


def _probe(port: int, seen: Child, monitors: int) -> Way:
    def way(count: int) -> float:
        with leader_of(pages(port, monitors, INTERVAL)) as leader, probe_of(leader) as probe:
            leader.wait_for(monitors)
            cpu, looks = probe.cpu_s(), seen.number("count")
            time.sleep(count / monitors * INTERVAL)
            cpu, looks = probe.cpu_s() - cpu, seen.number("count") - looks
        return cpu * count / looks

    return way
