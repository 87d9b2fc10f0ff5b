"""Row 13: probes crash and come back, others join and stop all the time: at a tenth of the minute."""

from __future__ import annotations

from functools import partial

import anyio

from tests.system.cluster import site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.targets import Target
from tests.system.waiting import until

_PROBES = ("north", "east", "south")
_STAYS_S = 4.0
_PAUSE_S = 2.0


async def run(ground: Ground) -> str:
    town, chance = ground.town, ground.chance
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in _PROBES:
        await town.start_probe(name, region=name)
    monitor = site(target, aggregation="majority-down")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [monitor]})
    await town.status_comes("Site", "UP")
    crashes: list[str] = []

    async def crash_for_ever() -> None:
        while True:
            name = chance.choice(_PROBES)
            town.probes[name].kill()
            crashes.append(name)
            await anyio.sleep(chance.uniform(0, 1))
            town.restart_probe(name)
            await anyio.sleep(chance.uniform(2, 4))

    guests: list[str] = []

    async def join_and_stop_for_ever() -> None:
        while True:
            name = f"guest-{len(guests)}"
            guest = await town.start_probe(name, region="guests")
            await until("the guest looks too", partial(_has_looked, target, name))
            await anyio.sleep(_STAYS_S)
            await guest.stop()
            guests.append(name)
            await anyio.sleep(_PAUSE_S)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(crash_for_ever)
        tasks.start_soon(join_and_stop_for_ever)
        await _more(crashes, 12 if ground.full else 3)
        assert receiver.events("Site") == [], "a false alarm"
        target.mood = "503"
        await until("DOWN is told", lambda: receiver.events("Site") == ["down"], 60)
        await _more(crashes, 6 if ground.full else 1)
        assert receiver.events("Site") == ["down"], "a false recovery"
        target.mood = "up"
        await until("UP is told", lambda: receiver.events("Site") == ["down", "up"], 60)
        await _more(crashes, 3 if ground.full else 1)
        tasks.cancel_scope.cancel()
    assert receiver.events("Site") == ["down", "up"]
    return (
        f"{len(crashes)} crashes, {len(guests)} probes joined and stopped; one outage, told once"
        " each way; no false alarm"
    )


def _has_looked(target: Target, node: str) -> bool:
    return target.counts()[node] > 0


async def _more(crashes: list[str], number: int) -> None:
    least = len(crashes) + number
    await until(f"{number} crashes more", lambda: len(crashes) >= least, 10.0 * number)


FAULT = Fault(
    row="13",
    name="probes-crashing",
    what="one of three probes crashes, another joins and stops, every few seconds (majority-down)",
    expected="verdicts stay right",
    run=run,
)
