"""The overview under the hands of somebody: rows, groups, filters, and several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from tests.leader.helms import api, hook
from tests.tui.screens import seated
from uptop_core.api_client import ApiClient
from uptop_core.checks.group import GroupCheck
from uptop_core.errors import LeaderBusy
from uptop_leader.maintenance import Maintenance
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.monitor import MonitorPage

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_core.monitors import Monitor

pytestmark = pytest.mark.anyio


def _group(id: str) -> Monitor:
    return api(id, check=GroupCheck())


async def test_only_what_changed_is_put_and_the_cursor_stays_with_its_row(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), api("b"), hook()) as seat:
        await seat.sees("p", "a")
        await seat.sees("p", "b")
        await seat.until("up", lambda: seat.shown("status") == ["● UP"] * 2)
        assert seat.rows.current == "a"
        await seat.goes_down("p", "b")
        await seat.until("first", lambda: seat.shown() == ["b  1 × timeout: no answer", "a"])
        assert seat.shown("status")[0] == "▼ DOWN"
        assert seat.shown("votes") == ["0/1", "1/1"]
        assert seat.rows.current == "a"


async def test_groups_fold(tmp_path: Path) -> None:
    things = (_group("web"), api("shop", parent="web"), api("mail"))
    async with seated(tmp_path, *things, hook()) as seat:
        assert seat.shown() == ["mail", "▾ web", "shop"]
        await seat.press("down", "down", "left")
        assert seat.shown() == ["mail", "▸ web"]
        await seat.press("right")
        assert seat.shown() == ["mail", "▾ web", "shop"]
        await seat.press("F")
        assert seat.shown() == ["mail", "▸ web"]


async def test_a_filter_is_at_work_while_it_is_written(tmp_path: Path) -> None:
    async with seated(tmp_path, api("shop", tags=("web",)), api("mail"), hook()) as seat:
        await seat.press("slash")
        await seat.type("tag:web")
        await seat.until("narrowed", lambda: seat.shown() == ["shop"])
        await seat.press("enter")
        assert seat.rows.has_focus
        await seat.press("escape")
        await seat.until("all", lambda: seat.shown() == ["mail", "shop"])


async def test_several_are_paused_resumed_and_put_in_maintenance_together(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), api("b"), api("c"), hook()) as seat:
        await seat.press("space", "down", "space", "p")
        await seat.until("paused", lambda: sorted(seat.shown("status"))[:2] == ["‖ PAUSED"] * 2)
        await seat.press("u")
        await seat.until("resumed", lambda: seat.shown("status") == ["○ PENDING"] * 3)
        await seat.press("m", "enter")
        seat.desk.helm.clock.at += 60
        await seat.until("maintained", lambda: seat.shown("status").count("▣ MAINTENANCE") == 2)
        assert seat.rows.chosen == {"a", "b"}
        await seat.press("escape")
        assert seat.rows.chosen == set()


async def test_a_viewer_is_not_offered_what_they_may_not_do(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), hook(), role="viewer") as seat:
        await seat.press("p")
        await seat.pilot.pause()
        assert seat.shown("status") == ["○ PENDING"]
        assert "p" not in {
            active.binding.key for active in seat.app.screen.active_bindings.values()
        }


async def test_sorting_turns_round_and_narrow_screens_drop_columns(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), api("b"), hook(), size=(60, 24)) as seat:
        await seat.press("s", "S")
        assert seat.shown() == ["b", "a"]
        assert seat.rows.is_shown("votes")
        assert not seat.rows.is_shown("history")


async def test_enter_opens_a_monitor_and_escape_comes_back(tmp_path: Path) -> None:
    async with seated(tmp_path, api("a"), hook()) as seat:
        await seat.press("enter")
        assert isinstance(seat.app.screen, MonitorPage)
        await seat.press("escape")
        assert seat.shown() == ["a"]


async def test_what_is_written_into_the_filter_can_be_seen(tmp_path: Path) -> None:
    async with seated(tmp_path, api("shop"), api("mail"), hook()) as seat:
        await seat.press("slash")
        await seat.type("shop")
        await seat.until("filtered", lambda: seat.shown() == ["shop"])
        written = seat.app.screen.query_one(Input)
        assert (written.has_focus, written.content_size.height) == (True, 1)
        await seat.type(" status:odd")
        wrong = seat.app.screen.query_one("#wrong", Static)
        await seat.until("it is told", lambda: "no status 'odd'" in str(wrong.content))
        await seat.until("both stand there", lambda: wrong.display and wrong.region.height >= 1)
        assert written.content_size.width > 60
        await seat.press("backspace", "backspace", "backspace", "u", "p")
        await seat.until("it is right", lambda: not wrong.display)


async def test_what_others_name_is_removed_after_those_or_the_leader_says_who_names_it(
    tmp_path: Path,
) -> None:
    window = Maintenance(id="w", name="Move", start=0.0, end=60.0, monitors=("mail",))
    things = (_group("web"), api("shop", parent="web"), api("mail"), window)
    async with seated(tmp_path, *things, hook()) as seat:
        await seat.until("rows", lambda: len(seat.rows.ids) == 3)
        await seat.press("ctrl+a", "d")
        await seat.until("asks", lambda: isinstance(seat.app.screen, ConfirmScreen))
        await seat.press("y")
        await seat.until("one stays", lambda: seat.rows.ids == ["mail"])
        (notice,) = (one.message for one in seat.app._notifications)
        assert notice.startswith("2 removed, 1 left: ")
        assert (
            "'mail' cannot be removed yet: the maintenance 'Move' names it; first take it" in notice
        )


class Busy(ApiClient):
    """Its leader can remove one thing, and then its database is away."""

    def __init__(self, url: str) -> None:
        super().__init__(url, token="editor")
        self.removed: list[str] = []

    async def remove(self, where: Any, id: str, etag: str = "") -> None:
        if self.removed:
            raise LeaderBusy(self.url, 503, "the database is away", None)
        await super().remove(where, id, etag)
        self.removed.append(id)


async def test_where_removing_ends_midway_it_is_told_what_is_left(tmp_path: Path) -> None:
    async with seated(tmp_path, api("shop"), api("mail"), api("web"), hook()) as seat:
        await seat.until("rows", lambda: len(seat.rows.ids) == 3)
        async with Busy(seat.app.client.url) as busy:
            seat.app.client, kept = busy, seat.app.client
            await seat.press("ctrl+a", "d")
            await seat.until("asks", lambda: isinstance(seat.app.screen, ConfirmScreen))
            await seat.press("y")
            await seat.until("it is told", lambda: list(seat.app._notifications))
            seat.app.client = kept
        (notice,) = (one.message for one in seat.app._notifications)
        left = [id for id in ("mail", "shop", "web") if id not in busy.removed]
        assert notice.startswith(f"1 removed, 2 left: {', '.join(left)} — ")
        assert "the database is away" in notice
        await seat.until("one is gone", lambda: sorted(seat.rows.ids) == left)


async def test_a_column_in_which_no_row_has_a_word_takes_no_room(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook()) as seat:
        await seat.until("rows", lambda: seat.shown() == ["m"])
        assert not seat.rows.is_shown("cert")
        await seat.sees("p", "m", cert_end=round(1000 * (seat.desk.helm.clock.at + 9.5 * 86400)))
        await seat.until("the certificate", lambda: seat.rows.is_shown("cert"))
        assert seat.shown("cert") == ["9 d!"]
