"""`/api/v1`, as programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.leader.stage_memory import EDITOR, VIEWER, Seen
from tests.leader.stages import NOW, Stage, client, down, up
from uptop_core.checks.group import GroupCheck
from uptop_leader.channels import Channel, ChannelHealth
from uptop_leader.providers.webhook import Webhook
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    """Two nodes; a group with a site that is up and an API that is down; a channel."""
    stage = Stage()
    stage.add_node("fra", "eu-west")
    stage.add_node("nyc", "us-east")
    group = stage.add("Production", Status.DOWN, check=GroupCheck())
    site = stage.add("Site", votes=[up("fra"), up("nyc", ms=40)], parent=group.id, tags=("web",))
    api = stage.add("API", Status.DOWN, [down("fra"), down("nyc")], tags=("web", "core"))
    stage.store.uptimes[site.id] = Seen(86_000.0, 0.0)
    for days in range(3):
        stage.add_incident(api, NOW - days * 86_400 - 100, None if days == 0 else NOW - 50)
    hook = Webhook(url="https://hooks.example.com/secret-path")
    stage.channels["c1"] = Channel(id="c1", name="ops", provider=hook)
    stage.store.health.append(ChannelHealth(channel="c1", last_sent=NOW - 9, sent=4, failed=1))
    return stage


@pytest.fixture
async def http(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A viewer's client."""
    async with client(stage, token=VIEWER) as opened:
        yield opened


async def _names(http: httpx.AsyncClient, query: str) -> list[str]:
    response = await http.get(f"/api/v1/monitors{query}")
    assert response.status_code == 200
    return [monitor["name"] for monitor in response.json()["monitors"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Production", "Site", "API"]),
        ("?status=down", ["Production", "API"]),
        ("?status=down&type=http", ["API"]),
        ("?status=up&status=DOWN&tag=web", ["Site", "API"]),
        ("?tag=core&tag=other", ["API"]),
        ("?name=SI", ["Site"]),
        ("?tag=nothing", []),
    ],
)
async def test_monitors_are_filtered(http: httpx.AsyncClient, query: str, names: list[str]) -> None:
    assert await _names(http, query) == names


async def test_a_filter_that_cannot_match_is_told(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/v1/monitors?status=broken")
    assert response.status_code == 400
    assert response.json()["problems"][0]["field"] == "status"


async def test_a_monitor_shows_votes_and_uptime(stage: Stage, http: httpx.AsyncClient) -> None:
    site = next(one for one in stage.monitors.values() if one.name == "Site")
    shown: dict[str, Any] = (await http.get(f"/api/v1/monitors/{site.id}")).json()
    assert (shown["status"], shown["since"]) == ("UP", int((NOW - 600) * 1000))
    assert (shown["votes_up"], shown["votes_fresh"], shown["votes_expected"]) == (2, 2, 2)
    assert (shown["uptime_24h"], shown["covered_24h"]) == (100.0, 99.537)
    assert shown["latency_ms"] == 30.0
    vote = shown["votes"][1]
    assert (vote["node"], vote["region"], vote["latency_ms"]) == ("nyc", "us-east", 40.0)
    assert vote["observed"] == int((NOW - 5) * 1000)


async def test_no_credential_of_a_url_is_shown(stage: Stage, http: httpx.AsyncClient) -> None:
    text = (await http.get("/api/v1/monitors")).text
    assert "https://site.example.com/x" in text
    assert "hidden" not in text


async def test_what_did_not_change_is_a_304(stage: Stage, http: httpx.AsyncClient) -> None:
    first = await http.get("/api/v1/monitors")
    headers = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    assert (await http.get("/api/v1/monitors", headers=headers)).status_code == 304
    stage.clock += 1
    assert (await http.get("/api/v1/monitors", headers=headers)).status_code == 304
    stage.clock += 3600
    assert (await http.get("/api/v1/monitors", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["monitors/x", "incidents/x"])
async def test_what_is_not_there_is_a_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/api/v1/{path}")).status_code == 404


async def test_nodes_are_shown_in_the_order_they_joined(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    stage.nodes.clear()
    stage.add_node("b", "us", heard=NOW - 90)
    stage.add_node("a", "eu")
    nodes = (await http.get("/api/v1/nodes")).json()["nodes"]
    assert [(node["id"], node["state"]) for node in nodes] == [("b", "offline"), ("a", "online")]


async def test_incidents_come_in_pages(http: httpx.AsyncClient) -> None:
    first = (await http.get("/api/v1/incidents?limit=2")).json()
    assert [one["ended"] is None for one in first["incidents"]] == [True, False]
    assert first["incidents"][0]["evidence"] == []
    second = (await http.get(f"/api/v1/incidents?limit=2&cursor={first['next']}")).json()
    assert (len(second["incidents"]), second["next"]) == (1, None)


async def test_open_incidents_can_be_asked_for_alone(http: httpx.AsyncClient) -> None:
    shown = (await http.get("/api/v1/incidents?open=true")).json()["incidents"]
    assert [one["name"] for one in shown] == ["API"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=9999", "before=-1", "open=maybe", "cursor=x", "opne=true"],
)
async def test_a_page_that_cannot_be_is_a_400(http: httpx.AsyncClient, query: str) -> None:
    response = await http.get(f"/api/v1/incidents?{query}")
    assert response.status_code == 400
    assert response.json()["problems"][0]["field"] == query.partition("=")[0]


async def test_one_incident_shows_its_evidence(stage: Stage, http: httpx.AsyncClient) -> None:
    shown = (await http.get(f"/api/v1/incidents/{stage.store.written[0].id}")).json()
    assert [(vote["region"], vote["status_code"]) for vote in shown["evidence"]] == [
        ("eu-west", 503),
        ("us-east", 503),
    ]


async def test_an_incident_that_nobody_was_told_of_says_why(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    first = stage.store.written[0]
    stage.store.written[0] = replace(first, untold="dependency", child_of="the router's")
    shown = (await http.get("/api/v1/incidents")).json()["incidents"]
    found = {one["id"]: (one["untold"], one["child_of"]) for one in shown}
    assert found.pop(first.id) == ("dependency", "the router's")
    assert set(found.values()) <= {("", None)}


async def test_a_channel_that_fails_says_since_when_and_what_its_fallback_got(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    stage.store.health = [ChannelHealth(channel="c1", failing_since=NOW - 400, passed_on=3)]
    (channel,) = (await http.get("/api/v1/channels")).json()["channels"]
    assert (channel["failing_since"], channel["passed_on"]) == (int((NOW - 400) * 1000), 3)


async def test_channels_show_their_health_and_no_secret(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/v1/channels")
    assert "secret-path" not in response.text
    (channel,) = response.json()["channels"]
    assert (channel["name"], channel["type"], channel["sent"]) == ("ops", "webhook", 4)
    assert channel["last_sent"] == int((NOW - 9) * 1000)


async def test_a_test_message_tells_how_it_went(stage: Stage) -> None:
    async with client(stage, token=EDITOR) as http:
        fine = await http.post("/api/v1/channels/c1/test")
        stage.test_error = "the service answered 404"
        failed = await http.post("/api/v1/channels/c1/test")
        missing = await http.post("/api/v1/channels/c2/test")
    assert fine.json() == {"ok": True, "error": ""}
    assert failed.json() == {"ok": False, "error": "the service answered 404"}
    assert missing.status_code == 404


async def test_a_viewer_may_not_send_a_test_message(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/v1/channels/c1/test")).status_code == 403
