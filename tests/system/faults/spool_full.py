"""Row 4: the leader is away for longer than the spool of a probe lasts."""

from __future__ import annotations

from itertools import pairwise

from tests.system.faults.fault import (
    Fault,
    Ground,
    assert_all_looks_stored,
    watched,
)
from tests.system.waiting import until

_SPOOL = 5


async def run(ground: Ground) -> str:
    town = ground.town
    site = await watched(ground, "west", probe_spool=str(_SPOOL))
    town.leader.kill()
    await town.looks_come(site.target, each=_SPOOL + (20 if ground.full else 6), within_s=60)
    await town.start_leader()

    async def is_told() -> bool:
        return (await town.nodes())["west"].dropped > 0

    await until("the leader is told how many are lost", is_told)
    await town.votes_come("Site", 1)
    await town.probes["west"].stop()
    dropped = (await town.nodes())["west"].dropped
    assert_all_looks_stored(town, site.target, lost=dropped)
    looks = [look.at for look in site.target.looks]
    pause = max(later - earlier for earlier, later in pairwise(looks))
    assert pause < 1.9, f"a pause of {pause:.1f} s"
    assert "the spool is full" in town.probes["west"].said()
    return f"{dropped} of {len(looks)} results dropped and told; longest pause between looks {pause:.2f} s"


FAULT = Fault(
    row="4",
    name="spool-full",
    what="spool full while the leader is away",
    expected="oldest dropped, the number reported, checking never pauses",
    run=run,
)
