"""Row 1: kill -9 of the leader at random moments of an outage.

Each outage has a monitor of its own: one that goes up and down all the time is flapping, and told
in another way.
"""

from __future__ import annotations

import anyio

from tests.system.cluster import site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.receiver import Receiver, Told
from tests.system.targets import Target

_LONGEST_S = 2.0  # after a change of the target: before, while and after the leader believes it


async def run(ground: Ground) -> str:
    town, chance = ground.town, ground.chance
    kills = 10 if ground.full else 4
    sites = {f"Site-{number}": await town.target() for number in range(kills // 2)}
    receiver = await _watch(ground, sites)

    async def slowly(told: Told) -> int:
        await anyio.sleep(chance.uniform(0, 1))  # so that a message may be in flight
        return 200

    receiver.respond = slowly
    silent = 0
    for name, target in sites.items():
        for truth in ("DOWN", "UP"):
            target.mood = "up" if truth == "UP" else "503"
            await anyio.sleep(chance.uniform(0, _LONGEST_S))
            silent += await _killed_and_back(ground, name, target, receiver, truth)
    await town.all_told()
    incidents = town.history.incidents()
    assert sorted(one.name for one in incidents) == sorted(sites), incidents
    for name in sites:
        events = _events_of(receiver, name)
        assert events in (["down", "up"], ["down_and_up"]), f"{name}: {events}"
    return (
        f"{kills} kills, {len(incidents)} incidents, each told once each way;"
        f" {len(receiver.repeats())} messages repeated under their key;"
        f" {silent} restarts with nothing to tell, all silent"
    )


async def _watch(ground: Ground, sites: dict[str, Target]) -> Receiver:
    town = ground.town
    receiver = await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in ("west", "east"):
        await town.start_probe(name, region=name)
    monitors = [site(target, name) for name, target in sites.items()]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    for name in sites:
        await town.status_comes(name, "UP")
        await town.votes_come(name, 2)
    return receiver


async def _killed_and_back(
    ground: Ground, name: str, target: Target, receiver: Receiver, truth: str
) -> int:
    """One kill; 1 when all had been told before, so that the restart had to be silent."""
    town = ground.town
    town.leader.kill()
    before = town.history.beliefs()[name]
    is_settled = before == truth and not town.history.waiting()
    told = len(receiver.told)
    await town.start_leader()
    assert town.history.beliefs()[name] in (before, truth)
    await town.status_comes(name, truth)
    if is_settled:
        await town.looks_come(target, each=2)
        assert len(receiver.told) == told, "the restart told something"
    return int(is_settled)


def _events_of(receiver: Receiver, name: str) -> list[str]:
    """What was told of a monitor, each key once, in order."""
    first: dict[str, str] = {}
    for told in receiver.told:
        for news in told.news:
            if news["monitor"] == name:
                first.setdefault(news["key"], news["event"])
    return list(first.values())


FAULT = Fault(
    row="1",
    name="leader-killed",
    what="kill -9 of the leader at random moments of outages",
    expected="belief as before, no message lost, none twice but the one in flight, silent restarts",
    run=run,
)
