"""Node keys over the API, and what a node may do with its own: on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.leader.databases import dump
from tests.leader.desks import Desk, at_the_desk, problems
from tests.leader.helms import api, hook
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.anyio

SECRET = "the cluster's secret"


class Node:
    """A probe that asks a desk's leader with a key."""

    def __init__(self, desk: Desk, key: str) -> None:
        self._desk = desk
        self._headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=desk.app), base_url="http://leader"
        )

    async def register(self, node: str = "n", region: str = "") -> httpx.Response:
        body = {"id": node, "region": region, "instance": "one"}
        return await self._ask("POST", "/api/probe/register", json=body)

    async def assignments(self, node: str = "n") -> httpx.Response:
        return await self._ask("GET", f"/api/probe/assignments?node_id={node}")

    async def report(self, node: str = "n", monitor: str = "m") -> httpx.Response:
        result = {"monitor_id": monitor, "is_up": True, "latency_ns": 5, "age_ms": 0}
        body = {"node_id": node, "instance": "one", "results": [result]}
        return await self._ask("POST", "/api/probe/results", json=body)

    async def ask(self, path: str) -> httpx.Response:
        return await self._ask("GET", path)

    async def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        return await self._desk.helm.during(
            lambda: self._http.request(method, path, headers=self._headers, **what)
        )


async def _key(desk: Desk, node: str = "n", region: str = "eu") -> str:
    made = await desk.ask("POST", f"/nodes/{node}/key", {"region": region}, role="admin")
    assert made.status_code == 201, made.text
    assert (made.json()["node"], made.json()["region"]) == (node, region)
    return str(made.json()["key"])


async def _refused(desk: Desk) -> list[tuple[str, str, str]]:
    return [entry for entry in await desk.logged() if entry[0] == "node n"]


