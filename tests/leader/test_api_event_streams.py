"""How long streams of events last: to the end of the token, and over a database that is away."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import api, hook
from tests.leader.serving import serving
from tests.leader.test_api_events import listening
from uptop_core.errors import UptopError
from uptop_leader.api.access import Access
from uptop_leader.api.endpoints import routes
from uptop_leader.api.events import EventEndpoints
from uptop_leader.api.overview import Overview
from uptop_leader.api.problems import answer_error
from uptop_leader.live import Name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[tuple[Desk, str]]:
    """A leader whose streams look at tokens every half second, and its URL."""
    async with at_the_desk(tmp_path / "uptop.db", api(), hook()) as desk:
        leader = desk.helm.leader
        access = Access(leader)
        events = EventEndpoints(leader, Overview(leader), access, quiet_s=0.5, most=4)
        refusals = {UptopError: answer_error}
        app = Starlette(routes=routes(events.endpoints(), access), exception_handlers=refusals)
        async with serving(app) as url:
            yield desk, url
            leader.live.close()


async def test_a_revoked_token_reads_no_more_however_much_happens(at: tuple[Desk, str]) -> None:
    desk, url = at
    people, live = desk.helm.store.people, desk.helm.leader.live
    async with listening(url) as listener:
        await listener.next()
        token = next(one for one in people.tokens() if one.user == "viewer")
        assert people.revoke_token(token.prefix, desk.helm.clock.at)
        with anyio.fail_after(20), pytest.raises(AssertionError, match="ended"):
            for number in itertools.count():
                live.note([Name("monitor", f"{number}")])
                await listener.next()


async def test_one_person_does_not_have_all_streams_there_are(at: tuple[Desk, str]) -> None:
    _, url = at
    async with listening(url) as one, listening(url) as two:
        await one.next()
        await two.next()
        async with httpx.AsyncClient(headers={"Authorization": "Bearer viewer"}) as http:
            refused = await http.get(f"{url}/api/v1/events")
        assert refused.status_code == 503
        assert "viewer has 2 streams open already" in refused.json()["detail"]
        async with listening(url, token="editor") as other:
            await other.next()


async def test_a_stream_outlasts_a_database_that_is_away(
    at: tuple[Desk, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk, url = at
    rename = "ALTER TABLE {} RENAME TO {}"
    async with listening(url) as listener:
        await listener.next()
        with contextlib.closing(sqlite3.connect(tmp_path / "uptop.db")) as database:
            for table in ("post", "token"):
                database.execute(rename.format(table, f"{table}_away"))
            desk.helm.leader.live.note([Name("post", "p")])
            with anyio.fail_after(10):
                while not {"events", "whether"} <= {
                    one.message.split()[0] for one in caplog.records
                }:
                    await anyio.sleep(0.02)
            for table in ("post", "token"):
                database.execute(rename.format(f"{table}_away", table))
        assert await listener.next() == ("gone", {"kind": "post", "id": "p"})
    assert {one.levelname for one in caplog.records} == {"WARNING"}
