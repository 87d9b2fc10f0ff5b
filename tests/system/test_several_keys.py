"""Node keys at several leaders on one PostgreSQL: what is done through one is in force at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.api import SECRET
from tests.system.cluster import cluster, site
from tests.system.several import TENTH, several
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.cluster import Cluster
    from tests.system.several import One

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _change(town: Cluster, one: One, method: str, path: str, body: object = None) -> str:
    """Change the key of `west` through one of the leaders; the new key."""
    headers, url = {SECRET_HEADER: SECRET}, f"{one.url}/api/v1/nodes/west/key{path}"
    answer = await town.http.request(method, url, headers=headers, json=body)
    assert answer.is_success, answer.text
    key = str(answer.json()["key"]) if answer.content else ""
    town.secrets.add(key or SECRET)
    return key


async def _comes(town: Cluster, one: One, key: str, status: int) -> None:
    """Wait until a leader answers a key so: 200 where it acts, 503 where it stands by and knows the
    key, 401 where it does not."""
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{one.url}/api/probe/assignments?node_id=west"

    async def says() -> bool:
        return (await town.http.get(url, headers=headers)).status_code == status

    await until(f"{one.name} answers {status}", says)


async def test_a_key_that_is_changed_through_one_leader_is_changed_at_all(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        town.timings = TENTH
        target = await town.target()
        async with several(town, 2, require_node_keys="true") as leaders:
            acts = await leaders.one_acts()
            idle = next(one for one in leaders.leaders if one is not acts)
            first = await _change(town, acts, "POST", "", {"region": "eu"})
            await _comes(town, idle, first, 503)
            await town.start_probe("west", "eu", peer=leaders.peers, node_key=first)
            await town.apply({"monitors": [site(target, "Site", alerts=[])]})
            await town.status_comes("Site", "UP")

            second = await _change(town, idle, "POST", "/rotate", {"overlap": 0})
            for one, status in ((acts, 200), (idle, 503)):
                await _comes(town, one, second, status)
                await _comes(town, one, first, 401)

            await _change(town, idle, "DELETE", "")
            for one in leaders.leaders:
                await _comes(town, one, second, 401)
            third = await _change(town, idle, "POST", "", {"region": "eu"})
            await _comes(town, acts, third, 200)
            await _change(town, acts, "DELETE", "")
            for one in leaders.leaders:
                await _comes(town, one, third, 401)

            # Who acts next has not forgotten it either.
            acts.process.kill()
            await leaders.one_acts(but=acts)
            for key in (first, second, third):
                await _comes(town, idle, key, 401)
