"""Forms on the screen, on a real leader: filled in by keys, refused at their fields, saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from textual.events import Key

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_core.checks.http import HttpCheck
from uptop_tui.forms.bodies import user_form
from uptop_tui.forms.drafts import Draft
from uptop_tui.forms.inputs import Filled, Line
from uptop_tui.forms.rows import LIVE_S, FieldRow, Section
from uptop_tui.screens.confirm import AskScreen, ConfirmScreen
from uptop_tui.screens.form import FormScreen
from uptop_tui.screens.help import HelpScreen
from uptop_tui.screens.overview import OverviewPage
from uptop_tui.screens.pick import PickScreen

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from uptop_core.monitors import Monitor
    from uptop_tui.forms.entries import Entry

pytestmark = pytest.mark.anyio


async def opens(seat: Seat, key: str, screen: type[Screen[Any]]) -> None:
    await seat.press(key)
    await seat.until(
        screen.__name__,
        lambda: isinstance(seat.app.screen, screen) and seat.app.screen.focused is not None,
    )
    await seat.pilot.pause()


async def closes(seat: Seat) -> None:
    await seat.until("closed", lambda: isinstance(seat.app.screen, OverviewPage))


def row(seat: Seat, name: str) -> FieldRow:
    (found,) = (one for one in seat.app.screen.query(FieldRow) if one.field.name == name)
    return found


async def writes(seat: Seat, name: str, words: str) -> None:
    line = row(seat, name).input
    assert isinstance(line, Line)
    line.focus()
    line.value = words
    await seat.pilot.pause()


async def begins_http(seat: Seat) -> None:
    await opens(seat, "a", PickScreen)
    await seat.type("http")
    await opens(seat, "enter", FormScreen)


def made(seat: Seat, name: str) -> Monitor:
    """What the leader has of that name."""
    (found,) = (one for one in seat.desk.helm.leader.monitors.values() if one.name == name)
    return found


async def test_a_monitor_is_added_by_keys_alone_and_a_wrong_url_is_told_at_its_field(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path) as seat:
        await begins_http(seat)
        await seat.type("Shop")
        await seat.press("down")
        await seat.type("shop")
        await seat.press("ctrl+s")
        url = row(seat, "check.url")
        assert [one.has_class("-focused") for one in (row(seat, "name"), url)] == [False, True]
        await seat.until("refused", lambda: url.problem == "must begin with http:// or https://")
        assert url.has_class("-wrong")
        assert seat.app.focused is url.input
        await writes(seat, "check.url", "https://shop.example.com")
        await seat.press("ctrl+s")
        await closes(seat)
        await seat.until("its row", lambda: seat.shown("name") == ["Shop"])


async def test_what_only_the_leader_knows_is_told_at_its_field_in_a_section_that_opens(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api(name="Shop"), hook()) as seat:
        await begins_http(seat)
        await writes(seat, "name", "Shop")
        await writes(seat, "check.url", "https://shop.example.com")
        times = next(one for one in seat.app.screen.query(Section) if "Times" in one.title)
        await times.open()
        await writes(seat, "timeout", "5m")
        await times.open(is_open=False)
        await seat.press("ctrl+s")
        await seat.until("refused", lambda: row(seat, "timeout").problem)
        assert row(seat, "timeout").problem == "must be at most the interval (60 seconds)"
        assert times.is_open
        await writes(seat, "timeout", "5s")
        await seat.press("ctrl+s")
        await seat.until("refused", lambda: row(seat, "name").problem)
        assert row(seat, "name").problem == "the name 'Shop' is another's already"


async def test_the_keys_that_move_do_so_before_the_next_letter_is_written(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await begins_http(seat)
        for key in ("x", "tab", "y", "down", "5", "shift+tab", "6", "ctrl+s"):
            seat.app.post_message(Key(key, key if len(key) == 1 else None))
        await seat.until("refused", lambda: row(seat, "check.url").problem)
        assert (row(seat, "name").problem, entries(seat)["interval"]) == ("", "5")
        assert (entries(seat)["name"], entries(seat)["check.url"]) == ("x", "6")


def entries(seat: Seat) -> dict[str, Entry]:
    screen = seat.app.screen
    assert isinstance(screen, FormScreen)
    return screen.draft.entries


async def test_what_is_typed_before_the_list_is_there_does_nothing_to_monitors(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api(name="Shop"), hook()) as seat:
        await seat.press("a", "p", "p")
        await seat.until("the list", lambda: isinstance(seat.app.screen, PickScreen))
        await seat.press("escape")
        await closes(seat)
        assert not made(seat, "Shop").paused


async def test_what_the_leader_said_stands_until_the_field_is_filled_in_anew(
    tmp_path: Path,
) -> None:
    async with seated(tmp_path, api(name="Shop"), hook()) as seat:
        await begins_http(seat)
        await writes(seat, "check.url", "https://shop.example.com")
        await writes(seat, "name", "Shop")
        await seat.press("ctrl+s")
        await seat.until("refused", lambda: row(seat, "name").problem)
        await seat.press("down")
        with anyio.move_on_after(2 * LIVE_S):
            await seat.until("taken back", lambda: not row(seat, "name").problem)
        assert row(seat, "name").problem == "the name 'Shop' is another's already"
        late = row(seat, "name")
        late.input.post_message(Filled())  # as it may come on a busy machine
        late.post_message(FieldRow.Judge(late))
        await seat.pilot.pause(2 * LIVE_S)
        assert late.problem == "the name 'Shop' is another's already"
        await seat.press("up", "x")
        await seat.until("looked at", lambda: not row(seat, "name").problem)


async def test_a_field_is_looked_at_while_one_writes(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await begins_http(seat)
        await writes(seat, "interval", "soon")
        await seat.until("told", lambda: row(seat, "interval").problem.startswith("must be a time"))
        await writes(seat, "interval", "5m")
        await seat.until("mended", lambda: not row(seat, "interval").problem)


async def test_an_edit_sends_what_was_changed_and_leaves_secrets_as_they_are(
    tmp_path: Path,
) -> None:
    check = {"type": "http", "url": "https://m.example.com", "bearer": "the-secret"}
    async with seated(tmp_path) as seat:
        saved = await seat.desk.ask("POST", "/monitors", {"name": "Shop", "check": check})
        assert saved.status_code == 201
        await seat.until("its row", lambda: seat.shown() == ["Shop"])
        await opens(seat, "e", FormScreen)
        await writes(seat, "interval", "30s")
        await seat.press("ctrl+s")
        await closes(seat)
        shop = made(seat, "Shop")
        assert isinstance(shop.check, HttpCheck)
        assert (shop.check.bearer, shop.interval) == ("the-secret", 30.0)


@pytest.mark.parametrize(
    ("keys", "tags", "interval"),
    [
        (("enter",), ("web",), 30.0),
        (("right", "enter"), ("web",), 60.0),
    ],
)
async def test_who_was_slower_is_told_and_loads_it_anew(
    tmp_path: Path, keys: tuple[str, ...], tags: tuple[str, ...], interval: float
) -> None:
    async with seated(tmp_path, api(name="Shop"), hook()) as seat:
        await opens(seat, "e", FormScreen)
        await writes(seat, "interval", "30s")
        answer = await seat.desk.ask("PATCH", "/monitors/m", {"tags": ["web"]})
        assert answer.status_code == 200
        await opens(seat, "ctrl+s", AskScreen)
        await seat.press(*keys)
        await seat.until("loaded anew", lambda: "loaded anew" in banner(seat))
        await seat.press("ctrl+s")
        await closes(seat)
        shop = made(seat, "Shop")
        assert (shop.tags, shop.interval) == (tags, interval)


def banner(seat: Seat) -> str:
    found = seat.app.screen.query("#banner")
    return str(found.first().render()) if found else ""


async def test_leaving_asks_only_where_something_would_be_lost(tmp_path: Path) -> None:
    async with seated(tmp_path, api(), hook()) as seat:
        await opens(seat, "e", FormScreen)
        await seat.press("escape")
        await closes(seat)
        await opens(seat, "e", FormScreen)
        await writes(seat, "name", "other")
        await opens(seat, "escape", ConfirmScreen)
        await seat.press("enter")
        await seat.until("still there", lambda: isinstance(seat.app.screen, FormScreen))
        await opens(seat, "escape", ConfirmScreen)
        await seat.press("y")
        await closes(seat)


async def test_several_are_removed_together_once_that_was_confirmed(tmp_path: Path) -> None:
    async with seated(tmp_path, *(api(id, name=id) for id in "mno"), hook()) as seat:
        await seat.press("space", "down", "space")
        await opens(seat, "d", ConfirmScreen)
        await seat.press("enter")
        await closes(seat)
        assert len(seat.shown()) == 3
        await opens(seat, "d", ConfirmScreen)
        await seat.press("y")
        await seat.until("they are gone", lambda: seat.shown() == ["o"])


async def test_a_viewer_is_offered_no_form(tmp_path: Path) -> None:
    async with seated(tmp_path, api(), hook(), role="viewer") as seat:
        for key in "aedM":
            await seat.press(key)
        await seat.pilot.pause()
        assert isinstance(seat.app.screen, OverviewPage)


async def test_who_looks_at_help_while_it_is_saved_comes_back_to_the_page(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        began, goes_on = anyio.Event(), anyio.Event()
        results: list[Any] = []

        async def save(body: dict[str, Any]) -> str:
            began.set()
            await goes_on.wait()
            return f"{body['name']} saved"

        form = FormScreen(Draft(user_form(), is_new=True), save)
        await seat.app.push_screen(form, results.append)
        await seat.until("its fields", lambda: form.focused is not None)
        await seat.press("x", "ctrl+s")
        await seat.until("saving", began.is_set)
        await seat.press("escape", "f1")
        assert isinstance(seat.app.screen, HelpScreen)
        goes_on.set()
        await closes(seat)
        await seat.until("told", lambda: results == ["x saved"])
