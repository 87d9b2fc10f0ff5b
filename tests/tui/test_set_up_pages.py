"""The pages of what people set up: channels, maintenance, users and tokens, on a real leader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import OptionList, Static

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_core.api_client import ApiClient
from uptop_core.errors import TokenRefused
from uptop_core.views import ChannelView, MaintenanceView
from uptop_tui import channels, plans
from uptop_tui.forms.inputs import Line
from uptop_tui.forms.rows import FieldRow
from uptop_tui.screens.channels import ChannelsPage
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.form import FormScreen
from uptop_tui.screens.maintenance import MaintenancePage
from uptop_tui.screens.managing import TokenScreen
from uptop_tui.screens.people import PeoplePage
from uptop_tui.screens.pick import PickScreen
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

pytestmark = pytest.mark.anyio

NOW = 1_795_357_260_000
HOUR = 3_600_000


async def opens(seat: Seat, key: str, screen: type[Screen[Any]]) -> None:
    await seat.press(key)
    await seat.until(screen.__name__, lambda: isinstance(seat.app.screen, screen))
    if screen is FormScreen:
        await seat.until("its fields", lambda: seat.app.screen.focused is not None)
    await seat.pilot.pause()


async def writes(seat: Seat, **fields: str) -> None:
    rows = {row.field.name: row for row in seat.app.screen.query(FieldRow)}
    for name, words in fields.items():
        line = rows[name.replace("__", ".")].input
        assert isinstance(line, Line)
        line.value = words
    await seat.pilot.pause()


def table(seat: Seat, id: str) -> list[dict[str, str]]:
    rows = seat.app.screen.query_one(f"#{id}", Rows)
    return [rows.words(one) for one in rows.ids]


def notices(seat: Seat) -> list[str]:
    return [notice.message for notice in seat.app._notifications]


async def test_a_channel_is_added_tested_and_removed(tmp_path: Path) -> None:
    async with seated(tmp_path, api(), hook()) as seat:
        await opens(seat, "5", ChannelsPage)
        await seat.until("one", lambda: seat.shown() == ["c"])
        assert seat.shown("used") == ["1"]
        await opens(seat, "a", PickScreen)
        await seat.type("ntfy")
        await opens(seat, "enter", FormScreen)
        await writes(seat, name="phone", provider__topic="a b")
        await seat.press("ctrl+s")
        wrong = "'a b' does not match ^[A-Za-z0-9_-]{1,64}$"
        topic = next(one for one in seat.app.screen.query(FieldRow) if "topic" in one.field.name)
        await seat.until("told", lambda: topic.problem == wrong)
        await writes(seat, provider__topic="alarms", provider__url="http://127.0.0.1:9")
        await opens(seat, "ctrl+s", ChannelsPage)
        await seat.until("two", lambda: seat.shown() == ["c", "phone"])
        await seat.press("down", "t")
        failed = "phone: no connection"
        await seat.until("told", lambda: [one for one in notices(seat) if failed in one])
        await opens(seat, "d", ConfirmScreen)
        await seat.press("y")
        await seat.until("gone", lambda: seat.shown() == ["c"])


async def test_maintenance_is_planned_changed_and_removed(tmp_path: Path) -> None:
    async with seated(tmp_path, api(), hook()) as seat:
        await opens(seat, "6", MaintenancePage)
        await opens(seat, "a", FormScreen)
        await seat.type("Night")
        await seat.press("ctrl+s")
        rows = {row.field.name: row for row in seat.app.screen.query(FieldRow)}
        await seat.until("for what", lambda: "says not for what" in rows["monitors"].problem)
        rows["all"].input.focus()
        await seat.press("space")
        await opens(seat, "ctrl+s", MaintenancePage)
        await seat.until("its row", lambda: seat.shown("how") == ["once"])
        await opens(seat, "enter", FormScreen)
        await seat.press("down", "right")
        await writes(seat, at="03:00", timezone="Europe/Berlin")
        await opens(seat, "ctrl+s", MaintenancePage)
        await seat.until("recurs", lambda: seat.shown("how") == ["Sun 03:00 for 1h"])
        assert seat.shown("zone") == ["Europe/Berlin"]
        await opens(seat, "d", ConfirmScreen)
        await seat.press("y")
        await seat.until("gone", lambda: seat.shown() == [])


async def test_a_user_gets_a_role_and_a_token_that_is_shown_once(tmp_path: Path) -> None:
    async with seated(tmp_path, role="admin") as seat:
        await opens(seat, "9", PeoplePage)
        await seat.until("all", lambda: len(table(seat, "users")) == 3)
        await opens(seat, "a", FormScreen)
        await seat.type("ada")
        await seat.press("down", "right")
        await opens(seat, "ctrl+s", PeoplePage)
        await seat.until("her row", lambda: len(table(seat, "users")) == 4)
        await seat.press("home")
        row = table(seat, "users")[0]
        assert (row["name"], row["role"]) == ("ada", "editor")
        await opens(seat, "t", FormScreen)
        await seat.type("laptop")
        await writes(seat, expires="+90d")
        await opens(seat, "ctrl+s", TokenScreen)
        screen = seat.app.screen
        assert isinstance(screen, TokenScreen)
        async with ApiClient(seat.app.client.url, token=screen.token) as ada:
            assert (await ada.me()).name == "ada"
            await opens(seat, "escape", PeoplePage)
            await seat.until("its row", lambda: len(table(seat, "tokens")) == 4)
            assert table(seat, "tokens")[0]["user"] == "ada"
            await seat.press("tab", "home")
            await opens(seat, "d", ConfirmScreen)
            await seat.press("y")
            await seat.until("revoked", lambda: table(seat, "tokens")[-1]["state"] == "‖ revoked")
            with pytest.raises(TokenRefused):
                await ada.me()


async def test_an_editor_sees_no_users_and_a_viewer_is_offered_nothing(tmp_path: Path) -> None:
    async with seated(tmp_path, api(), hook(), role="viewer") as seat:
        await seat.press("9")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, PeoplePage)
        await opens(seat, "5", ChannelsPage)
        await seat.until("one", lambda: seat.shown() == ["c"])
        await seat.press("a", "e", "d", "t", "enter")
        await seat.pilot.pause()
        assert isinstance(seat.app.screen, ChannelsPage)


def test_a_channel_says_in_words_how_it_is() -> None:
    fine = ChannelView(id="c", name="ops", type="ntfy", last_sent=NOW - 60_000, sent=3)
    fails = ChannelView(
        id="d", name="mail", type="email", fallback="c", failing_since=NOW - HOUR,
        last_failed=NOW, last_error="550 no such user", failed=2, passed_on=1,
    )  # fmt: skip
    new = ChannelView(id="e", name="new", type="slack")
    health = [channels.health(one, NOW).plain for one in (fine, fails, new)]
    assert health == ["● works", "▼ fails 1 h", "○ not used yet"]
    words = channels.about(fails, {"c": "ops"}, [], NOW).plain
    assert "550 no such user" in words
    assert "falls back on ops: 1 passed on" in words
    assert "no monitor tells it" in words


def test_what_is_now_stands_before_what_is_planned_and_what_is_over() -> None:
    over = MaintenanceView(id="o", name="a", start=1, end=2)
    later = MaintenanceView(id="l", name="b", next_start=NOW + HOUR, next_end=NOW + 2 * HOUR)
    now = MaintenanceView(id="n", name="c", active=True, next_start=1, next_end=NOW + HOUR)
    found = plans.ordered([over, later, now])
    assert [plans.state(one).plain for one in found] == ["▣ now", "○ planned", "· over"]
    assert plans.when(now, NOW) == "for 1 h more"
    assert plans.when(later, NOW).endswith(", 1 h")


async def test_a_long_list_to_choose_from_keeps_its_keys_in_sight(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), size=(80, 24)) as seat:
        await seat.press("1")
        await opens(seat, "a", PickScreen)
        box, lines = seat.app.screen.query_one("#box"), seat.app.screen.query_one(OptionList)
        assert "enter takes it" in str(box.border_subtitle)
        assert box.region.bottom <= 24
        assert lines.virtual_size.height == lines.option_count, "a line each"
        marked = lines.highlighted_option
        assert marked is not None
        whole = seat.app.screen.query_one("#whole", Static)
        assert str(whole.content) == str(marked.prompt)
