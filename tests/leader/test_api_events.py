"""Events over a real connection: what changes, as it changes, and on from where one was."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import api, hook
from tests.leader.serving import serving
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio


class Listener:
    """Reads one stream of events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()
        self.last = ""

    async def next(self) -> tuple[str, Any]:
        """The next event: its kind and its data."""
        fields: dict[str, str] = {}
        with anyio.fail_after(10):
            async for line in self._lines:
                if not line and "data" in fields:
                    self.last = fields["id"]
                    return fields["event"], json.loads(fields["data"])
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
        raise AssertionError("the stream has ended")

    async def until(self, kind: str, **facts: Any) -> Any:
        """The data of the next event of a kind that says so."""
        while True:
            found, data = await self.next()
            if found == kind and all(data[name] == value for name, value in facts.items()):
                return data


@asynccontextmanager
async def listening(
    url: str, last: str = "", token: str = "viewer", query: str = ""
) -> AsyncIterator[Listener]:
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        http.stream("GET", f"{url}/api/v1/events{query}", headers=headers) as answer,
    ):
        yield Listener(answer)


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[tuple[Desk, str]]:
    """A leader with one monitor and one probe, and its URL."""
    async with at_the_desk(folder / "uptop.db", api(), hook()) as desk:
        await desk.helm.register("p")
        async with serving(build_app(desk.helm.leader)) as url:
            yield desk, url
            desk.helm.leader.live.close()


async def test_a_result_an_incident_a_post_and_an_edit_are_told(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (desk, url), listening(url) as listener:
        assert listener.answer.headers["content-type"].startswith("text/event-stream")
        assert (await listener.next())[0] == "hello"
        await desk.helm.sees("p")
        assert (await listener.until("monitor", id="m", status="UP"))["votes_up"] == 1
        await desk.helm.goes_down("p")
        incident = await listener.until("incident")
        assert (incident["monitor"], incident["ended"]) == ("m", None)
        await desk.ask("POST", f"/incidents/{incident['id']}/acknowledge")
        await listener.until("incident", id=incident["id"])
        body = {"kind": "investigating", "title": "m", "words": "Looking."}
        post = (await desk.ask("POST", "/posts", body)).json()
        assert await listener.until("post") == post
        await desk.ask("DELETE", f"/posts/{post['id']}")
        assert await listener.until("gone") == {"kind": "post", "id": post["id"]}
        desk.helm.clock.at += 1
        await desk.ask("PATCH", "/monitors/m", {"interval": 30.0})
        desk.helm.clock.at += 1
        assert (await listener.until("config"))["version"] == desk.helm.leader.version


async def test_a_stream_goes_on_from_where_one_was(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (desk, url):
        async with listening(url) as listener:
            await listener.next()
            await desk.helm.sees("p")
            await listener.until("monitor", status="UP")
            last = listener.last
        await desk.helm.goes_down("p")
        async with listening(url, last) as listener:
            await listener.until("monitor", status="DOWN")
        boot = last.partition("-")[0]
        for wrong in ("other-3", f"{boot}-999999", f"{boot}-x", "x"):
            async with listening(url, wrong) as listener:
                assert (await listener.next())[0] == "reset"


async def test_only_what_is_asked_for_is_told(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (desk, url), listening(url, query="?kind=node") as listener:
        await listener.next()
        await desk.helm.sees("p")
        await desk.helm.register("q", "us")
        found, data = await listener.next()
        while data["id"] != "q":
            assert found == "node"
            found, data = await listener.next()
        assert data["region"] == "us"


async def test_streams_end_when_the_leader_stops(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (desk, url), listening(url) as listener:
        await listener.next()
        desk.helm.leader.live.close()
        with pytest.raises(AssertionError, match="ended"):
            await listener.next()


async def test_nobody_listens_without_a_token(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, url), listening(url, token="nobody") as listener:
        assert listener.answer.status_code == 401
