"""A follower takes over from a leader that was killed, and gives back to it: real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from tests.system.cluster import QUICK, Cluster, cluster, site, webhook
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


class Scene(Struct, frozen=True):
    """A pair with two probes, and two sites that both have seen up."""

    town: Cluster
    pair: Pair
    first: Target
    second: Target
    receiver: Receiver

    def events(self, site: str) -> list[str]:
        """What was told of a site, each key once."""
        told: dict[str, str] = {}
        for message in self.receiver.told:
            for news in message.news:
                if news["monitor"] == site:
                    told.setdefault(news["key"], news["event"])
        return list(told.values())

    async def told(self, site: str, *events: str) -> None:
        """Wait until exactly that was told of a site."""
        await until(f"{site}: {events}", lambda: self.events(site) == list(events))


@asynccontextmanager
async def a_pair(folder: Path, timings: str = PAIR_QUICK) -> AsyncIterator[Scene]:
    async with cluster(folder) as town:
        town.timings = timings
        first, second, receiver = await town.target(), await town.target(), await town.receiver()
        await town.start_leader(leader_checks="never")
        pair = Pair(town)
        await pair.start()
        for name in ("west", "east"):
            await town.start_probe(name, region=name, peer=pair.peers)
        sites = [site(first, "First"), site(second, "Second")]
        await town.apply({"alerts": [webhook(receiver)], "monitors": sites})
        for name in ("First", "Second"):
            await town.status_comes(name, "UP")
            await town.votes_come(name, 2)
        await pair.copied()
        yield Scene(town, pair, first, second, receiver)


async def test_what_was_told_is_not_told_again_what_happens_meanwhile_is_and_both_agree_afterwards(
    tmp_path: Path,
) -> None:
    async with a_pair(tmp_path) as scene:
        town, pair = scene.town, scene.pair
        scene.first.mood = "503"
        await scene.told("First", "down")
        await town.all_told()
        await pair.copied()

        town.leader.kill()
        await pair.takes_over()
        await town.looks_come(scene.first, each=3)
        scene.second.mood = "503"
        await scene.told("Second", "down")
        assert scene.events("First") == ["down"], "told by the leader before"

        await town.start_leader()
        await pair.stands_by()
        scene.first.mood = scene.second.mood = "up"
        for name in ("First", "Second"):
            await scene.told(name, "down", "up")
        await town.looks_come(scene.first, scene.second, each=2)
        await town.all_told()
        await pair.copied()
        assert scene.events("First") == scene.events("Second") == ["down", "up"]
        assert [one.name for one in town.history.incidents()] == ["First", "Second"]


async def test_a_leader_that_stands_still_is_replaced_and_sends_nothing_when_it_goes_on(
    tmp_path: Path,
) -> None:
    async with a_pair(tmp_path) as scene:
        town, pair = scene.town, scene.pair
        town.leader.pause()
        await pair.takes_over()
        scene.first.mood = "503"
        await scene.told("First", "down")
        town.leader.resume()
        await pair.stands_by()
        scene.first.mood = "up"
        await scene.told("First", "down", "up")
        await pair.copied()
        assert not scene.receiver.repeats()
        assert scene.events("Second") == []


async def test_a_leader_that_starts_again_at_once_keeps_the_wheel(tmp_path: Path) -> None:
    async with a_pair(tmp_path, QUICK) as scene:  # between the two as usual: 15 s
        town, pair = scene.town, scene.pair
        for _ in range(3):
            town.leader.kill()
            await town.start_leader()
        scene.first.mood = "503"
        await scene.told("First", "down")
        assert "taking over" not in pair.process.said()


async def test_a_follower_that_is_started_again_goes_on_copying(tmp_path: Path) -> None:
    async with a_pair(tmp_path) as scene:
        town, pair = scene.town, scene.pair
        pair.process.kill()
        scene.first.mood = "503"
        await scene.told("First", "down")
        await town.apply({"monitors": [site(scene.second, "Third")]})
        await town.status_comes("Third", "UP")
        await pair.start()
        await pair.copied()
        town.leader.kill()
        await pair.takes_over()
        await town.looks_come(scene.first, each=2)
        assert scene.events("First") == ["down"]
