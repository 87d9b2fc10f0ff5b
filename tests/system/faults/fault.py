"""What a fault is to the command that runs them, and what is needed in most of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from random import Random

import msgspec
from msgspec import Struct

from tests.system.cluster import Cluster, site, webhook
from tests.system.receiver import Receiver
from tests.system.targets import Target


class Ground(Struct, frozen=True):
    """Where a fault happens: an empty cluster, chance (its seed is printed), and whether there is
    time for the `full` size of it.
    """

    town: Cluster
    chance: Random
    full: bool


class Fault(Struct, frozen=True, kw_only=True):
    """One row: its number in the list of faults to survive, what is done, and what must hold.

    `run` does it, fails with an AssertionError where something does not hold, and says in a few
    words what was seen.
    """

    row: str
    name: str
    what: str
    expected: str
    run: Callable[[Ground], Awaitable[str]]


class Watched(Struct, frozen=True):
    """One site that probes look at and believe to be up, and who is told of it."""

    target: Target
    receiver: Receiver


async def watched(ground: Ground, *probes: str, peer: str | None = None, **more: str) -> Watched:
    """A leader, probes (each in a region of its own name) and the monitor `Site`, seen up by all."""
    town = ground.town
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader(leader_checks="never")
    for name in probes:
        await town.start_probe(name, region=name, peer=peer, **more)
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})
    await town.status_comes("Site", "UP")
    await town.votes_come("Site", len(probes))
    return Watched(target, receiver)


def assert_all_looks_stored(town: Cluster, target: Target, *, lost: int = 0) -> None:
    """I4: for each look the target has seen there is one row, but for `lost` ones."""
    rows = {node: len(times) for node, times in town.history.times("Site").items()}
    looks = target.counts()
    assert sum(rows.values()) == sum(looks.values()) - lost, f"{rows} of {dict(looks)}, {lost} lost"
    if not lost:
        assert rows == looks, f"{rows} of {dict(looks)}"


def assert_invariants(town: Cluster, *receivers: Receiver) -> None:
    """What must be true of the records of any run."""
    _beliefs_follow_each_other(town)
    _every_incident_is_in_the_outbox(town)
    for receiver in receivers:
        _nothing_is_told_twice_unmarked(receiver)


def _beliefs_follow_each_other(town: Cluster) -> None:
    for monitor in town.history.beliefs():
        moves = town.history.moves(monitor)
        for (_, reached), (left, _) in pairwise(moves):
            assert reached == left, f"{monitor}: {moves}"


def _every_incident_is_in_the_outbox(town: Cluster) -> None:
    """I2: each opening and each end has its notification."""
    told = town.history.notified()
    for incident, name, ended, cause in town.history.incidents():
        ending = {event for event, subject in told if subject == incident} - {"down"}
        assert ("down", incident) in told, f"the beginning of {name}"
        wanted = {"recovered": "up", "paused": "paused", "deleted": "deleted"}
        assert ending == ({wanted[cause]} if ended else set()), f"the end of {name}: {ending}"


def _nothing_is_told_twice_unmarked(receiver: Receiver) -> None:
    """I3: one message per key, unless the outcome of a send was unknown, and then it says so."""
    seen: set[str] = set()
    for told in receiver.told:
        keys = {str(news["key"]) for news in told.news if "key" in news}
        assert told.is_marked or not keys & seen, f"told twice: {msgspec.json.encode(told.body)!r}"
        seen |= keys
