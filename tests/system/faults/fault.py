"""What a fault is to the command that runs them, and what is needed in most of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

from msgspec import Struct

from tests.system.cluster import Cluster, site, webhook
from tests.system.receiver import Receiver
from tests.system.targets import Target


class Size(Struct, frozen=True, kw_only=True):
    """How much of a fault is run: see the properties of `Ground`."""

    full: bool
    usual: bool = False
    times: int = 0


class Ground(Struct, frozen=True):
    """Where a fault happens: an empty cluster, chance (its seed is printed), and the `size` of it."""

    town: Cluster
    chance: Random
    size: Size

    @property
    def full(self) -> bool:
        """Whether there is time for all of it."""
        return self.size.full

    @property
    def usual(self) -> bool:
        """Whether the time constants are those of DESIGN; of rows about a pair of leaders."""
        return self.size.usual

    @property
    def times(self) -> int:
        """How often it is to happen; 0 where nobody has said it."""
        return self.size.times


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
    """I4: for each look the target has seen there is one row, but for `lost` ones. A look whose
    node had gone when the target came round to it is anybody's.
    """
    rows = {node: len(times) for node, times in town.history.times("Site").items()}
    looks = target.counts()
    assert sum(rows.values()) == sum(looks.values()) - lost, f"{rows} of {dict(looks)}, {lost} lost"
    if not lost:
        unnamed = looks.pop(None, 0)
        missing = sum(max(0, rows[node] - looks[node]) for node in rows)
        assert missing == unnamed, f"{rows} of {dict(looks)} and {unnamed} looks of nobody"
