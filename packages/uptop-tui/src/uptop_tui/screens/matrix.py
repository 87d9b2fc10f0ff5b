"""The matrix: monitors by nodes, one cell for each vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from uptop_tui.listing import Wish, listed
from uptop_tui.matrix import CELL, columns, row, shown_nodes, summary
from uptop_tui.overview import EMPTY, NO_MATCH
from uptop_tui.screens.acting import ActsOnMonitors
from uptop_tui.screens.columns import GAP
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.monitor import MonitorPage
from uptop_tui.screens.reading import READING
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from uptop_core.views import NodeView
    from uptop_tui.picture import Changes, Picture

_FIXED = 18 + 13 + 2 * GAP + 3 + 2


class MatrixPage(ActsOnMonitors):
    """Which place sees what, right now."""

    TITLE = "Matrix"
    HELP: ClassVar[str] = (
        "Which place sees what, right now: a column for each node.\n"
        "● it sees it up, and how long that took\n"
        "▼ it sees it down, and why\n"
        "(in brackets) the vote does not count, and why\n"
        "– it does not look\n"
        "Below are the votes of the monitor the cursor is on.\n"
        "< and > show other nodes, where there are more than columns."
    )
    DEFAULT_CSS = """
    MatrixPage #said {
        height: auto; max-height: 6; padding: 0 1; border-top: solid $primary-muted;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding(
            "less_than_sign,comma,left", "turn(-1)", "Other nodes", key_display="<", show=False
        ),
        Binding(
            "greater_than_sign,full_stop,right",
            "turn(1)",
            "Other nodes",
            key_display=">",
            show=False,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wish = Wish()
        self._seeing: list[NodeView] = []
        self._first = 0

    def body(self) -> ComposeResult:
        yield FilterBar()
        yield Rows(columns(()), empty=READING, chooses=True)
        yield Static("", id="said")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    def meant(self) -> tuple[str, ...]:
        return self.query_one(Rows).selected()

    # What is shown

    def show(self, picture: Picture, changes: Changes) -> None:
        if changes.all or changes.nodes:
            self._set_nodes(picture)
        if changes.all or changes.nodes or changes.monitors:
            self._fill(picture, None if changes.all or changes.nodes else changes.monitors)
            self._say()

    def on_resize(self) -> None:
        super().on_resize()
        if self.is_composed:
            self._set_nodes(self.uptop.picture)
            self._fill(self.uptop.picture, None)

    def _set_nodes(self, picture: Picture) -> None:
        every = shown_nodes(picture.nodes, picture.monitors.values())
        room = max(1, (self.size.width - _FIXED) // (CELL + GAP))
        self._first = max(0, min(self._first, len(every) - room))
        self._seeing = every[self._first : self._first + room]
        self.query_one(Rows).set_columns(columns(self._seeing))

    def _fill(self, picture: Picture, touched: frozenset[str] | None) -> None:
        rows, views = self.query_one(Rows), picture.monitors
        lines = {line.id: line for line in listed(views, self._wish)}
        for id in set(rows.ids) - lines.keys():
            rows.forget(id)
        known = set(rows.ids) if touched is not None else set()
        for id, line in lines.items():
            if touched is None or id in touched or id not in known:
                rows.put(id, row(views[id], line, self._seeing))
        nothing = EMPTY if picture.as_of else READING
        rows.empty = NO_MATCH if self._wish.filter.words else nothing
        rows.reorder(list(lines))

    def _say(self) -> None:
        view = self.uptop.picture.monitors.get(self.query_one(Rows).current or "")
        words = summary(view, self.uptop.now()) if view is not None else Content("")
        self.query_one("#said", Static).update(words)

    # What is done

    def on_rows_moved(self) -> None:
        self._say()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.app.push_screen(MonitorPage(event.row))

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._wish = Wish(filter=event.wanted)
        self._fill(self.uptop.picture, None)

    def on_filter_bar_left(self) -> None:
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one(FilterBar).open()

    def action_turn(self, by: int) -> None:
        """Show other nodes."""
        self._first += by
        self._set_nodes(self.uptop.picture)
        self._fill(self.uptop.picture, None)

    def action_back(self) -> None:
        """Esc lets go of what is chosen, then of the filter, then goes to the overview."""
        rows, bar = self.query_one(Rows), self.query_one(FilterBar)
        if rows.chosen:
            rows.choose(set())
        elif bar.words:
            bar.write("")
        else:
            super().action_back()
