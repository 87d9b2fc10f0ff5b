"""Following a leader: from hello, through a break, to a leader that cannot go on."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import pytest
from msgspec.structs import replace

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import api, hook
from tests.leader.serving import serving
from tests.system.waiting import until
from tests.tui.leaders import scripted
from uptop_core.api_client import ApiClient
from uptop_leader.api.app import build_app
from uptop_tui.live import Live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from uptop_core.access_answers import Me
    from uptop_tui.picture import Changes, Picture

pytestmark = pytest.mark.anyio


def _now() -> int:
    return time.time_ns() // 1_000_000


class Told:
    """What was told, and of which states of the connection."""

    def __init__(self) -> None:
        self.whole = 0
        self.states: list[str] = []

    def __call__(self, picture: Picture, changes: Changes) -> None:
        self.whole += changes.all
        if self.states[-1:] != [picture.connection.state]:
            self.states.append(picture.connection.state)


@asynccontextmanager
async def followed(url: str, token: str = "viewer") -> AsyncIterator[tuple[Live, Told]]:
    """A leader that is followed until the block ends."""
    told = Told()
    async with ApiClient(url, token=token) as client, anyio.create_task_group() as tasks:
        live = Live(client, told, _now)
        tasks.start_soon(live.run)
        yield live, told
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Desk]:
    async with (
        at_the_desk(folder / "uptop.db", api(), hook()) as desk,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(desk.helm.engine.run)
        yield desk
        tasks.cancel_scope.cancel()


async def test_a_break_keeps_the_picture_and_is_gone_on_from(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        app = build_app(desk.helm.leader)
        async with serving(app) as url:
            pass
        port = urlsplit(url).port or 0
        async with followed(url) as (live, told):
            await until("away", lambda: live.picture.connection.state == "away", 10)
            assert "no leader at" in live.picture.connection.sentence
            async with serving(app, port):
                await until("live", lambda: live.picture.connection.is_live, 10)
                assert set(live.picture.monitors) == {"m"}
                desk.helm.leader.live.close()
            await until("away again", lambda: live.picture.connection.state == "away", 10)
            assert set(live.picture.monitors) == {"m"}
            assert told.states[:2] == ["away", "live"]


async def test_a_token_that_is_not_known_is_refused(tmp_path: Path) -> None:
    async with (
        at_work(tmp_path) as desk,
        serving(build_app(desk.helm.leader)) as url,
        followed(url, "stranger") as (live, _),
    ):
        await until("refused", lambda: live.picture.connection.state == "refused", 10)
        assert "does not know this API token" in live.picture.connection.sentence


class Follower(ApiClient):
    """Has asked a leader that stands by until it takes over."""

    is_active = False

    async def me(self) -> Me:
        return replace(await super().me(), active=self.is_active)


async def test_a_takeover_and_the_leaders_clock_are_noticed_though_no_event_tells(
    tmp_path: Path,
) -> None:
    async with (
        at_work(tmp_path) as desk,
        serving(build_app(desk.helm.leader)) as url,
        Follower(url, token="viewer") as client,
        anyio.create_task_group() as tasks,
    ):
        told = Told()
        live = Live(client, told, _now, who_s=0.02)
        tasks.start_soon(live.run)
        await until("it stands by", lambda: live.picture.me is not None, 10)
        assert live.picture.me is not None
        assert not live.picture.me.active
        client.is_active = True
        desk.helm.clock.at += 600
        await until("it acts", lambda: live.picture.me and live.picture.me.active, 10)
        assert abs(_now() + live.picture.ahead_ms - 1000 * desk.helm.clock.at) < 60_000
        assert told.whole == 1
        tasks.cancel_scope.cancel()


async def test_a_leader_without_tls_that_is_asked_for_it_is_told_in_plain_words() -> None:
    with scripted({}) as url:
        async with followed(url.replace("http:", "https:")) as (live, _):
            await until("away", lambda: live.picture.connection.state == "away", 10)
            assert "it speaks no TLS there: try http://" in live.picture.connection.sentence


def _is(live: Live, status: str) -> bool:
    return live.picture.monitors["m"].status == status


async def test_who_comes_back_goes_on_from_the_last_event(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk, serving(build_app(desk.helm.leader)) as url:
        told = Told()
        async with ApiClient(url, token="editor") as client:
            live = Live(client, told, _now)
            for act, status in ((client.pause, "PAUSED"), (client.resume, "PENDING")):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(live.run)
                    await until("live", lambda: live.picture.connection.is_live, 10)
                    await act("m")
                    await until(status, partial(_is, live, status), 10)
                    tasks.cancel_scope.cancel()
            assert told.whole == 1
            desk.helm.leader.live.close()
