"""The nodes: who looks, from where, and how well they keep up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.widgets import Static

from uptop_tui.nodes import (
    COLUMNS,
    VOTE_COLUMNS,
    about,
    cells,
    ordered,
    vote_cells,
    votes_of,
)
from uptop_tui.screens.monitor import MonitorPage
from uptop_tui.screens.on_nodes import ActsOnNodes
from uptop_tui.screens.reading import READING
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from uptop_core.views import NodeView
    from uptop_tui.picture import Changes, Picture


class NodesPage(ActsOnNodes):
    """Every node in a row, and below all that is known of the one the cursor is on."""

    TITLE = "Nodes"
    HELP: ClassVar[str] = (
        "A node is a place that looks: a probe, or the leader itself.\n"
        "HEARD is when it spoke last. After a minute of silence it is offline and its votes go; after "
        "five it has left. LAG is how late its checks begin at worst, MISSED how many were not begun "
        "in time: more than none means that it has more to do than UPTOP_PROBE_CONCURRENCY allows.\n"
        "CLOCK is its clock minus the leader's, which corrects for it. LOST are results that its full "
        "spool could not keep while no leader took them. Enter shows all that it sees.\n"
        "Admins give a node a key (also one that never came), rotate it and revoke it. A node that is "
        "gone for good is forgotten; one that is there still is stopped first."
    )
    DEFAULT_CSS = """
    NodesPage #about {
        height: auto;
        max-height: 50%;
        padding: 0 1;
        border-top: solid $primary;
    }
    """

    def body(self) -> ComposeResult:
        yield Rows(COLUMNS, empty=READING)
        yield Static("", id="about")

    def show(self, picture: Picture, changes: Changes) -> None:
        if changes.all or changes.nodes:
            self._fill(picture)
        if changes.all or changes.nodes or changes.monitors:
            self._about()

    def tick(self) -> None:
        super().tick()
        self._fill(self.uptop.picture)
        self._about()

    def meant(self) -> NodeView | None:
        """The one the cursor is on."""
        return self.uptop.picture.nodes.get(self.query_one(Rows).current or "")

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.app.push_screen(NodePage(event.row))

    def on_rows_moved(self) -> None:
        self._about()

    def _fill(self, picture: Picture) -> None:
        now = self.uptop.now()
        nodes = ordered(_versioned(picture).values())
        rows = self.query_one(Rows)
        rows.empty = "no node has been heard yet" if picture.as_of else READING
        rows.fill((node.id, cells(node, now)) for node in nodes)

    def _about(self) -> None:
        picture = self.uptop.picture
        node = _versioned(picture).get(self.query_one(Rows).current or "")
        box = self.query_one("#about", Static)
        box.display = node is not None
        if node is not None:
            box.update(about(node, picture.monitors.values(), self.uptop.now()))


class NodePage(ActsOnNodes):
    """One node, and what it sees of every monitor that it votes on."""

    TITLE = "Node"
    HELP: ClassVar[str] = (
        "What this node sees of every monitor that it votes on, what it sees down first: where it "
        "alone sees many down, look at the node. Enter opens a monitor."
    )
    DEFAULT_CSS = "NodePage #about { height: auto; max-height: 50%; padding: 0 1; }"

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def body(self) -> ComposeResult:
        yield Static("", id="about")
        yield Rows(VOTE_COLUMNS, empty="it votes on no monitor now")

    def show(self, picture: Picture, changes: Changes) -> None:
        if changes.all or changes.monitors or self._node in changes.nodes:
            self._fill(picture)

    def tick(self) -> None:
        super().tick()
        self._fill(self.uptop.picture)

    def meant(self) -> NodeView | None:
        """The one it is about, as long as it is known."""
        return self.uptop.picture.nodes.get(self._node)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.app.push_screen(MonitorPage(event.row))

    def _fill(self, picture: Picture) -> None:
        now, monitors = self.uptop.now(), picture.monitors.values()
        seen = votes_of(self._node, monitors)
        self.query_one(Rows).fill((one.monitor.id, vote_cells(one, now)) for one in seen)
        node = _versioned(picture).get(self._node)
        words = about(node, monitors, now) if node is not None else "this node is no more"
        self.query_one("#about", Static).update(words)


def _versioned(picture: Picture) -> dict[str, NodeView]:
    """The nodes; the leader's own has the version of the leader."""
    version = picture.me.version if picture.me is not None else ""
    return {
        id: replace(node, version=version) if node.own and not node.version else node
        for id, node in picture.nodes.items()
    }
