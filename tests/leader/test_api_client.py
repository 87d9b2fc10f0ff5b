"""The typed client against a real leader: everything a person's program asks, and all its errors."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import api, hook
from tests.leader.serving import serving
from uptop_core.api_bodies import PostBody, TokenBody, UserBody
from uptop_core.api_client import ApiClient
from uptop_core.errors import LeaderOld, LeaderRefused, LeaderUntrusted, TokenRefused
from uptop_core.views import MonitorView
from uptop_core.wire import Registration
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def at_work(folder: Path, token: str = "admin") -> AsyncIterator[tuple[Desk, ApiClient]]:
    """A leader whose engine runs, and a client of it."""
    async with at_the_desk(folder / "uptop.db", api(), hook()) as desk:
        await desk.helm.register("p")
        async with (
            serving(build_app(desk.helm.leader)) as url,
            ApiClient(url, token=token) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(desk.helm.engine.run)
            yield desk, client
            tasks.cancel_scope.cancel()
            desk.helm.leader.live.close()


async def test_a_day_at_the_desk(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, client):
        me = await client.me()
        assert (me.name, me.role) == ("admin", "admin")
        check = {"type": "http", "url": "https://shop.example.com"}
        saved = await client.add("monitors", {"name": "Shop", "check": check, "channels": ["c"]})
        names = [view.name for view in await client.monitors(status=["PENDING", "UP"])]
        assert names == ["m", "Shop"]
        held = await client.read("monitors", saved.id)
        changed = await client.change("monitors", saved.id, {"tags": ["web"]}, held.etag)
        assert changed.settings["tags"] == ["web"]
        with pytest.raises(LeaderRefused) as refused:
            await client.replace("monitors", saved.id, held.value.settings, held.etag)
        assert (refused.value.status, refused.value.code) == (412, "changed")
        assert (await client.pause(saved.id, "m")).done == (saved.id, "m")
        assert (await client.resume(saved.id, "m")).done == (saved.id, "m")
        assert (await client.recheck("m")).done == ("m",)
        assert (await client.history(saved.id)).range.range == "24h"
        assert [one.name for one in await client.sla("7d")] == ["m", "Shop"]
        await client.remove("monitors", saved.id)
        assert len((await client.transitions(monitor=saved.id)).transitions) > 0
        assert (await client.incidents()).incidents == ()
        assert [node.id for node in await client.nodes(state="online")] == ["leader", "p"]
        assert (await client.channels()).channels[0].name == "c"
        assert (await client.maintenance()).maintenance == ()
        assert {kind.name for kind in (await client.kinds()).checks} >= {"http", "port"}
        applied = await client.apply("monitors: []", dry_run=True)
        assert applied.changed is False


async def test_people_posts_and_logs(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, client):
        user = await client.add_user(UserBody(name="ada"))
        assert (await client.change_role(user.id, "editor")).role == "editor"
        token = await client.add_token(TokenBody(name="laptop", user="ada"))
        post = PostBody(kind="investigating", title="Shop", words="Looking.")
        async with ApiClient(client.url, token=token.token) as ada:
            written = await ada.write_post(post)
            mended = await ada.change_post(written.id, {"words": "Looked."})
            assert (mended.who, mended.words) == ("ada", "Looked.")
            assert (await ada.posts(thread=written.thread)).posts == (mended,)
            await ada.remove("posts", written.id)
        await client.remove("tokens", token.prefix)
        with pytest.raises(TokenRefused):
            async with ApiClient(client.url, token=token.token) as ada:
                await ada.me()
        await client.remove("users", user.id)
        assert [entry.what for entry in (await client.logs(limit="2")).logs] == [
            "user deleted",
            "token revoked",
        ]
        left = {one.name for one in (await client.users()).users}
        assert left == {"admin", "editor", "viewer"}
        assert len((await client.tokens()).tokens) == 3


async def test_nodes_get_keys_and_are_forgotten(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, client):
        made = await client.add_node_key("n", "eu")
        turned = await client.rotate_node_key("n", overlap_s=0)
        assert [key.prefix for key in await client.node_keys()] == [made.prefix, turned.prefix]
        await client.revoke_node_key("n")
        assert all(key.revoked for key in await client.node_keys())
        assert (await client.node("p")).has_key is False
        with pytest.raises(LeaderRefused, match="is there: stop it first"):
            await client.remove("nodes", "p")


async def test_events_are_heard_and_gone_on_with(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (desk, client):
        async with client.events() as events:
            first = await anext(events)
            assert first.kind == "hello"
            await desk.helm.engine.register(Registration(id="q", instance="one"), "127.0.0.1")
            with anyio.fail_after(10):
                async for event in events:
                    if event.kind == "node" and b'"q"' in bytes(event.data):
                        break
        await client.pause("m")
        with anyio.fail_after(10):
            async with client.events(event.id) as events:
                async for event in events:
                    if event.kind == "monitor" and event.read(MonitorView).status == "PAUSED":
                        break


async def test_a_list_of_many_is_read_whole(tmp_path: Path) -> None:
    many = [api(f"m{number}") for number in range(1100)]
    async with (
        at_the_desk(tmp_path / "uptop.db", hook(), *many) as desk,
        serving(build_app(desk.helm.leader)) as url,
        ApiClient(url, token="viewer") as client,
    ):
        assert len({view.id for view in await client.monitors()}) == 1100


async def test_problems_come_with_their_fields(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, client):
        with pytest.raises(LeaderRefused) as refused:
            await client.add("monitors", {"name": "x", "check": {"type": "http", "url": "x"}})
        assert [problem.field for problem in refused.value.problems] == ["check.url"]


async def test_each_thing_that_is_wrong_has_its_own_sentence(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, client):
        url = client.url
        async with ApiClient(url, token="nobody's") as other:
            with pytest.raises(TokenRefused, match="does not know this API token"):
                await other.me()
        async with ApiClient(url) as other:
            with pytest.raises(TokenRefused, match=f"{url} needs an API token"):
                await other.me()
        with pytest.raises(LeaderOld, match="is older than this program"):
            await client.get_json("/api/v1/weather", dict)
        async with ApiClient(url.replace("http:", "https:"), token="x") as other:
            with pytest.raises(LeaderUntrusted, match="speaks no TLS there: try http://"):
                await other.me()
