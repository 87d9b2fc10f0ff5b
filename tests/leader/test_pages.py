"""The status page as browsers get it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from msgspec.structs import replace

from tests.leader.stage_memory import Seen
from tests.leader.stages import NOW, Stage, client, down, up
from uptop_core.checks.group import GroupCheck
from uptop_leader.posts import Post, PostKind
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Status
from uptop_leader.store.day_blocks import Days
from uptop_leader.store.history import Latency
from uptop_leader.store.regions import Regional

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio


def days_with(down_ms: int) -> Days:
    """Nothing but yesterday, which was watched and down for so long."""
    days = Days.none(90)
    days.observed[88], days.down[88], days.outages[88] = 86_400_000, down_ms, 1
    return days


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
    stage.store.days_of[api.id] = days_with(down_ms=1_000_000)
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
        if tag not in ("meta", "link", "input"):
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
    assert "3 down" not in " ".join(parser.words)
    assert "2 down · 1 partial" in " ".join(parser.words)


async def test_the_page_says_what_happens_now_and_what_has_been(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    assert "Some systems are down" in text
    assert "API is down" in text
    assert "Ongoing &middot; 12 min<" in text
    assert "API was down" in text
    assert "16 min 40 s" in text
    assert "API, last 90 days: outages on 1 day" in text
    assert "98.84 %" in text
    assert "1.1 % watched" in text


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
        close = (await opened.get(f"/status/monitors/{mixed.id}")).text
    parser = _Nesting()
    parser.feed(text)
    words = " ".join(parser.words)
    assert "eu-west 18 ms us-east down" in words
    assert "<ap> 1.8 s" in words
    assert "half within 18 ms, 95 % within 30 ms, 99 % within 0.4 ms" in close
    assert "median of the last hour" in words
    for secret in ("hush", "HTTP 503", "192.0.2.7", "<ap>"):
        assert secret not in text


async def test_names_and_titles_are_escaped(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    assert _NASTY not in text
    assert "&lt;script&gt;" in text
    assert "<h1>Acme &amp; sons</h1>" in text


async def test_the_page_allows_its_own_files_and_nothing_inline(http: httpx.AsyncClient) -> None:
    response = await http.get("/status")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(.*?)</script>", response.text) == [
        f' src="/static/status.js?v={version(response.text)}">'
    ]
    assert not re.search(r" (style|on\w+)=", response.text)
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in response.text


def version(page: str) -> str:
    found = re.search(r"status\.js\?v=(\w+)", page)
    assert found is not None
    return found[1]


async def test_everything_the_page_links_to_is_there(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status")).text
    links = set(re.findall(r'(?:href|src)="([^"#]+)"', text))
    assert {"/status/history", "/status/json", "/status/feed.rss"} < links
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
    assert (again.status_code, stage.store.days_asked) == (304, 1)
    stage.clock += 61
    assert (await http.get("/status")).text != first.text
    assert stage.store.days_asked == 2


async def test_what_has_not_changed_for_a_minute_is_the_same_page(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    first = await http.get("/status")
    stage.clock += 5
    again = await http.get("/status", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_a_large_page_is_packed_for_who_takes_it_so(http: httpx.AsyncClient) -> None:
    plain = await http.get("/status", headers={"Accept-Encoding": "identity"})
    packed = await http.get("/status", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.text == plain.text


async def test_times_are_in_the_zone_that_is_asked_for(http: httpx.AsyncClient) -> None:
    assert "15 Jan 2027, 08:00 UTC" in (await http.get("/status")).text
    berlin = (await http.get("/status?tz=Europe/Berlin")).text
    assert "15 Jan 2027, 09:00 CET" in berlin
    assert "UTC</time>" not in berlin
    wrong = await http.get("/status?tz=Europe/Berlim")
    assert wrong.status_code == 400
    assert "did you mean 'Europe/Berlin'?" in wrong.text


async def test_who_asks_for_all_zones_there_are_costs_no_more_than_for_a_few(stage: Stage) -> None:
    async with client(stage) as http:
        made = [f"/status?tz=Etc/GMT-{hours}" for hours in range(1, 14)]
        texts = [(await http.get(one)).text for one in made]
        assert "15 Jan 2027, 09:00 +01" in texts[0]
        assert "15 Jan 2027, 08:00 UTC" in texts[-1]
        assert (await http.get(made[0])).text == texts[0]


async def test_the_zone_can_be_set(stage: Stage) -> None:
    stage.settings = replace(stage.settings, status_timezone="Asia/Kolkata")
    async with client(stage) as http:
        assert "15 Jan 2027, 13:30 IST" in (await http.get("/status")).text


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


async def test_a_last_word_that_was_forgotten_keeps_no_old_incident_open(
    stage: Stage, http: httpx.AsyncClient
) -> None:
    api = next(iter(stage.monitors.values()))
    site = stage.add("Site")
    for number in range(30):
        stage.add_incident(site, NOW - 4000 - 60 * number, NOW - 3990 - 60 * number)
    old = stage.add_incident(site, NOW - 300_000, NOW - 299_000)
    stage.store.posts.all = [
        Post(
            id="p", thread="p", kind=PostKind.MONITORING, words="We watch.", at=NOW - 290_000,
            who="ada", title="Slow", incident=old.id, monitors=(api.id,),
        )
    ]  # fmt: skip
    text = (await http.get("/status")).text
    assert "We watch." not in text
    history = (await http.get("/status/history")).text
    assert f'<a href="/status/incidents/{old.id}">Slow</a>' in history


async def test_all_who_ask_at_once_for_one_page_are_shown_what_is_made_once(stage: Stage) -> None:
    api = next(one.id for one in stage.monitors.values() if one.name == "API")
    found: list[int] = []

    async def look(http: httpx.AsyncClient) -> None:
        found.append((await http.get(f"/status/monitors/{api}")).status_code)

    async with client(stage) as http, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(look, http)
    assert found == [200] * 10
    assert stage.store.windows_asked == 1


async def test_who_asks_at_once_for_a_page_in_many_zones_gets_each_in_its_own(
    stage: Stage,
) -> None:
    zones = {"Etc/GMT-1": "+01", "Etc/GMT-9": "+09", "Etc/GMT+5": "-05", "UTC": "UTC"}
    found: dict[str, str] = {}

    async def look(http: httpx.AsyncClient, name: str) -> None:
        found[name] = (await http.get("/status", params={"tz": name})).text

    async with client(stage) as http, anyio.create_task_group() as tasks:
        for name in zones:
            tasks.start_soon(look, http, name)
    for name, text in found.items():
        assert {one for one in zones.values() if f" {one}</time>" in text} == {zones[name]}
