"""A probe with a key of its own, at a leader and a follower that want one: real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.api import SECRET
from tests.system.cluster import cluster, site
from tests.system.pair import PAIR_QUICK, Pair
from tests.system.processes import run_command
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.cluster import Cluster

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _node(town: Cluster, *arguments: str) -> str:
    command = ["-m", "uptop_leader", "node", *arguments]
    done = await run_command(command, town.folder, town.leader_environment())
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


async def _status(town: Cluster, url: str, of: str) -> str:
    answer = await town.http.get(f"{url}/api/v1/{of}", headers={SECRET_HEADER: SECRET})
    return str(answer.json().get("state") or answer.json()["monitors"][0]["status"])


async def test_a_key_that_was_added_at_the_leader_works_at_the_follower_when_that_takes_over(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as town:
        town.timings = PAIR_QUICK
        target = await town.target()
        await town.start_leader(leader_checks="never", require_node_keys="true")
        pair = Pair(town)
        await pair.start()
        key = await _node(town, "add", "west", "--region", "eu")
        town.secrets.add(key)
        await town.start_probe("west", "eu", pair.peers, node_key=key)
        await town.start_probe("east", "eu", pair.peers)  # with the secret alone
        await town.apply({"monitors": [site(target, "First", alerts=[])]})
        await town.status_comes("First", "UP")
        await until("it is told", lambda: "needs a key of its own" in town.probes["east"].said())
        await pair.copied()
        town.leader.kill()
        await pair.takes_over()
        target.mood = "503"

        async def is_down() -> bool:
            return await _status(town, pair.url, "monitors") == "DOWN"

        await until("the follower is told by the probe that it is down", is_down)
        target.mood = "up"
        await town.start_leader()
        await pair.stands_by()
        await town.status_comes("First", "UP")
        await _node(town, "revoke", "west")

        async def is_gone() -> bool:
            return await _status(town, town.url, "nodes/west") == "left"

        await until("the node has left", is_gone)
        await until("it is told", lambda: "revoked" in town.probes["west"].said())
