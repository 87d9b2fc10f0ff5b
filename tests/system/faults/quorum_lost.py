"""Row 11: two of three probes are gone for good, and the third says down."""

from __future__ import annotations

import anyio

from tests.system.cluster import QUICK, site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.waiting import until

_SILENCE_S = 20.0  # instead of 5 min
_TIMINGS = QUICK.replace("silence=12", f"silence={_SILENCE_S:g}")
_EARLY_S = 2.0  # a node was last heard a little before it was killed


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = _TIMINGS
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in ("north", "east", "south"):
        await town.start_probe(name, region=name)
    monitor = site(target, aggregation="majority-down")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [monitor]})
    await town.status_comes("Site", "UP")
    await town.votes_come("Site", 3)
    target.moods = {"south": "503"}
    town.probes["north"].kill()
    town.probes["east"].kill()
    began = anyio.current_time()
    await town.votes_come("Site", 1)
    alone = anyio.current_time() - began
    assert await town.incidents() == (), "one of three has decided"
    await until("the rest decides", lambda: receiver.events("Site") == ["down"], 2 * _SILENCE_S)
    decided = anyio.current_time() - began
    assert decided > _SILENCE_S - _EARLY_S, f"DOWN after {decided:.0f} s"
    return (
        f"alone after {alone:.0f} s, DOWN only after {decided:.0f} s"
        f" (silence counts {_SILENCE_S:g} s here)"
    )


FAULT = Fault(
    row="11",
    name="quorum-lost",
    what="two of three probes gone, the third says down (majority-down)",
    expected="no DOWN while the two are expected; after 5 min of silence the rest decides",
    run=run,
)