def _detail(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


async def test_a_node_works_with_its_key_and_says_nothing_for_another(address: Address) -> None:
    europe, asia = api("m", regions=("eu",)), api("a", regions=("asia",))
    async with at_the_desk(address, hook(), europe, asia, require_node_keys=True) as desk:
        node = Node(desk, await _key(desk))
        await _key(desk, "other", "asia")
        assert (await node.register()).json()["region"] == "eu"
        assert [one["id"] for one in (await node.assignments()).json()["monitors"]] == ["m"]
        assert (await node.report()).json()["accepted"] == 1
        assert "a" in (await node.report(monitor="a")).json()["rejected"][0]["monitor_id"]
        refused = "this key is of node 'n': it may not speak for 'other'"
        for answer in (
            await node.register("other"),
            await node.assignments("other"),
            await node.report("other"),
        ):
            assert _detail(answer) == (403, refused)
        status, words = _detail(await node.register(region="asia"))
        assert status == 403
        assert words.startswith("the key of node 'n' is for region 'eu'")
        view = await desk.get("/nodes/n")
        assert view["has_key"] is True
        assert view["key_used"] == round(desk.helm.clock.at * 1000)


async def test_a_key_opens_nothing_that_people_may_see_and_that_is_written_down(
    address: Address,
) -> None:
    async with at_the_desk(address, cluster_secret=SECRET) as desk:
        node = Node(desk, await _key(desk))
        for path in ("/api/v1/monitors", "/api/backup/export", "/metrics", "/api/v1/node-keys"):
            assert (await node.ask(path)).status_code == 403, path
            assert (await node.ask(path)).status_code == 403, path
        assert await _refused(desk) == [("node n", "node key refused", "n")] * 4
        for number in range(50):
            assert (await node.ask(f"/api/v1/monitors/{number}")).status_code == 403
        assert len(await _refused(desk)) == 20, "nobody fills the audit log with it"


async def test_a_revoked_key_ends_at_once_and_its_node_leaves(address: Address) -> None:
    async with at_the_desk(address, hook(), api()) as desk:
        node = Node(desk, await _key(desk))
        await node.register()
        await node.report()
        assert (await desk.ask("DELETE", "/nodes/n/key", role="admin")).status_code == 204
        assert _detail(await node.report()) == (
            401,
            "this key of node 'n' was revoked, or replaced",
        )
        await desk.helm.engine.turn()
        assert (await desk.get("/nodes/n"))["state"] == "left"
        assert (await desk.get("/nodes/n"))["has_key"] is False
        assert (await desk.ask("DELETE", "/nodes/n/key", role="admin")).status_code == 204
        assert (await desk.ask("DELETE", "/nodes/x/key", role="admin")).status_code == 404
        what = [(entry[1], entry[2]) for entry in await desk.logged()]
        assert ("node key revoked", "n") in what
        assert ("node key refused", "n") in what


async def test_a_rotated_key_is_good_for_a_while_beside_the_new_one(address: Address) -> None:
    async with at_the_desk(address) as desk:
        old = Node(desk, await _key(desk))
        body = {"overlap": 60}
        made = await desk.ask("POST", "/nodes/n/key/rotate", body, role="admin")
        assert (made.status_code, made.json()["region"]) == (201, "eu")
        new = Node(desk, made.json()["key"])
        assert (await old.register()).status_code == 200
        assert (await new.register()).status_code == 200
        desk.helm.clock.at += 60
        assert (await old.register()).status_code == 401
        assert (await new.register()).status_code == 200
        body = {"overlap": 0}
        assert (await desk.ask("POST", "/nodes/n/key/rotate", body, role="admin")).is_success
        assert (await new.register()).status_code == 401
        missing = await desk.ask("POST", "/nodes/x/key/rotate", role="admin")
        assert _detail(missing) == (404, "node 'x' has no key that is good: add one")


async def test_keys_are_listed_without_the_keys(address: Address) -> None:
    async with at_the_desk(address) as desk:
        key = await _key(desk)
        again = await desk.ask("POST", "/nodes/n/key", {"region": "eu"}, role="admin")
        assert _detail(again) == (409, "node 'n' has a key already: rotate it")
        answer = await desk.ask("GET", "/node-keys", role="admin")
        (listed,) = answer.json()["keys"]
        assert (listed["node"], listed["region"], listed["prefix"]) == ("n", "eu", key[:12])
        assert listed["last_used"] is listed["revoked"] is None
        assert key not in answer.text
        assert key not in repr(dump(address)), "only its hash is kept"
        leaders = await desk.ask("POST", "/nodes/leader/key", role="admin")
        assert leaders.status_code == 409
        wrong = await desk.ask("POST", "/nodes/a%20b/key", role="admin")
        assert set(problems(wrong)) == {"id"}
        for role in ("viewer", "editor"):
            for method, path in (
                ("GET", "/node-keys"),
                ("POST", "/nodes/n/key"),
                ("DELETE", "/nodes/n/key"),
                ("DELETE", "/nodes/n"),
            ):
                assert (await desk.ask(method, path, role=role)).status_code == 403


async def test_a_node_that_is_gone_is_forgotten_with_its_key(address: Address) -> None:
    async with at_the_desk(address, hook(), api()) as desk:
        key = await _key(desk)
        node = Node(desk, key)
        await node.register()
        await node.report()
        there = await desk.ask("DELETE", "/nodes/n", role="admin")
        assert _detail(there) == (409, "node 'n' is there: stop it first, or revoke its key")
        await desk.helm.wait(61)
        assert (await desk.ask("DELETE", "/nodes/n", role="admin")).status_code == 204
        await desk.helm.engine.turn()
        assert (await desk.ask("GET", "/nodes/n", role="admin")).status_code == 404
        assert [one["id"] for one in (await desk.get("/nodes"))["nodes"]] == ["leader"]
        assert "n" not in desk.helm.store.load().nodes
        assert desk.helm.world.assigned["m"] == ()
        assert (await desk.get("/node-keys", "admin"))["keys"] == []
        assert _detail(await node.register()) == (401, "the node key is not known")
        await desk.helm.wait(400, step=20)
        own = await desk.ask("DELETE", "/nodes/leader", role="admin")
        assert own.status_code == 409


async def test_the_secret_speaks_for_nodes_only_where_keys_are_not_required(
    address: Address,
) -> None:
    async with at_the_desk(address, cluster_secret=SECRET, require_node_keys=True) as desk:
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=build_app(desk.helm.leader)),
            base_url="http://leader",
            headers={"X-Uptop-Secret": SECRET},
        )
        refused = await http.post("/api/probe/register", json={"id": "n"})
        assert refused.status_code == 401
        assert refused.json()["detail"].endswith("the cluster secret opens nothing for it")
        assert (await http.get("/api/v1/monitors")).status_code == 200, "it counts as an admin"
