"""A follower that cannot follow: no take-over, no crash, one clear line."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PATIENCE_S = 8.0  # a take-over would have come by then


async def a_leader(town: Cluster) -> None:
    town.timings = PAIR_QUICK
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader()
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})


async def says(pair: Pair, words: str) -> None:
    """Wait until it has said something, and see that it says it once and never takes over."""
    await until(f"the follower says {words!r}", lambda: words in pair.process.said())
    await pair.town.monitors()
    with anyio.move_on_after(PATIENCE_S):
        while not await pair.is_active():
            await anyio.sleep(0.2)
    assert pair.process.is_running
    assert "taking over" not in pair.process.said()
    assert "Traceback" not in pair.process.said()
    assert pair.process.said().count(words) == 1


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("cluster_secret", "another", "answered 401: the cluster secret is wrong"),
        ("encryption_key", "", "the leader seals its credentials: set UPTOP_ENCRYPTION_KEY"),
    ],
)
async def test_what_makes_a_follower_none_is_said_once(
    tmp_path: Path, setting: str, value: str, words: str
) -> None:
    async with cluster(tmp_path) as town:
        await a_leader(town)
        pair = Pair(town, towards=None, **{setting: value})
        await pair.start()
        await says(pair, words)


async def test_a_follower_that_cannot_copy_takes_over_nothing_when_the_leader_is_killed(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        await a_leader(town)
        pair = Pair(town, encryption_key="")
        await pair.start()
        await until("it says why", lambda: "seals its credentials" in pair.process.said())
        town.leader.kill()
        await until("it says so", lambda: "not taking over: the leader" in pair.process.said())
        assert not await pair.is_active()


async def test_what_is_no_leader_is_not_followed_however_it_answers(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        await a_leader(town)
        stranger = await town.target()
        pair = Pair(town, towards=stranger.port)
        await pair.start()
        await says(pair, "answered, but not like a leader")


async def test_a_follower_with_monitors_of_its_own_copies_nothing_until_it_is_told_to(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        await a_leader(town)
        pair = Pair(town, follower_mirror="false")
        await pair.start()
        town.leader.kill()
        await pair.takes_over()
        answer = await town.http.post(
            f"{pair.url}/api/v1/apply",
            json={"monitors": [{"name": "Own", "type": "push", "interval": 60}]},
            headers={"X-Upkeep-Secret": "system-test-secret"},
        )
        assert answer.status_code == 200, answer.text
        await town.start_leader()
        await pair.stands_by()
        await pair.process.stop()

        del pair.settings["follower_mirror"]
        await pair.start()
        words = "this database has 1 monitors of its own: it works independently"
        await until("it says so", lambda: words in pair.process.said())
        town.leader.kill()
        await pair.takes_over()
        await town.start_leader()
        await pair.stands_by()
