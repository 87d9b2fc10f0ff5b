"""The overview: every monitor as it stands, what is down first, members beneath their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType

from uptop_tui.histories import Histories
from uptop_tui.listing import ORDERS, Line, Wish, groups, listed, order_key
from uptop_tui.overview import EMPTY, NO_MATCH
from uptop_tui.screens import editing
from uptop_tui.screens.acting import ActsOnMonitors
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.monitor import MonitorPage
from uptop_tui.screens.monitor_cells import COLUMNS, SPARK, monitor_cells
from uptop_tui.screens.reading import READING
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_tui.picture import Changes, Picture


class OverviewPage(ActsOnMonitors):
    """Every monitor; several can be chosen and acted on together."""

    TITLE = "Overview"
    HELP: ClassVar[str] = (
        "Every monitor as it stands, what is down first.\n"
        "↻ it is being rechecked · ✓ its incident is acknowledged\n"
        "VOTES: up of fresh\n"
        "LATENCY 24 H: height is how long answers took,\n"
        "× failed, · nobody looked\n"
        "s or a click on a heading sorts, S turns the order.\n"
        "f folds a group, F all, ! shows only problems.\n"
        "Space chooses several, then p u r m d act on all of them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("a", "add", "Add"),
        Binding("s", "sort", "Sort", show=False),
        Binding("S", "turn", "Turn the order", show=False),
        Binding("f", "fold", "Fold", show=False),
        Binding("F", "fold_all", "Fold all groups", show=False),
        Binding("left", "fold(True)", show=False),
        Binding("right", "fold(False)", show=False),
        Binding("exclamation_mark", "problems", "Only problems", key_display="!", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wish = Wish()
        self._lines: dict[str, Line] = {}
        self._keys: dict[str, tuple[Any, ...]] = {}
        self._histories: Histories | None = None
        self._top = 0

    def body(self) -> ComposeResult:
        yield FilterBar()
        yield Rows(COLUMNS, empty=READING, chooses=True)

    def on_mount(self) -> None:
        self._histories = Histories(self.uptop.client, self.uptop.now, self._spark_came, SPARK)
        self.run_worker(self._histories.run(), group="histories")
        self.query_one(Rows).focus()
        self._mark()

    # What is shown

    def show(self, picture: Picture, changes: Changes) -> None:
        has_certificate = any(view.cert_end for view in picture.monitors.values())
        self.query_one(Rows).leave_out(frozenset(() if has_certificate else ("cert",)))
        if changes.all:
            self._arrange(picture)
            return
        touched = changes.monitors | {
            picture.incidents[id].monitor for id in changes.incidents if id in picture.incidents
        }
        if any(self._is_moved(picture, id) for id in touched):
            self._arrange(picture, touched)
        else:
            self._put(picture, touched)

    def tick(self) -> None:
        super().tick()
        rows = self.query_one(Rows)
        self._put(self.uptop.picture, rows.in_sight())  # FOR goes on
        top, self._top = self._top, rows.scroll_offset.y
        if self._histories is not None and rows.is_shown("history") and top == self._top:
            self._histories.want(rows.in_sight())  # not of what is only passed by

    def _is_moved(self, picture: Picture, id: str) -> bool:
        view = picture.monitors.get(id)
        return view is None or self._keys.get(id) != order_key(view, self._wish)

    def _arrange(self, picture: Picture, touched: Iterable[str] | None = None) -> None:
        """Put the rows where they belong; the cells of those touched, or of all, anew."""
        rows, before = self.query_one(Rows), self._lines
        views = picture.monitors
        for id in before.keys() - views.keys():
            rows.forget(id)
        self._keys = {id: order_key(view, self._wish) for id, view in views.items()}
        self._lines = {line.id: line for line in listed(views, self._wish)}
        moved = {id for id, line in self._lines.items() if before.get(id) != line}
        self._put(picture, self._lines if touched is None else moved.union(touched))
        rows.empty = self._instead(picture)
        rows.reorder(list(self._lines))

    def _instead(self, picture: Picture) -> str:
        """What is said where no monitor is shown."""
        if not picture.as_of:
            return READING
        if self._wish.filter.words:
            return NO_MATCH
        return EMPTY + (": a adds a monitor" if self.uptop.role != "viewer" else "")

    def _put(self, picture: Picture, ids: Iterable[str]) -> None:
        rows, now = self.query_one(Rows), self.uptop.now()
        taken_on = {
            incident.monitor for incident in picture.incidents.values() if incident.acknowledged
        }
        for id in ids:
            line, view = self._lines.get(id), picture.monitors.get(id)
            if line is not None and view is not None:
                spark = self._histories.spark(id) if self._histories is not None else None
                cells = monitor_cells(view, line, spark, now, is_acknowledged=id in taken_on)
                rows.put(id, cells)

    def _spark_came(self, monitor: str) -> None:
        if self.is_composed:
            self._put(self.uptop.picture, (monitor,))

    def _change(self, **wishes: Any) -> None:
        self._wish = msgspec.structs.replace(self._wish, **wishes)
        self._arrange(self.uptop.picture, ())
        self._mark()

    def _mark(self) -> None:
        self.query_one(Rows).mark(self._wish.order, "▲" if self._wish.is_reversed else "▼")

    # What is done

    def meant(self) -> tuple[str, ...]:
        """Those chosen, else the one the cursor is on."""
        return self.query_one(Rows).selected()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.app.push_screen(MonitorPage(event.row))

    def on_rows_heading_clicked(self, event: Rows.HeadingClicked) -> None:
        if event.column == self._wish.order:
            self.action_turn()
        elif event.column in ORDERS:
            self._change(order=event.column, is_reversed=False)

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._change(filter=event.wanted)

    def on_filter_bar_left(self) -> None:
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one(FilterBar).open()

    def action_problems(self) -> None:
        """Only what is neither up nor quiet on purpose; once more: all."""
        bar = self.query_one(FilterBar)
        words = "status:down,unknown,partial,late,degraded"
        bar.write("" if bar.words == words else words)

    def action_sort(self) -> None:
        """Sort by the next column."""
        orders = list(ORDERS)
        following = orders[(orders.index(self._wish.order) + 1) % len(orders)]
        self._change(order=following, is_reversed=False)
        self.uptop.tell(f"sorted by {following}")

    def action_turn(self) -> None:
        """Turn the order round."""
        self._change(is_reversed=not self._wish.is_reversed)

    def action_fold(self, folded: bool | None = None) -> None:
        """Fold the group the cursor is on or in, or unfold it."""
        rows, views = self.query_one(Rows), self.uptop.picture.monitors
        view = views.get(rows.current or "")
        if view is None:
            return
        if view.type != "group":
            if folded is False or view.parent not in self._lines:
                return
            view = views[view.parent]
            rows.move_to(view.id)
        is_folded = view.id in self._wish.folded
        if folded is None or folded != is_folded:
            self._change(folded=self._wish.folded ^ {view.id})

    def action_fold_all(self) -> None:
        """Fold all groups; once more: none."""
        every = groups(self.uptop.picture.monitors.values())
        self._change(folded=frozenset() if every <= self._wish.folded else every)

    def action_back(self) -> None:
        """Esc takes away what narrows the list: what is chosen, then the filter."""
        rows, bar = self.query_one(Rows), self.query_one(FilterBar)
        if rows.chosen:
            rows.choose(set())
        elif bar.words:
            bar.write("")

    def action_add(self) -> None:
        """Add a monitor."""
        app = self.uptop
        app.do(lambda: editing.add_monitor(app), str)

    def commands(self) -> Iterable[SystemCommand]:
        yield from super().commands()
        if self.uptop.role != "viewer":
            yield SystemCommand("Add a monitor (a)", "of any kind, by a form", self.action_add)
        yield SystemCommand("Filter (/)", "by text, tag, status, …", self.action_filter)
        yield SystemCommand("Only problems (!)", "what is not up", self.action_problems)
        yield SystemCommand("Fold all groups (F)", "or unfold them", self.action_fold_all)
