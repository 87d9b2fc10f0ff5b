"""Rows 22 and 23: only the way between leader and follower is cut, both ways or one way; probes see
both. Then once more without probes that see both, so that it is seen to make the difference.
"""

from __future__ import annotations

import anyio

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import Scene, a_pair
from tests.system.line import Way
from tests.system.waiting import until

_LASTS_S = {True: 30.0, False: 9.0}  # three misses are over after 3 s
_WORDS = "unreachable from here, seen by"


async def run_cut(ground: Ground, *ways: tuple[Way, ...]) -> str:
    scene = await a_pair(ground.town)
    for number, which in enumerate(ways):
        await _nothing_changes(scene, which, _LASTS_S[ground.full], number)
    before = len(scene.watch.changes)
    scene.watch.may_both = True  # nobody sees both any more
    for line in (scene.between, *scene.to_follower.values()):
        line.cut()
    await until("without a probe that sees both it acts", scene.pair.is_active)
    scene.heal()
    await scene.pair.stands_by()
    assert len(scene.watch.changes) > before, "nobody noticed that both acted"
    await scene.recovers("First")
    assert not scene.receiver.repeats(), scene.receiver.repeats()
    same = await scene.one_history()
    lasted = f"{len(ways)} × {_LASTS_S[ground.full]:g} s"
    return f"{lasted}: the follower never acted, '{_WORDS} …'; without such a probe it did; {same}"


async def _nothing_changes(
    scene: Scene, ways: tuple[Way, ...], seconds: float, number: int
) -> None:
    town, pair = scene.town, scene.pair
    turns = len(scene.watch.changes)
    scene.between.cut(*ways)
    if not number:
        await scene.goes_down("First")
    await anyio.sleep(seconds)
    await until(
        "it says why it does not act", lambda: pair.process.said().count(_WORDS) == number + 1
    )
    scene.between.heal()
    await scene.settled()
    assert scene.watch.changes[turns:] == [], scene.watch.changes
    assert "taking over: the leader is gone" not in pair.process.said()
    await until("it hears the leader again", lambda: _answers(scene) == number + 1)
    assert scene.events("First") == ["down"]
    await town.votes_come("Second", 2)


def _answers(scene: Scene) -> int:
    return scene.pair.process.said().count("the leader answers again")


async def run(ground: Ground) -> str:
    """Both ways."""
    return await run_cut(ground, ("there", "back"))


FAULT = Fault(
    row="22",
    name="line-between-cut",
    what="cut between leader and follower only, a probe sees both",
    expected=f"nothing changes; '{_WORDS} …'",
    run=run,
)
