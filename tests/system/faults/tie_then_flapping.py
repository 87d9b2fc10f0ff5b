"""Row 12: four nodes are tied two to two, and then the target is up and down all the time."""

from __future__ import annotations

import math

import anyio

from tests.system.cluster import QUICK, Cluster, site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.receiver import Receiver
from tests.system.targets import Look, Target
from tests.system.waiting import until

_PROBES = ("north", "east", "south", "west")
_INTERVAL_S = 2
_TIMINGS = f"{QUICK} quiet=6"  # so five intervals are longer, and count
_ROUNDS = 3
_CHANGES = 4


async def run(ground: Ground) -> str:
    town = ground.town
    town.timings = _TIMINGS
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in _PROBES:
        await town.start_probe(name, region=name)
    monitor = site(target, interval=_INTERVAL_S, aggregation="majority-down")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [monitor]})
    await town.status_comes("Site", "UP")
    await town.votes_come("Site", len(_PROBES))

    looks = await _tied(town, target, receiver)
    await _flaps(town, target, receiver)
    target.mood = "turns"
    await town.looks_come(target, each=60 if ground.full else 12, within_s=120)
    assert receiver.events() == ["down", "up", "down", "flapping"], receiver.events()
    moves = len(town.history.moves("Site"))
    began, target.mood = anyio.current_time(), "up"
    await until("it says how it stands", lambda: len(receiver.told) == _CHANGES + 1)
    quiet = anyio.current_time() - began
    await town.looks_come(target, each=2)
    assert receiver.events() == ["down", "up", "down", "flapping", "up"], receiver.events()
    return (
        f"PARTIAL after {looks} looks of each node, no incident; then {moves} changes of belief:"
        f" three told, 'flapping' at the fourth, 'up' {quiet:.0f} s after the last"
    )


async def _tied(town: Cluster, target: Target, receiver: Receiver) -> str:
    """PARTIAL at the third tied round: how often each node has looked until then."""
    before = len(target.looks)
    target.moods = {"north": "503", "east": "503"}
    await town.status_comes("Site", "PARTIAL")
    known = town.history.shown("Site")["PARTIAL"]
    looks = [look for look in target.looks[before:] if look.at <= known]
    turned = next(look.at for look in looks if look.node in target.moods)
    counts = [_answers(looks, name, turned) for name in _PROBES]
    ticks = 1 + math.ceil((known - turned) / _INTERVAL_S)
    assert min(counts) >= _ROUNDS, f"{counts} looks of each node: not three rounds"
    assert max(counts) <= _ROUNDS + ticks, f"{counts} looks of each node: more than three rounds"
    await town.looks_come(target, each=2)
    assert (await town.monitor("Site")).status == "PARTIAL"
    assert await town.incidents() == ()
    assert receiver.told == []
    return f"{min(counts)} to {max(counts)}"


def _answers(looks: list[Look], node: str, since: float) -> int:
    return sum(look.node == node and look.at >= since for look in looks)


async def _flaps(town: Cluster, target: Target, receiver: Receiver) -> None:
    """Each change is confirmed before the next comes, so that all four are changes of belief."""
    target.moods = {}
    for number in range(_CHANGES):
        target.mood = "up" if number % 2 else "503"
        await town.status_comes("Site", "UP" if number % 2 else "DOWN")
    await until("flapping is told", lambda: "flapping" in receiver.events())


FAULT = Fault(
    row="12",
    name="tie-then-flapping",
    what="tie two to two (majority-down), then up and down at every look",
    expected="PARTIAL at the third tied round; flapping: one message in, one out",
    run=run,
)
