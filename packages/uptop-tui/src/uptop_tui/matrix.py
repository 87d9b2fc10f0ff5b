"""Which place sees what, right now: monitors by nodes, one short word for each vote. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.evidence import milliseconds, place, saw
from uptop_tui.moments import span
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, GOOD, QUIET, WARNING, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.views import MonitorView, NodeView, VoteView
    from uptop_tui.listing import Line
    from uptop_tui.screens.table import Cells

CELL = 10
_ASIDE = {
    "isolated": "no proof",
    "outweighed": "no proof",
    "fault": "fault",
    "stale": "stale",
    "offline": "offline",
    "not_expected": "not asked",
}


def shown_nodes(nodes: Mapping[str, NodeView], monitors: Iterable[MonitorView]) -> list[NodeView]:
    """The nodes that have a column: those that vote, and all others that have not left."""
    voting = {vote.node for view in monitors for vote in view.votes}
    found = [node for node in nodes.values() if node.id in voting or node.state != "left"]
    return sorted(found, key=lambda node: (node.own, node.region, node.name))


def columns(nodes: Iterable[NodeView]) -> tuple[Column, ...]:
    """What it is, its status, and a column for each node."""
    return (
        Column(key="name", title="MONITOR", width=18, share=1),
        Column(key="status", title="STATUS", width=13),
        *(
            Column(key=node.id, title=_title(node), width=CELL, rank=number)
            for number, node in enumerate(nodes, 1)
        ),
    )


def _title(node: NodeView) -> str:
    name = escape(node.region or node.name, 40)
    words = name if len(name) <= CELL - 2 else name[: CELL - 3] + "…"
    return words if node.state == "online" else f"▼ {words}"


def row(view: MonitorView, line: Line, nodes: Iterable[NodeView]) -> Cells:
    """The row of a monitor."""
    votes = {vote.node: vote for vote in view.votes}
    name = "  " * line.depth + escape(view.name, 60)
    return (name, signed(view.status), *(cell(votes.get(node.id)) for node in nodes))


def cell(vote: VoteView | None) -> Content:
    """`● 12 ms`, `▼ timeout`, in brackets what does not count, a dash where nobody looks."""
    if vote is None:
        return Content.styled("–", QUIET)
    if not vote.fresh:
        sign = "●" if vote.up else "▼"
        return Content.styled(f"({sign} {_ASIDE.get(vote.aside, escape(vote.aside, 8))})", WARNING)
    if vote.up:
        took = milliseconds(vote.latency_ms) if vote.latency_ms is not None else "up"
        return Content.styled(f"● {took}", GOOD)
    word = f"HTTP {vote.status_code}" if vote.status_code else (vote.reason or "down")
    return Content.styled(f"▼ {escape(word.replace('_', ' '), 40)}", BAD)


def summary(view: MonitorView, now: int) -> Content:
    """All votes of a monitor, a line each."""
    lines = [
        Content.assemble(
            ("● up   " if vote.up else "▼ down ", GOOD if vote.up else BAD),
            f"{place(vote)}, {span((now - vote.observed) / 1000)} ago",
            f"  {escape(saw(vote), 200)}" if saw(vote) else "",
            (f"  {_ASIDE.get(vote.aside, escape(vote.aside, 40))}", WARNING) if vote.aside else "",
        )
        for vote in sorted(view.votes, key=lambda vote: (vote.up, vote.region, vote.name))
    ]
    return Content("\n").join(lines) if lines else Content(_unlooked(view))


def _unlooked(view: MonitorView) -> str:
    """Why no node has voted on it."""
    if view.type == "group":
        return "a group: it is as its members are"
    if view.type == "push":
        return "no node looks: the job itself says that it is alive"
    return "it is paused" if view.paused else "no node has voted on it yet"
