"""Row 1: kill -9 of the leader at random moments of an outage."""

from __future__ import annotations

import anyio

from tests.system.faults.fault import Fault, Ground, Watched, assert_invariants, watched
from tests.system.receiver import Told

_LONGEST_S = 2.0  # after a change of the target: before, while and after the leader believes it


async def run(ground: Ground) -> str:
    town, chance = ground.town, ground.chance
    site = await watched(ground, "west", "east")

    async def slowly(told: Told) -> int:
        await anyio.sleep(chance.uniform(0, 1))  # so that a message may be in flight
        return 200

    site.receiver.respond = slowly
    kills = 10 if ground.full else 4
    silent = 0
    for number in range(kills):
        truth = "UP" if number % 2 else "DOWN"
        site.target.mood = "up" if truth == "UP" else "503"
        await anyio.sleep(chance.uniform(0, _LONGEST_S))
        silent += await _killed_and_back(ground, site, truth)
    await town.all_told()
    incidents = town.history.incidents()
    assert len(incidents) == kills // 2, incidents
    for incident, *_ in incidents:
        events = _events_of(site, incident)
        assert events in (["down", "up"], ["down_and_up"]), f"{incident}: {events}"
    assert_invariants(town, site.receiver)
    return (
        f"{kills} kills, {len(incidents)} incidents, each told once each way;"
        f" {len(site.receiver.repeats())} messages repeated under their key;"
        f" {silent} restarts with nothing to tell, all silent"
    )


async def _killed_and_back(ground: Ground, site: Watched, truth: str) -> int:
    """One kill; 1 when all had been told before, so that the restart had to be silent."""
    town = ground.town
    town.leader.kill()
    before = town.history.beliefs()["Site"]
    is_settled = before == truth and not town.history.waiting()
    told = len(site.receiver.told)
    await town.start_leader()
    assert town.history.beliefs()["Site"] in (before, truth)
    await town.status_comes("Site", truth)
    if is_settled:
        await town.looks_come(site.target, each=2)
        assert len(site.receiver.told) == told, "the restart told something"
    return int(is_settled)


def _events_of(site: Watched, incident: str) -> list[str]:
    """What was told of an incident, each key once, in order."""
    first: dict[str, str] = {}
    for told in site.receiver.told:
        if told.body["incident"] == incident:
            first.setdefault(told.key, told.event)
    return list(first.values())


FAULT = Fault(
    row="1",
    name="leader-killed",
    what="kill -9 of the leader at random moments of outages",
    expected="belief as before, no message lost, none twice but the one in flight, silent restarts",
    run=run,
)
