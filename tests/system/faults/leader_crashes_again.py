"""Row 26: a leader that crashes again and again, soon after it has come back."""

from __future__ import annotations

import anyio

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import a_pair
from tests.system.pair import PAIR_QUICK

_UP_S = 4.0  # 40 s at a tenth: shorter than the 6 s for which it must be up from the third time on
_LOOPS = {True: 10, False: 6}
_FREE = 3  # fail-overs before a return has to wait


async def run(ground: Ground) -> str:
    scene = await a_pair(ground.town, timings=PAIR_QUICK)
    town, pair, loops = scene.town, scene.pair, _LOOPS[ground.full]
    await scene.goes_down("First")
    await scene.settled()
    for _ in range(loops):
        town.leader.kill()
        await pair.takes_over()
        await town.start_leader_at_once()
        await anyio.sleep(_UP_S)
    turns = sum(one.who == "follower" and one.acts for one in scene.watch.changes)
    assert turns <= _FREE + 1, f"{turns} fail-overs in {loops} crashes: {scene.watch.changes}"
    assert turns >= 2, "nothing to hold back from"
    await pair.stands_by(120)
    assert scene.events("First") == ["down"]
    await scene.recovers("First")
    assert not scene.receiver.repeats(), scene.receiver.repeats()
    same = await scene.one_history()
    return f"{loops} crashes, {turns} fail-overs; the outage of before told once; {same}"


FAULT = Fault(
    row="26",
    name="leader-crashes-again",
    what="leader in a crash loop: killed again soon after it came back",
    expected="no ping-pong: from the third fail-over on the follower keeps the wheel",
    run=run,
)
