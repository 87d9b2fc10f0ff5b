"""The login screen: what lets in, what each trouble is called, and what is kept."""

from __future__ import annotations

import json
import socket
import ssl
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest
import trustme
from textual.events import Key
from textual.widgets import Input, Static

from tests.tui.leaders import TOKEN, scripted
from uptop_core.access_answers import Me
from uptop_tui.leaders import FILE, KeptLeader, Leaders
from uptop_tui.screens.login import LoginApp

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

pytestmark = pytest.mark.anyio

_ME = Me(name="ada", role="admin", version="0.1.0", place="leader", active=True, now=0)
ME = {"/api/v1/me": (200, msgspec.json.encode(_ME).decode())}


@pytest.fixture
def leaders(tmp_path: Path) -> Leaders:
    """No leader is kept yet."""
    return Leaders(tmp_path / "uptop" / FILE)


async def _write(pilot: Pilot[KeptLeader], url: str, token: str = TOKEN) -> None:
    pilot.app.screen.query_one("#url", Input).value = url
    pilot.app.screen.query_one("#token", Input).value = token
    await pilot.press("ctrl+s")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def _trouble(pilot: Pilot[KeptLeader]) -> str:
    return str(pilot.app.screen.query_one("#trouble", Static).content)


async def _said(leaders: Leaders, url: str, token: str = TOKEN) -> str:
    """What the screen says to this."""
    async with LoginApp(leaders).run_test(size=(80, 24)) as pilot:
        await _write(pilot, url, token)
        assert not leaders.path.exists()
        return _trouble(pilot)


async def test_who_is_let_in_is_kept_with_the_token(leaders: Leaders) -> None:
    app = LoginApp(leaders)
    with scripted(ME) as url:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*url, "enter", *TOKEN, "enter")
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
    name = url.removeprefix("http://")
    assert app.return_value == KeptLeader(url=url, token=TOKEN, name=name)
    assert leaders.read().latest == app.return_value
    assert stat.S_IMODE(leaders.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("between", ["tab", "enter"])
async def test_who_types_fast_writes_each_letter_where_it_was_meant(
    leaders: Leaders, between: str
) -> None:
    app = LoginApp(leaders)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in ("u", "r", "l", between, "t", "o", "k"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        written = [app.screen.query_one(f"#{name}", Input).value for name in ("url", "token")]
    assert written == ["url", "tok"]


async def test_a_leader_that_is_known_keeps_its_name(leaders: Leaders) -> None:
    with scripted(ME) as url:
        leaders.keep(KeptLeader(url=url, token="old", name="home"))
        app = LoginApp(leaders)
        async with app.run_test() as pilot:
            await _write(pilot, url)
        assert leaders.read().leaders == (KeptLeader(url=url, token=TOKEN, name="home"),)


async def test_a_wrong_token_is_said_to_be_wrong(leaders: Leaders) -> None:
    with scripted(ME) as url:
        assert "does not know this API token" in await _said(leaders, url, "wrong")


async def test_that_a_token_is_needed_is_said(leaders: Leaders) -> None:
    with scripted(ME) as url:
        assert (await _said(leaders, url, "")).endswith("needs an API token")


async def test_an_old_leader_is_said_to_be_old(leaders: Leaders) -> None:
    missing = json.dumps({"status": 404, "title": "Not Found", "code": "no_address"})
    with scripted({"/api/v1/me": (404, missing)}) as url:
        assert "is older than this program" in await _said(leaders, url)


async def test_a_proxy_in_between_is_named(leaders: Leaders) -> None:
    with scripted({"/api/v1/me": (302, "<h1>Log in here</h1>")}, checks_token=False) as url:
        said = await _said(leaders, url)
    assert "not like a leader" in said
    assert "HTTP 302" in said


async def test_a_certificate_that_is_not_trusted_is_said(leaders: Leaders) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with scripted(ME, tls=context) as url:
        said = await _said(leaders, url)
    assert f"no TLS connection to {url}: " in said
    assert "certificate" in said


async def test_tls_where_none_is_spoken_is_said(leaders: Leaders) -> None:
    with scripted(ME) as url:
        assert "try http://" in await _said(leaders, url.replace("http:", "https:"))


async def test_that_nobody_listens_is_said(leaders: Leaders) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert f"no leader at {url}" in await _said(leaders, url)


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        ("", TOKEN, "the URL '' is not allowed"),
        ("uptop.example.com", TOKEN, "a URL such as https://"),
        ("https://a:b@uptop.example.com", TOKEN, "without a user name"),
        ("http://127.0.0.1:1", "two words", "characters that no token has"),
    ],
)
async def test_what_cannot_be_right_is_said_without_asking(
    leaders: Leaders, url: str, token: str, words: str
) -> None:
    assert words in await _said(leaders, url, token)


async def test_a_name_that_is_taken_is_refused(leaders: Leaders) -> None:
    leaders.keep(KeptLeader(url="http://127.0.0.1:1", name="home"))
    async with LoginApp(leaders).run_test() as pilot:
        pilot.app.screen.query_one("#name", Input).value = "home"
        await _write(pilot, "http://127.0.0.1:2")
        assert "'home' is taken by http://127.0.0.1:1" in _trouble(pilot)


async def test_a_token_in_clear_is_warned_of(leaders: Leaders) -> None:
    async with LoginApp(leaders).run_test() as pilot:
        pilot.app.screen.query_one("#url", Input).value = "http://uptop.example.com"
        await pilot.pause()
        assert "in clear" in _trouble(pilot)
        pilot.app.screen.query_one("#url", Input).value = "http://127.0.0.1:8080"
        await pilot.pause()
        assert _trouble(pilot) == ""


async def test_who_cannot_be_kept_gets_in_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "uptop").write_text("a file where the directory should be")
    app = LoginApp(Leaders(tmp_path / "uptop" / FILE))
    with scripted(ME) as url:
        async with app.run_test() as pilot:
            await _write(pilot, url)
            assert "will not be remembered" in _trouble(pilot)
            await pilot.press("ctrl+s")
    assert app.return_value is not None
    assert app.return_value.url == url


async def test_escape_leaves_without_a_leader(leaders: Leaders) -> None:
    app = LoginApp(leaders)
    async with app.run_test() as pilot:
        await pilot.press("escape")
    assert app.return_value is None
