"""Row 3: the leader is away while probes run: for two minutes with real processes, for six hours
with 5 000 results each in virtual time."""

from __future__ import annotations

from itertools import pairwise

from tests.leader.test_late_results import (
    test_six_hours_away_are_delivered_live_first_and_told_to_nobody as six_hours_away,
)
from tests.system.faults.fault import (
    Fault,
    Ground,
    assert_all_looks_stored,
    watched,
)
from tests.system.faults.virtual import in_virtual_time

_AND_HOURS = "; then 6 h, 30 000 results, in virtual time: live first, history and uptime right"
_AWAY_S = {True: 120, False: 8}


async def run(ground: Ground) -> str:
    town = ground.town
    site = await watched(ground, "west", "east")
    town.leader.kill()
    away = _AWAY_S[ground.full]
    await town.looks_come(site.target, each=away, within_s=away + 30)
    await town.start_leader()
    await town.votes_come("Site", 2)
    for probe in town.probes.values():
        await probe.stop()
    assert_all_looks_stored(town, site.target)
    times = town.history.times("Site")
    gap = max(later - earlier for found in times.values() for earlier, later in pairwise(found))
    assert gap < 1.9, f"a gap of {gap:.1f} s"
    assert town.history.moves("Site") == [("PENDING", "UP")]
    rows = {node: len(found) for node, found in times.items()}
    if ground.full:
        await in_virtual_time(town.folder, six_hours_away)
    return f"away for {away} s; rows {rows} as looks; largest gap {gap:.2f} s at an interval of 1 s{_AND_HOURS if ground.full else ''}"


FAULT = Fault(
    row="3",
    name="leader-away",
    what="leader away for 2 minutes while probes run; for 6 h, 5 000 results each (virtual)",
    expected="delivered, live first, no gap, no duplicate, nobody told about the past, uptime right",
    run=run,
)
