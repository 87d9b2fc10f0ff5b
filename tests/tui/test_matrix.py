"""Which place sees what: the pure cells, and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.helms import api, hook
from tests.tui.screens import seated
from uptop_core.views import MonitorView, NodeView, VoteView
from uptop_tui.matrix import cell, columns, shown_nodes

if TYPE_CHECKING:
    from pathlib import Path


def _vote(**facts: Any) -> VoteView:
    given = {"node": "n", "name": "n", "region": "eu", "up": True, "fresh": True, "observed": 0}
    return VoteView(**{**given, **facts})


def test_a_cell_says_by_shape_and_word_what_a_node_sees() -> None:
    assert str(cell(_vote(latency_ms=12.4))) == "● 12 ms"
    assert str(cell(_vote(up=False, reason="connect_timeout"))) == "▼ connect timeout"
    assert str(cell(_vote(up=False, reason="status", status_code=503))) == "▼ HTTP 503"
    assert str(cell(_vote(up=False, fresh=False, aside="isolated"))) == "(▼ no proof)"
    assert str(cell(None)) == "–"


def test_nodes_that_left_have_a_column_only_while_they_vote() -> None:
    nodes = {
        id: NodeView(id=id, name=id, region=id, state=state)
        for id, state in (("b", "online"), ("a", "offline"), ("x", "left"))
    }
    assert [node.id for node in shown_nodes(nodes, ())] == ["a", "b"]
    view = MonitorView(
        id="m", name="m", type="http", status="UP", since=0, votes=(_vote(node="x"),)
    )
    assert [node.id for node in shown_nodes(nodes, (view,))] == ["a", "b", "x"]
    assert [column.title for column in columns(nodes.values())][2:] == ["b", "▼ a", "▼ x"]


@pytest.mark.anyio
async def test_the_matrix_shows_each_vote_as_it_comes(tmp_path: Path) -> None:
    async with seated(tmp_path, api("m"), hook(), probes=("p", "q")) as seat:
        await seat.press("2")
        await seat.until("there", lambda: seat.app.screen.TITLE == "Matrix" and seat.rows.ids)
        assert [column.title for column in seat.rows.columns[2:]] == [
            "region-p",
            "region-q",
            "leader",
        ]
        await seat.sees("p")
        await seat.sees("q", up=False)
        await seat.until("two", lambda: seat.shown("q") == ["▼ timeout"])
        assert seat.shown("p") == ["● 5.0 ms"]
        await seat.press("enter")
        await seat.until("opened", lambda: seat.app.screen.TITLE == "Monitor")
        await seat.press("escape")
        assert seat.app.screen.TITLE == "Matrix"
