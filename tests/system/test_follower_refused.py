"""A follower with monitors of its own (what else makes a follower none: see the faults)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.cluster import Cluster, cluster, site, webhook
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def a_leader(town: Cluster) -> None:
    town.timings = PAIR_QUICK
    target, receiver = await town.target(), await town.receiver()
    await town.start_leader()
    await town.apply({"alerts": [webhook(receiver)], "monitors": [site(target)]})


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
