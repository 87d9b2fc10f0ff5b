"""The nodes: who looks, from where, and how well they keep up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from uptop_tui.nodes import COLUMNS, about, cells, ordered
from uptop_tui.screens.page import Page
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from uptop_tui.picture import Changes, Picture


class NodesPage(Page):
    """Every node in a row, and below all that is known of the one the cursor is on."""

    TITLE = "Nodes"
    HELP: ClassVar[str] = (
        "A node is a place that looks: a probe, or the leader itself.\n"
        "HEARD is when it spoke last. After a minute of silence it is offline and its votes go; after\n"
        "five it has left. LAG is how late its checks begin at worst, MISSED how many were not begun\n"
        "in time: more than none means that it has more to do than UPTOP_PROBE_CONCURRENCY allows.\n"
        "CLOCK is its clock minus the leader's, which corrects for it. LOST are results that its full\n"
        "spool could not keep while no leader took them."
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
        yield Rows(COLUMNS, empty="no node has been heard yet")
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

    def on_rows_moved(self) -> None:
        self._about()

    def _fill(self, picture: Picture) -> None:
        now = self.uptop.now()
        nodes = ordered(picture.nodes.values())
        self.query_one(Rows).fill((node.id, cells(node, now)) for node in nodes)

    def _about(self) -> None:
        picture = self.uptop.picture
        node = picture.nodes.get(self.query_one(Rows).current or "")
        box = self.query_one("#about", Static)
        box.display = node is not None
        if node is not None:
            box.update(about(node, picture.monitors.values(), self.uptop.now()))
