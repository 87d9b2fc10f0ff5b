"""What an admin does on the page of nodes: keys, and forgetting, on a real leader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.helms import api, hook
from tests.tui.screens import Seat, seated
from uptop_tui.forms.inputs import Line
from uptop_tui.forms.rows import FieldRow
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.form import FormScreen
from uptop_tui.screens.managing import TokenScreen
from uptop_tui.screens.nodes import NodePage, NodesPage

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

pytestmark = pytest.mark.anyio


async def opens(seat: Seat, key: str, screen: type[Screen[Any]]) -> None:
    await seat.press(key)
    await seat.until(screen.__name__, lambda: isinstance(seat.app.screen, screen))
    if screen is FormScreen:
        await seat.until("its fields", lambda: seat.app.screen.focused is not None)
    await seat.pilot.pause()


def lines(seat: Seat) -> dict[str, Line]:
    """The lines of the form on top."""
    rows = {row.field.name: row.input for row in seat.app.screen.query(FieldRow)}
    return {name: line for name, line in rows.items() if isinstance(line, Line)}


def shown_key(seat: Seat) -> str:
    screen = seat.app.screen
    assert isinstance(screen, TokenScreen)
    return screen.token


def notices(seat: Seat) -> list[str]:
    return [notice.message for notice in seat.app._notifications]


async def good(seat: Seat) -> dict[str, str]:
    """The beginnings of the keys that are good without an end, by their nodes."""
    keys = await seat.app.client.node_keys()
    return {key.node: key.prefix for key in keys if not (key.expires or key.revoked)}


async def test_a_node_gets_a_key_then_another_then_none(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), role="admin") as seat:
        await opens(seat, "4", NodesPage)
        await seat.until("listed", lambda: seat.shown() == ["leader", "p"])
        await seat.press("down")
        await opens(seat, "a", FormScreen)
        assert {name: line.value for name, line in lines(seat).items()} == {
            "id": "p",
            "region": "region-p",
        }
        await opens(seat, "ctrl+s", TokenScreen)
        first = shown_key(seat)
        assert first.startswith((await good(seat))["p"])
        await opens(seat, "escape", NodesPage)
        await seat.until("it is seen", lambda: seat.app.picture.nodes["p"].has_key)
        await opens(seat, "enter", NodePage)
        await opens(seat, "r", FormScreen)
        assert lines(seat)["overlap"].value == "1h"
        await opens(seat, "ctrl+s", TokenScreen)
        second = shown_key(seat)
        assert second != first
        assert second.startswith((await good(seat))["p"])
        await opens(seat, "escape", NodePage)
        await opens(seat, "v", ConfirmScreen)
        await seat.press("y")
        await seat.until("it is gone", lambda: not seat.app.picture.nodes["p"].has_key)
        assert await good(seat) == {}
        await seat.press("v")
        await seat.until("told", lambda: "p has no key of its own" in notices(seat))


async def test_a_node_that_never_came_gets_a_key_by_a_form(tmp_path: Path) -> None:
    async with seated(tmp_path, role="admin") as seat:
        await opens(seat, "4", NodesPage)
        await opens(seat, "a", FormScreen)  # the cursor is on the leader, which needs none
        assert lines(seat)["id"].value == ""
        await seat.type("new one")
        await seat.press("ctrl+s")
        form = seat.app.screen
        wrong = next(row for row in form.query(FieldRow) if row.field.name == "id")
        await seat.until("told", lambda: wrong.problem)
        lines(seat)["id"].value = "fra-1"
        lines(seat)["region"].value = "eu"
        await opens(seat, "ctrl+s", TokenScreen)
        assert shown_key(seat).startswith((await good(seat))["fra-1"])
        keys = await seat.app.client.node_keys()
        assert [(key.node, key.region) for key in keys] == [("fra-1", "eu")]


async def test_a_node_is_forgotten_when_it_is_gone_and_not_before(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), probes=("p", "q"), role="admin") as seat:
        await opens(seat, "4", NodesPage)
        await seat.until("listed", lambda: seat.shown() == ["leader", "p", "q"])
        await seat.press("d")
        await seat.until("told", lambda: "this is the leader itself" in notices(seat))
        await seat.press("end")
        await opens(seat, "d", ConfirmScreen)
        await seat.press("y")
        await seat.until("told", lambda: any("stop it first" in one for one in notices(seat)))
        for _ in range(14):
            seat.desk.helm.clock.at += 5
            await seat.sees("p")
        await seat.until("it is offline", lambda: seat.shown("state")[0] == "▼ offline")
        await seat.press("home")
        await opens(seat, "d", ConfirmScreen)
        await seat.press("n")
        assert "q" in seat.app.picture.nodes
        await opens(seat, "d", ConfirmScreen)
        await seat.press("y")
        await seat.until("it is gone", lambda: seat.shown() == ["leader", "p"])


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_only_admins_are_offered_it(tmp_path: Path, role: str) -> None:
    async with seated(tmp_path, role=role) as seat:
        await opens(seat, "4", NodesPage)
        await seat.press("down", "a", "r", "v", "d")
        assert isinstance(seat.app.screen, NodesPage)
        offered = {binding.binding.action for binding in seat.app.screen.active_bindings.values()}
        assert not offered & {"give_key", "rotate_key", "revoke_key", "forget"}
        assert not list(seat.app.screen.commands())
