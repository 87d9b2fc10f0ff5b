"""Row 10: a single node loses its own line, with 50 monitors."""

from __future__ import annotations

import anyio

from tests.system.cluster import QUICK
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.places import Places, places
from tests.system.targets import Mood
from tests.system.waiting import until

_MONITORS = 50
_LASTS_S = 25.0  # long enough for all to be shown as UNKNOWN
_QUIET_S = 5.0
_TIMINGS = QUICK.replace("unknown=60", "unknown=8")


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = _TIMINGS
    await town.start_leader()
    town_places = await places(town, _MONITORS, interval=2)
    receiver = town_places.receiver
    _meet(town_places, "hang")

    async def is_blind() -> bool:
        return (await town.nodes())["leader"].trouble == "blind"

    await until("the leader is blind", is_blind)
    await anyio.sleep(_LASTS_S * (10 if ground.full else 1))
    unknown = [one.name for one in (await town.monitors()).values() if one.status == "UNKNOWN"]
    assert receiver.events() == [], receiver.events()
    _meet(town_places, "up")
    await until("it says so", lambda: receiver.events() == ["blind"])
    await town.looks_come(*town_places.targets.values(), each=2)
    await anyio.sleep(_QUIET_S)
    assert receiver.events() == ["blind"], [told.body for told in receiver.told]
    assert await town.incidents() == ()
    statuses = {one.status for one in (await town.monitors()).values()}
    assert statuses == {"UP"}, statuses
    town_places.targets["Site1"].mood = "503"
    await until("it is not deaf", lambda: receiver.events() == ["blind", "down"])
    told = receiver.told[0].body
    lasted = (told["ended_at"] - told["started_at"]) / 1000
    return f"{len(unknown)} of {_MONITORS} UNKNOWN, no DOWN; told: blind for {lasted:.0f} s"


def _meet(town_places: Places, mood: Mood) -> None:
    """All targets meet everybody like this: nobody but the leader looks at them."""
    for target in town_places.targets.values():
        target.mood = mood


FAULT = Fault(
    row="10",
    name="leader-blind",
    what=f"a single node's own line cut, {_MONITORS} monitors",
    expected='no DOWN; one "blind from … to" afterwards',
    run=run,
)
