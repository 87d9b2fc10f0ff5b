"""The status page as browsers get it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.leader.stages import NOW, Seen, Stage, client, down, up
from uptop_core.checks.group import GroupCheck
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Status
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Regional

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio

_NASTY = '<script>alert("1")</script>'


@pytest.fixture
def stage() -> Stage:
    """A leader with every status, a group, an open incident and a past one."""
    stage = Stage(
        LeaderSettings(
            status_enabled=True, status_title="Acme & sons", cors_origin="https://acme.example"
        )
    )
    stage.add_node("fra", "eu-west")
    group = stage.add("Shop", Status.DOWN, check=GroupCheck())
    api = stage.add("API", Status.DOWN, [down("fra", detail="hush")], parent=group.id)
    stage.store.uptimes[api.id] = Seen(86_000.0, 123.0)
    for status in Status:
        stage.add(f"Sample {status.value}", status, [up("fra")])
    stage.add(_NASTY)
    stage.add_incident(api, NOW - 754)
    stage.add_incident(api, NOW - 90_000, NOW - 89_000)
    return stage


@pytest.fixture
async def http(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody's client."""
    async with client(stage) as opened:
        yield opened


class _Nesting(HTMLParser):
    """Raises on a tag that is closed where another is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


async def test_the_page_is_whole_html(http: httpx.AsyncClient) -> None:
    response = await http.get("/status")
    assert (response.status_code, response.headers["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    parser = _Nesting()
    parser.feed(response.text)
    assert parser.open == []


async def test_every_status_is_a_word_and_not_a_colour_alone(http: httpx.AsyncClient) -> None:
    parser = _Nesting()
    parser.feed((await http.get("/status")).text)
    assert {status.value.capitalize() for status in Status} <= set(parser.words)


async def test_the_page_says_what_happens_now_and_what_has_been(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    assert "Some systems are down" in text
    assert "API is down" in text
    assert "12 min 34 s" in text
    assert "API was down" in text
    assert "16 min 40 s" in text
    assert "99.85 %" in text
    assert "99.6 % watched" in text


async def test_the_page_hides_targets_errors_and_regions(http: httpx.AsyncClient) -> None:
    for path in ("/status", "/status/json"):
        text = (await http.get(path)).text
        for secret in ("example.com", "eu-west", "hush", "HTTP 503", "192.0.2.7", "fra"):
            assert secret not in text, (path, secret)


async def test_where_it_is_allowed_regions_are_named_with_their_response_times(
    stage: Stage,
) -> None:
    stage.settings = replace(stage.settings, status_regions=True)
    stage.add_node("nyc", "us-east")
    stage.add_node("sin", "<ap>")
    votes = [up("fra", ms=30), down("nyc", detail="hush"), up("sin", ms=1840)]
    mixed = stage.add("Mixed", Status.PARTIAL, votes)
    latency = Latency(count=60, down=0, p50_ms=18.3, p95_ms=30.0, p99_ms=0.44)
    stage.lately = {mixed.id: {"eu-west": Regional(latency=latency, uptime=1.0, covered=1.0)}}
    async with client(stage) as opened:
        text = (await opened.get("/status")).text
    parser = _Nesting()
    parser.feed(text)
    words = " ".join(parser.words)
    assert "eu-west 18 ms us-east down" in words
    assert "<ap> 1.8 s" in words
    assert "Last hour: half within 18 ms, 95 % within 30 ms, 99 % within 0.4 ms" in text
    assert "median of the last hour" in words
    for secret in ("hush", "HTTP 503", "192.0.2.7", "<ap>"):
        assert secret not in text


async def test_names_and_titles_are_escaped(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    assert _NASTY not in text
    assert "&lt;script&gt;" in text
    assert "<h1>Acme &amp; sons</h1>" in text


async def test_the_page_needs_no_script_and_allows_none(http: httpx.AsyncClient) -> None:
    response = await http.get("/status")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert "<script" not in response.text
    assert " style=" not in response.text
    assert '<meta http-equiv="refresh" content="30">' in response.text


async def test_everything_the_page_links_to_is_there(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    links = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert len(links) == 3
    for link in links:
        assert (await http.get(link)).status_code == 200, link
    assert (await http.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"
    assert (await http.get("/static/secrets.txt")).status_code == 404


async def test_the_json_has_exactly_the_promised_shape(http: httpx.AsyncClient) -> None:
    response = await http.get("/status/json")
    status: dict[str, Any] = response.json()
    assert list(status) == ["overall", "updated", "monitors"]
    assert (status["overall"], status["updated"]) == ("DOWN", int(NOW * 1000))
    fields = ["id", "name", "type", "status", "since", "uptime_24h", "covered_24h"]
    assert [list(monitor) for monitor in status["monitors"]] == [fields] * len(status["monitors"])
    assert (status["monitors"][1]["name"], status["monitors"][1]["uptime_24h"]) == ("API", 99.857)
    assert response.headers["access-control-allow-origin"] == "https://acme.example"


async def test_many_readers_share_one_rendering(stage: Stage, http: httpx.AsyncClient) -> None:
    first = await http.get("/status")
    again = await http.get("/status", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, stage.store.asked) == (304, 1)
    stage.clock += 1.1
    assert (await http.get("/status")).text != first.text
    assert stage.store.asked == 2


async def test_the_page_is_not_there_unless_it_is_switched_on() -> None:
    async with client(Stage(LeaderSettings())) as http:
        assert (await http.get("/status")).status_code == 404
        assert (await http.get("/status/json")).status_code == 404
        home = await http.get("/")
    assert home.status_code == 404
    assert "/api/health" in home.text


async def test_the_root_leads_to_the_page(http: httpx.AsyncClient) -> None:
    response = await http.get("/")
    assert (response.status_code, response.headers["location"]) == (302, "/status")


async def test_an_empty_leader_has_a_page_too() -> None:
    async with client(Stage()) as http:
        text = (await http.get("/status")).text
    assert "Nothing is watched yet" in text
    assert "None so far." in text
