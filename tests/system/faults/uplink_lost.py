"""Row 8: one of three probes has lost its uplink, but still reaches the leader."""

from __future__ import annotations

import anyio

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.places import places
from tests.system.waiting import until

_LASTS_S = 12.0
_QUIET_S = 5.0


async def run(ground: Ground) -> str:
    town = ground.town
    canary = await town.target("127.0.2.1")
    await town.start_leader(leader_checks="never")
    for name in ("north", "east", "south"):
        await town.start_probe(name, region=name, canaries=canary.url)
    town_places = await places(town, 6)
    for name in town_places.targets:
        await town.votes_come(name, 3)
    before = town.history.transitions()
    town_places.meet("north", "hang")
    canary.moods = {"north": "hang"}
    began = anyio.current_time()
    receiver = town_places.receiver
    await until("the node is named", lambda: receiver.events("north") == ["odd_one"])
    named = anyio.current_time() - began
    await anyio.sleep(_LASTS_S * (10 if ground.full else 1))
    assert (await town.nodes())["north"].trouble == "odd_one"
    assert canary.counts()["north"], "the canary was never asked"
    town_places.meet("north", "up")
    canary.moods = {}
    for name in town_places.targets:
        await town.votes_come(name, 3)
    await anyio.sleep(_QUIET_S)
    assert receiver.events() == ["odd_one"], receiver.events()
    assert await town.incidents() == ()
    assert town.history.transitions() == before, "something was shown as changed"
    return f"named after {named:.0f} s, nothing else told, no monitor moved"


FAULT = Fault(
    row="8",
    name="uplink-lost",
    what="one of three probes without uplink (canaries set), still connected to the leader",
    expected="its votes abstain, no incident, one message about the node, no storm on return",
    run=run,
)
