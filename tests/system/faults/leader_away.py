"""Part of row 3: the leader is away for two minutes while probes run."""

from __future__ import annotations

from itertools import pairwise

from tests.system.faults.fault import (
    Fault,
    Ground,
    assert_all_looks_stored,
    watched,
)

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
    return f"away for {away} s; rows {rows} as looks; largest gap {gap:.2f} s at an interval of 1 s"


FAULT = Fault(
    row="3",
    name="leader-away",
    what="leader away for 2 minutes while probes run",
    expected="no gap and no duplicate rows afterwards, nobody told about the past",
    run=run,
)
