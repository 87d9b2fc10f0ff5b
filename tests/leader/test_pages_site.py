"""The pages beside the status page, feeds and badges, of a leader with a past."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import httpx
import pytest
from msgspec.structs import replace

from docs.showcase import monitor_id, showcase
from tests.leader.stages import NOW, Stage, client
from uptop_leader.api.app import build_app
from uptop_leader.pages.badges import drawn
from uptop_leader.posts import Post, PostKind
from uptop_leader.settings import LeaderSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

_ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody's client of a leader with a past."""
    with showcase(tmp_path_factory.mktemp("showcase")) as leader:
        transport = httpx.ASGITransport(app=build_app(leader))
        async with httpx.AsyncClient(transport=transport, base_url="http://leader") as opened:
            yield opened


async def test_an_incident_has_a_page_with_its_timeline(http: httpx.AsyncClient) -> None:
    front = (await http.get("/status")).text
    found = re.search(r'<h3><a href="(/status/incidents/[^"]+)">Card payments fail', front)
    assert found is not None
    text = (await http.get(found[1])).text
    told = re.findall(r"<b>(\w[\w ]*)</b> <span", text)
    assert told == ["Down", "Investigating", "Identified"]
    assert "Seen down from ap-south, eu-west, us-east, confirmed after 9 s." in text
    assert "503" not in text


async def test_a_past_incident_tells_how_it_ended(http: httpx.AsyncClient) -> None:
    history = (await http.get("/status/history")).text
    found = re.search(r'<a href="(/status/incidents/[^"]+)">The website was slow', history)
    assert found is not None
    text = (await http.get(found[1])).text
    told = re.findall(r"<b>(\w[\w ]*)</b> <span", text)
    assert told == ["Down", "Investigating", "Monitoring", "Up again", "Resolved"]
    assert "It was down for 42 min." in text


async def test_the_history_is_by_month(http: httpx.AsyncClient) -> None:
    text = (await http.get("/status/history")).text
    months = re.findall(r"<h2>(\w+ 2026)</h2>", text)
    assert months == ["November 2026", "October 2026", "September 2026"]
    assert text.count("Forum was down") == 4


async def test_a_monitor_has_a_page_with_its_windows_days_and_response_times(
    http: httpx.AsyncClient,
) -> None:
    text = (await http.get(f"/status/monitors/{monitor_id('Payments')}")).text
    for words in (
        "24 hours",
        "a year",
        "22 Nov 2026: down for 39 min",
        "8 Oct 2026: watched 50 % of the time",
        "Response time by region",
        "half within",
    ):
        assert words in text
    assert text.count('class="line ') == 3


async def test_what_is_not_there_says_so(http: httpx.AsyncClient) -> None:
    for path in ("incidents/x", "monitors/x", "badges/x.svg", "feed.xml"):
        assert (await http.get(f"/status/{path}")).status_code == 404, path
    group = monitor_id("Shop")
    assert (await http.get(f"/status/monitors/{group}")).status_code == 404


async def test_the_feeds_tell_the_newest_first_and_link_to_pages(http: httpx.AsyncClient) -> None:
    response = await http.get("/status/feed.atom")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)
    entries = feed.findall(f"{_ATOM}entry")
    first = entries[0]
    assert first.findtext(f"{_ATOM}title") == "Card payments fail (Identified)"
    assert first.findtext(f"{_ATOM}updated") == "2026-11-22T14:00:00Z"
    link = first.find(f"{_ATOM}link")
    assert link is not None
    assert (await http.get(link.attrib["href"])).status_code == 200
    assert first.findtext(f"{_ATOM}id") == f"urn:uuid:{link.attrib['href'].rpartition('/')[2]}"
    assert feed.findtext(f"{_ATOM}updated") == "2026-11-22T14:00:00Z"
    rss = ElementTree.fromstring((await http.get("/status/feed.rss")).content)
    items = rss.findall("channel/item")
    assert len(items) == len(entries)
    assert items[0].findtext("pubDate") == "Sun, 22 Nov 2026 14:00:00 +0000"
    text = items[0].findtext("description") or ""
    assert text.startswith("Affects Payments\n22 Nov 2026, 14:00 UTC · Identified: A certificate")


async def test_a_feed_names_the_public_address_and_takes_any_words() -> None:
    stage = Stage(LeaderSettings(status_enabled=True, public_url="https://up.example/"))
    words = "a \x07 bell & <tags>\ufffe\uffff"
    stage.store.posts.all = [
        Post(id="p", thread="p", kind=PostKind.IDENTIFIED, words=words, at=NOW - 9, who="ada")
    ]
    async with client(stage) as http:
        text = (await http.get("/status/feed.rss")).text
        assert (await http.get("/status/incidents/p")).status_code == 200
    assert "<link>https://up.example/status/incidents/p</link>" in text
    assert "a  bell &amp; &lt;tags&gt;" in text
    assert ElementTree.fromstring(text).tag == "rss"


async def test_badges_say_status_uptime_and_how_all_are(http: httpx.AsyncClient) -> None:
    monitor = monitor_id("Payments")
    response = await http.get(f"/status/badges/{monitor}.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert "<title>Payments: down</title>" in response.text
    assert (
        "Payments: 99.7 % in 90 days"
        in (await http.get(f"/status/badges/{monitor}-uptime.svg")).text
    )
    overall = (await http.get("/status/badges/overall.svg")).text
    assert "Acme status: 1 down, 1 partial, 1 maintenance, 9 up" in overall
    again = await http.get(
        "/status/badges/overall.svg",
        headers={"If-None-Match": (await http.get("/status/badges/overall.svg")).headers["etag"]},
    )
    assert again.status_code == 304


def test_a_badge_is_whole_whatever_a_name_holds() -> None:
    badge = ElementTree.fromstring(drawn('<"&>', "up", "#000"))
    assert badge.findtext("{http://www.w3.org/2000/svg}title") == '<"&>: up'


async def test_nothing_beside_the_page_is_there_while_it_is_off() -> None:
    stage = Stage(LeaderSettings())
    monitor = stage.add("API")
    stage.settings = replace(stage.settings, status_enabled=False)
    async with client(stage) as http:
        for path in ("history", "feed.atom", "badges/overall.svg", f"monitors/{monitor.id}"):
            assert (await http.get(f"/status/{path}")).status_code == 404, path
