"""Row 24: a full split with nobody to ask, and a target that goes down in it.

The leader has a probe on its side, the follower another one on the other. Both nodes act, and tell
the same by the same key.
"""

from __future__ import annotations

from collections import Counter

import anyio

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import Scene, a_pair
from tests.system.waiting import until

_APART_MS = 15_000
"""A batch that lay in the cut while its probe waited for the answer counts from its receipt."""

_GIVEN_UP_S = 1.0
"""By then what a probe has given up to send into the cut is lost in it, as it is in earnest."""


async def run(ground: Ground) -> str:
    scene = await a_pair(ground.town)
    town, pair = scene.town, scene.pair
    scene.watch.may_both = town.is_split = True
    for line in (scene.between, scene.to_leader["east"], scene.to_follower["west"]):
        line.cut()
    await pair.takes_over()
    assert await pair.is_leader_active(), "nobody tells the leader that it should not act"
    scene.sites["First"].mood = "503"
    await until("both sides have told", lambda: len(_keys(scene)) == 2)
    await anyio.sleep(_GIVEN_UP_S)
    scene.heal()
    await pair.stands_by()
    await town.looks_come(scene.sites["First"], each=3)
    await scene.settled()
    keys = Counter(_keys(scene))
    assert list(keys.values()) == [2], f"one from each node, under one key: {keys}"
    await scene.recovers("First")
    same = await scene.one_history(_APART_MS)
    (incident,) = town.history.incidents()
    assert town.history.moves("First") == [("PENDING", "UP"), ("UP", "DOWN"), ("DOWN", "UP")]
    return f"told once by each, under one key; one incident, {incident.id[:8]}…; {same}"


def _keys(scene: Scene) -> list[str]:
    """The keys of the messages that First is down."""
    return [
        news["key"]
        for told in scene.receiver.told
        for news in told.news
        if (news["monitor"], news["event"]) == ("First", "down")
    ]


FAULT = Fault(
    row="24",
    name="full-split",
    what="full split with nobody to ask, target down in it",
    expected="at most one message per node, same key; one history after healing",
    run=run,
)
