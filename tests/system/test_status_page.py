"""The status page in a real browser: to look at, by touch and keyboard, live, printed, copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from anyio import to_thread
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from docs.browser import Browser, Tab, browsing
from docs.showcase import NOW, ShownLeader, monitor_id, showcase
from tests.leader.serving import serving
from tests.leader.stages import Stage, app_of
from tests.system.watchers import need_browser, place_of, text_of, violations
from uptop_leader.api.app import build_app
from uptop_leader.cli import main
from uptop_leader.configuration import Actor
from uptop_leader.posts import Post, PostKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PAYMENTS = f"#m-{monitor_id('Payments')} .bars"
FOLD = "document.querySelector('details.group')"
NEWS = "document.dispatchEvent(new Event('visibilitychange'))"
SIZES = {"desk": (1200, 900, False), "phone": (390, 844, True), "small": (320, 640, True)}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    need_browser()
    async with browsing() as running:
        yield running


@pytest.fixture
def leader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShownLeader]:
    with showcase(tmp_path_factory.mktemp("showcase")) as shown:
        yield shown


@pytest.fixture
async def url(leader: ShownLeader) -> AsyncIterator[str]:
    async with serving(build_app(leader)) as address:
        yield f"{address}/status"


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    async with browser.tab() as opened:
        await opened.zone("Europe/Berlin")
        await opened.clock(NOW + 20)
        await opened.size(1200, 900)
        await opened.look()
        yield opened


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everybody_can_read_every_page(url: str, tab: Tab, size: str, dark: bool) -> None:
    width, height, phone = SIZES[size]
    await tab.size(width, height, phone=phone)
    await tab.look(dark=dark)
    for path in ("", "/history", f"/monitors/{monitor_id('Payments')}"):
        await tab.open(url + path)
        assert await violations(tab) == [], path
        assert await tab.js("document.documentElement.scrollWidth <= innerWidth"), path
    await tab.open(await tab.js("document.querySelector('.incident a').href"))
    assert await violations(tab) == []
    assert tab.told == []


async def test_the_little_that_was_watched_on_a_first_day_stays_in_its_column(
    url: str, tab: Tab
) -> None:
    await tab.open(url)
    told = "document.querySelectorAll('.uptime .quiet')"
    await tab.js(f"{told}.forEach(one => {{ one.textContent = 'under 0.1 % watched' }})")
    column = "document.querySelectorAll('.row .uptime')"
    assert await tab.js(f"[...{column}].every(one => one.scrollWidth <= one.clientWidth)")


async def test_a_day_is_told_under_the_pointer(url: str, tab: Tab) -> None:
    await tab.open(url)
    left, top, width, height = await place_of(tab, PAYMENTS)
    await tab.point(left + width * 89.5 / 90, top + height / 2)
    assert await text_of(tab, ".tip") == "22 Nov 2026\nDown for 39 min 12 s in 1 outage"
    await tab.point(left + width * 60.5 / 90, top + height / 2)
    assert await text_of(tab, ".tip") == "24 Oct 2026\nNo downtime"
    await tab.point(5, 5)
    assert await tab.js("document.querySelector('.tip').hidden")


async def test_a_day_is_told_at_a_touch_and_inside_the_screen(url: str, tab: Tab) -> None:
    await tab.size(390, 844, phone=True)
    await tab.open(url)
    left, top, width, height = await place_of(tab, PAYMENTS)
    await tab.tap(left + width - 3, top + height / 2)
    assert (await text_of(tab, ".tip")).startswith("22 Nov 2026")
    await tab.tap(left + 2, top + height / 2)
    assert (await text_of(tab, ".tip")).startswith("9 Oct 2026")
    box = await tab.js(
        "(({left, right}) => [left, right])(tip = document.querySelector('.tip').getBoundingClientRect())"
    )
    assert box[0] >= 0
    assert box[1] <= 390
    await tab.tap(200, 30)
    assert await tab.js("document.querySelector('.tip').hidden")


async def test_days_groups_and_colours_work_by_keyboard(url: str, tab: Tab) -> None:
    await tab.open(url)
    await tab.press("Tab")
    assert await text_of(tab, ":focus") == "Skip to the content"
    await tab.press("Tab")
    await tab.press("Enter")
    assert await tab.js("document.documentElement.dataset.theme") == "dark"
    await tab.js("document.querySelector('details.group summary').focus()")
    await tab.press("Space")
    assert await tab.js(f"{FOLD}.open") is False
    await tab.press("Enter")
    assert await tab.js(f"{FOLD}.open") is True
    await tab.press("Tab", 2)
    assert await tab.js("document.activeElement.matches('.bars')")
    assert await tab.js("document.activeElement.getAttribute('role')") == "slider"
    await tab.press("ArrowLeft", 6)
    told = await tab.js("document.activeElement.getAttribute('aria-valuetext')")
    assert told == "16 Nov 2026: down for 42 min in 1 outage"
    assert await text_of(tab, ".tip") == "16 Nov 2026\nDown for 42 min in 1 outage"
    await tab.press("Home")
    assert (await text_of(tab, ".tip")).startswith("25 Aug 2026")
    await tab.press("Escape")
    assert await tab.js("document.querySelector('.tip').hidden")


async def test_times_are_the_readers_own_until_utc_is_chosen(url: str, tab: Tab) -> None:
    await tab.open(url)
    assert "Updated 22 Nov 2026, 15:21 CET" in await text_of(tab, ".banner")
    await tab.js("document.querySelector('.zone button').click()")
    assert "Updated 22 Nov 2026, 14:21 UTC" in await text_of(tab, ".banner")
    await tab.open(f"{url}/history")
    assert "UTC" in await text_of(tab, "main")
    assert "CE" not in await text_of(tab, "main")
    await tab.open(f"{url}?tz=Asia/Kolkata")
    assert "19:51 GMT+5:30" in await text_of(tab, ".banner")


async def test_colours_are_the_systems_until_others_are_chosen(url: str, tab: Tab) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    await tab.open(url)
    light = await tab.js(back)
    await tab.look(dark=True)
    dark = await tab.js(back)
    assert light != dark
    await tab.js("document.querySelector('.theme').click()")
    assert await tab.js(back) == light
    await tab.open(f"{url}/history")
    assert await tab.js(back) == light


async def test_what_happens_is_seen_without_loading_the_page_anew(
    url: str, tab: Tab, leader: ShownLeader
) -> None:
    await tab.open(url)
    await tab.js("window.same = true")
    await tab.js(f"{FOLD}.open = false; document.querySelectorAll('.row .bars')[6].focus()")
    await tab.press("ArrowLeft", 3)
    row = await tab.js("document.activeElement.closest('li').id")
    words = "We are trying something."
    post = Post(
        id="new", thread="new", kind=PostKind.INVESTIGATING, words=words, at=NOW + 60, who="ada",
        title="Slow pages",
    )  # fmt: skip
    leader.store.posts.add(post, Actor(name="ada", source="test"), NOW + 60)
    leader.stood.at += 70
    await tab.js(NEWS)
    await tab.until("document.body.innerText.includes('We are trying something.')")
    assert await tab.js("window.same")
    assert await tab.js(f"{FOLD}.open") is False
    assert await tab.js("document.activeElement.closest('li')?.id") == row
    assert await tab.js("document.activeElement.getAttribute('aria-valuenow')") == "86"
    assert tab.told == []


async def test_a_page_without_its_leader_says_so_until_it_is_back(url: str, tab: Tab) -> None:
    await tab.open(url)
    state = "document.querySelector('.live').dataset.state"
    assert await tab.js(state) == "Live."
    await tab.offline(away=True)
    await tab.js(NEWS)
    await tab.until(f"{state}.startsWith('No connection')")
    assert "Some systems are down" in await text_of(tab, ".banner")
    await tab.offline(away=False)
    await tab.js(NEWS)
    await tab.until(f"{state} === 'Live.'")


async def test_a_page_that_is_not_renewed_says_so(url: str, tab: Tab) -> None:
    await tab.clock(NOW + 3600)
    await tab.open(url)
    state = await tab.js("document.querySelector('.live').dataset.state")
    assert state == "This has not been renewed for a while."


async def test_everything_is_there_without_scripts(url: str, tab: Tab) -> None:
    await tab.scripts(on=False)
    await tab.ask("Page.navigate", url=url)
    await tab.until(
        "document.readyState === 'complete' && document.querySelector('.banner') !== null"
    )
    assert "Updated 22 Nov 2026, 14:21 UTC" in await text_of(tab, ".banner")
    assert await tab.js("document.querySelectorAll('.bars title').length") > 30
    assert await tab.js("document.querySelector('noscript form input[name=tz]') !== null")
    assert await tab.js("document.querySelector('.bars').getAttribute('role')") == "img"
    await tab.js("document.querySelector('summary').focus()")
    await tab.press("Enter")
    await tab.until(f"!{FOLD}.open")


async def test_on_paper_folded_groups_are_open_and_buttons_are_gone(url: str, tab: Tab) -> None:
    await tab.open(url)
    await tab.js(f"{FOLD}.open = false")
    seen = f"document.querySelector('{PAYMENTS}').checkVisibility()"
    assert not await tab.js(seen)
    await tab.look(printed=True)
    assert await tab.js(seen)
    assert await tab.js("getComputedStyle(document.querySelector('.theme')).display") == "none"
    assert await tab.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


async def test_many_services_can_be_filtered(tab: Tab) -> None:
    stage = Stage()
    for number in range(30):
        stage.add(f"Service {number}")
    async with serving(app_of(stage)) as address:
        await tab.open(f"{address}/status")
        await tab.js("document.querySelector('.filter').focus()")
        await tab.write("service 2")
        shown = "document.querySelectorAll('.row:not([hidden])').length"
        assert await tab.js(shown) == 11
        await tab.js(NEWS)
        assert await tab.js(shown) == 11


async def test_a_copy_on_another_server_works_like_the_page(
    leader: ShownLeader, tab: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTOP_DB_DSN", leader.settings.db_dsn)
    monkeypatch.setenv("UPTOP_STATUS_REGIONS", "true")
    monkeypatch.chdir(tmp_path)
    assert await to_thread.run_sync(main, ["export-status", "copy"]) == 0
    files = Starlette(routes=[Mount("/any", StaticFiles(directory=tmp_path / "copy", html=True))])
    async with serving(files) as address:
        await tab.open(f"{address}/any/")
        assert "Updated 22 Nov 2026, 15:21 CET" in await text_of(tab, ".banner")
        left, top, width, height = await place_of(tab, PAYMENTS)
        await tab.point(left + width * 89.5 / 90, top + height / 2)
        assert (await text_of(tab, ".tip")).startswith("22 Nov 2026")
        await tab.js(NEWS)
        await tab.open(await tab.js("document.querySelector('.open h3 a').href"))
        assert await text_of(tab, "h1") == "Card payments fail"
        assert await violations(tab) == []
    assert tab.told == []
