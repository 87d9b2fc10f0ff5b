"""Row 21: SIGSTOP of the leader for 40 s, then SIGCONT."""

from __future__ import annotations

from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import a_pair


async def run(ground: Ground) -> str:
    scene = await a_pair(ground.town)
    town, pair = scene.town, scene.pair
    rounds = 3 if ground.full else 1
    for number in range(rounds):
        if number:
            pair.process.kill()
            await pair.start()
        await pair.copied()
        town.leader.pause()
        await pair.takes_over()
        if not number:
            await scene.goes_down("First")
        await town.looks_come(scene.sites["Second"], each=8 if ground.full else 3)
        town.leader.resume()
        await pair.stands_by()
    await scene.recovers("First")
    assert not scene.receiver.repeats(), scene.receiver.repeats()
    assert scene.events("Second") == []
    assert "taking back" in town.leader.said() or "standing by until" in town.leader.said()
    same = await scene.one_history()
    turns = "; ".join(f"{one.who} {'on' if one.acts else 'off'}" for one in scene.watch.changes)
    return f"{rounds} times: never two at work, nothing told twice ({turns}); {same}"


FAULT = Fault(
    row="21",
    name="leader-stands-still",
    what="SIGSTOP of the leader until the follower acts and more, then SIGCONT",
    expected="it sends nothing before it has looked at its epoch; one active node afterwards",
    run=run,
)
