"""The pages of incidents: what is open and what is over, one in full, and taking one on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_core.api_bodies import PostBody
from uptop_core.api_client import ApiClient
from uptop_tui.screens.incident import IncidentPage
from uptop_tui.screens.incidents import IncidentsPage
from uptop_tui.screens.note import NoteScreen

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def text(seat: Seat, name: str) -> str:
    return str(seat.app.screen.query_one(f"#{name}", Static).content)


async def open_page(seat: Seat) -> None:
    """The page of incidents, with the one that is open."""
    await seat.goes_down("p")
    await seat.press("3")
    assert isinstance(seat.app.screen, IncidentsPage)
    await seat.until("it is listed", lambda: seat.shown("state") == ["▼ open"])


async def opens_while_nobody_answers(seat: Seat) -> None:
    """The page of the incident the cursor is on, with the leader away until that is said."""
    async with ApiClient("http://127.0.0.1:9", token="editor") as nobody:
        seat.app.client, kept = nobody, seat.app.client
        await seat.press("enter")
        await seat.until("it is said", lambda: "could be read" in text(seat, "unread"))
        seat.app.client = kept


async def test_an_incident_comes_up_by_itself_and_goes_over(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await seat.press("3")
        assert seat.shown("state") == []
        await seat.goes_down("p")
        await seat.until("it is listed", lambda: seat.shown("state") == ["▼ open"])
        assert seat.shown("monitor") == ["m"]
        assert text(seat, "count") == "1 open, 0 that are over"
        await seat.comes_up("p")
        await seat.until("it is over", lambda: seat.shown("state") == ["● over"])
        await seat.press("o")
        assert seat.shown("state") == []


async def test_an_old_one_goes_over_though_it_is_not_among_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uptop_tui.screens.incidents.PAGE", 1)
    async with seated(tmp_path, api("m"), api("other"), hook()) as seat:
        await open_page(seat)
        await seat.goes_down("p", "other")
        await seat.until("both are listed", lambda: len(seat.rows.ids) == 2)
        await seat.press("n")
        await seat.comes_up("p")
        await seat.until("it is over", lambda: seat.shown("state") == ["▼ open", "● over"])
        assert seat.shown("monitor") == ["other", "m"]


async def test_one_is_taken_on_with_a_note(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await seat.press("a")
        assert isinstance(seat.app.screen, NoteScreen)
        await seat.type("on it")
        await seat.press("enter")
        await seat.until("it is taken", lambda: seat.shown("taken") == ["✓ editor"])
        await seat.press("enter")
        await seat.until("it is read", lambda: "on it" in text(seat, "timeline"))
        assert "acknowledged by editor" in text(seat, "timeline")


async def test_who_cancels_the_note_takes_nothing_on(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await seat.press("a", "escape")
        assert isinstance(seat.app.screen, IncidentsPage)
        assert seat.shown("taken") == [""]


async def test_one_in_full_has_its_evidence_and_what_people_write(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await seat.press("enter")
        assert isinstance(seat.app.screen, IncidentPage)
        await seat.until("it is read", lambda: "open for" in text(seat, "state"))
        assert "incident 1 of m" in text(seat, "state")
        assert "p (region-p)" in text(seat, "evidence")
        incident = next(iter(seat.app.picture.incidents))
        post = PostBody(
            kind="identified", title="Cable", words="A cable was cut.", incident=incident
        )
        await seat.app.client.write_post(post)
        await seat.until("the post is seen", lambda: "A cable was cut." in text(seat, "timeline"))
        await seat.comes_up("p")
        await seat.until("it is over", lambda: "recovered" in text(seat, "state"))
        await seat.press("escape")
        assert isinstance(seat.app.screen, IncidentsPage)


async def test_one_that_is_opened_while_the_leader_is_away_shows_what_is_known_and_says_so(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await opens_while_nobody_answers(seat)
        assert "incident 1 of m" in text(seat, "state")
        assert text(seat, "evidence") == "not read"
        incident = next(iter(seat.app.picture.incidents))
        post = PostBody(kind="identified", title="Cable", words="Cut.", incident=incident)
        await seat.app.client.write_post(post)
        await seat.until("it is read", lambda: "Cut." in text(seat, "timeline"))
        assert not seat.app.screen.query_one("#unread").display


async def test_one_that_is_over_is_shown_too_while_the_leader_is_away(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await seat.comes_up("p")
        await seat.until("it is over", lambda: not seat.app.picture.incidents)
        await seat.until("it is listed", lambda: seat.shown("state") == ["● over"])
        await opens_while_nobody_answers(seat)
        assert "incident 1 of m" in text(seat, "state")


async def test_a_viewer_is_not_offered_to_take_one_on(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="viewer") as seat:
        await open_page(seat)
        await seat.press("a")
        assert isinstance(seat.app.screen, IncidentsPage)


async def test_the_key_of_a_page_leaves_what_was_opened_from_it(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await open_page(seat)
        await seat.press("enter", "m")
        assert seat.app.screen.TITLE == "Monitor"
        await seat.press("3")
        assert seat.app.screen.TITLE == "Incidents"
