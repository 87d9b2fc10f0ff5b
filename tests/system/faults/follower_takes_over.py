"""Row 20: kill -9 of the leader in an outage; a follower takes over and gives back.

Each time another two sites, since those that go up and down again and again are told in another
way; and with a follower that was started anew, which has no fail-over behind it.
"""

from __future__ import annotations

import time
from statistics import median

from tests.system.cluster import USUAL
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import Scene, a_pair
from tests.system.pair import PAIR_QUICK

_WITHIN_S, _MEDIAN_S = 22.0, 17.0  # with the time constants of DESIGN
_PATIENCE_S = 90.0


async def run(ground: Ground) -> str:
    times = ground.times or (3 if ground.full else 1)
    names = [f"{when}-{n}" for n in range(times) for when in ("Before", "During")]
    timings = USUAL if ground.usual else PAIR_QUICK
    scene = await a_pair(ground.town, *names, timings=timings, patience_s=_PATIENCE_S)
    took = []
    for number in range(times):
        if number:
            scene.pair.process.kill()
            await scene.pair.start()
            await scene.settled()
        took.append(await _fail_over(scene, f"Before-{number}", f"During-{number}"))
    same = await scene.one_history()
    for name in names:
        assert scene.events(name) == ["down", "up"], f"{name}: {scene.events(name)}"
    assert not scene.receiver.repeats(), scene.receiver.repeats()
    if ground.usual:
        assert max(took) <= _WITHIN_S and median(took) <= _MEDIAN_S, took
    each = ", ".join(f"{seconds:.1f}" for seconds in took)
    return (
        f"{times} kills: follower active after {each} s (median {median(took):.1f}); each outage"
        f" told once, also those of before, and its end once; {same}"
    )


async def _fail_over(scene: Scene, before: str, during: str) -> float:
    """One kill with all that follows; seconds until the follower acted."""
    town, pair = scene.town, scene.pair
    await scene.goes_down(before)
    await scene.settled()
    town.leader.kill()
    began = time.monotonic()
    await pair.takes_over(_PATIENCE_S)
    took = time.monotonic() - began
    await town.looks_come(scene.sites[before], each=3)
    await scene.goes_down(during)
    assert scene.events(before) == ["down"], "told by the leader before"
    await town.start_leader()
    await pair.stands_by(_PATIENCE_S)
    for name in (before, during):
        await scene.recovers(name)
    await scene.settled()
    return took


FAULT = Fault(
    row="20",
    name="follower-takes-over",
    what="kill -9 of the leader in an outage; later it returns",
    expected="follower active in time, open incident not told again, a new one and recoveries once,"
    " one history",
    run=run,
)
