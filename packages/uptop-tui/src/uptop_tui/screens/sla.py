"""How reliable every monitor was: uptime, outages, MTTR and MTBF of a span."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static, Tab, Tabs

from uptop_tui.filtering import Filter
from uptop_tui.overview import EMPTY, NO_MATCH
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.monitor import MonitorPage
from uptop_tui.screens.page import Page
from uptop_tui.screens.reading import READING, Reading
from uptop_tui.screens.table import Rows
from uptop_tui.sla import ALL, COLUMNS, ORDERS, SPANS, Order, cells, ordered, total, total_cells

if TYPE_CHECKING:
    from uptop_core.history_views import SlaView
    from uptop_tui.picture import Changes, Picture

EVERY_S = 30


class SlaPage(Page):
    """A table of all monitors, for one span at a time."""

    TITLE = "SLA"
    HELP: ClassVar[str] = (
        "Uptime is time: of what was observed, the part in which the monitor was not down. COVERED is "
        "how much of the span was observed at all: time in which nobody looked, in maintenance or "
        "while it was paused counts as neither. OUTAGES are how often it was down, LONGEST the longest "
        "of them, MTTR the mean time to recovery (down time by outages), MTBF the mean time between "
        "failures (up time by outages). Percentages are cut: 100 % means that nothing was missed.\n"
        "← and → choose the span, s what it is sorted by, / filters the monitors, Enter opens one."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        # A table would take these first, to scroll sideways, and hide them from the foot.
        Binding("left", "span(-1)", "Shorter", priority=True),
        Binding("right", "span(1)", "Longer", priority=True),
        Binding("s", "sort", "Sort"),
        Binding("slash", "filter", "Filter", key_display="/"),
    ]
    DEFAULT_CSS = "SlaPage #sum { height: 1; padding: 0 1; color: $text-muted; }"

    def __init__(self) -> None:
        super().__init__()
        self._span = "30d"
        self._order: Order = "uptime"
        self._views: tuple[SlaView, ...] | None = None
        self._wanted = Filter()
        self._read = Reading(self, self._ask, self._was_read, self._was_refused, EVERY_S)

    def body(self) -> ComposeResult:
        tabs = Tabs(*(Tab(words, id=f"of-{name}") for name, words in SPANS.items()))
        tabs.can_focus = False  # ← and → work anywhere on the page
        yield tabs
        yield FilterBar()
        yield Rows(COLUMNS, empty=READING)
        yield Static("", id="sum")

    def on_mount(self) -> None:
        self.query_one(Tabs).active = f"of-{self._span}"
        self.query_one(Rows).focus()
        self._mark()

    def show(self, picture: Picture, changes: Changes) -> None:  # noqa: ARG002  what is read of the leader is shown
        if changes.all or changes.incidents or changes.config:
            self._read.again()
        if changes.all or changes.connection:
            self._fill()

    def tick(self) -> None:
        super().tick()
        self._read.tick()

    def on_tabs_tab_activated(self) -> None:
        span = self._chosen()
        if span != self._span:
            self._span, self._views = span, None  # those of another span would mislead
            self._fill()
            self._read.again(now=True)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        if event.row in self.uptop.picture.monitors:
            self.app.push_screen(MonitorPage(event.row))

    def on_rows_heading_clicked(self, event: Rows.HeadingClicked) -> None:
        for order in ORDERS:
            if order == event.column:
                self._sort_by(order)

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._wanted = event.wanted
        self._fill()

    def on_filter_bar_left(self) -> None:
        self.query_one(Rows).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Who writes a filter has ← and → for that."""
        if action == "span":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one(FilterBar).open()

    def action_back(self) -> None:
        """Esc takes the filter away, then goes to the overview."""
        if (bar := self.query_one(FilterBar)).words:
            bar.write("")
        else:
            super().action_back()

    def action_span(self, by: int) -> None:
        """A longer or shorter span."""
        names = list(SPANS)
        place = max(0, min(names.index(self._chosen()) + by, len(names) - 1))
        self.query_one(Tabs).active = f"of-{names[place]}"

    def _chosen(self) -> str:
        """The span whose tab is active: where keys come fast, news of that come after."""
        span = self.query_one(Tabs).active.removeprefix("of-")
        return span if span in SPANS else self._span

    def action_sort(self) -> None:
        """Sort by the next figure."""
        self._sort_by(ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)])

    def _sort_by(self, order: Order) -> None:
        self._order = order
        self._mark()
        self._fill()

    def _mark(self) -> None:
        self.query_one(Rows).mark(self._order, "▲")

    async def _ask(self) -> tuple[str, tuple[SlaView, ...]]:
        span = self._span
        return span, await self.uptop.client.sla(span)

    def _was_read(self, said: tuple[str, tuple[SlaView, ...]]) -> None:
        span, views = said
        if span == self._span:
            self._views = views
            self._fill()

    def _was_refused(self, sentence: str) -> None:
        self.query_one("#sum", Static).update(Content(sentence))

    def _fill(self) -> None:
        if self._views is None:
            self._say_that_nothing_is_read()
            return
        shown = ordered(self._meant(self._views), self._order)
        rows = [(view.monitor, cells(view)) for view in shown]
        own = [view for view in shown if view.type != "group"]
        if (together := total(own, self._span)) is not None and len(own) > 1:
            rows.append((ALL, total_cells(together, len(own))))
        self.query_one(Rows).empty = NO_MATCH if self._wanted.words else EMPTY
        self.query_one(Rows).fill(rows)
        words = f"the last {SPANS[self._span]}"
        if self._wanted.words:
            words = f"of what fits the filter: {words}"
        unseen = sum(view.uptime is None for view in own)
        if unseen:
            words += f"; {unseen} not observed at all"
        self.query_one("#sum", Static).update(Content(words))

    def _meant(self, views: tuple[SlaView, ...]) -> tuple[SlaView, ...]:
        """Those that fit the filter."""
        if not self._wanted.words:
            return views
        known = self.uptop.picture.monitors
        fit = {id for id, view in known.items() if self._wanted.holds(view)}
        return tuple(view for view in views if view.monitor in fit)

    def _say_that_nothing_is_read(self) -> None:
        is_live = self.uptop.picture.connection.is_live
        rows = self.query_one(Rows)
        rows.empty = READING if is_live else "not read yet: no leader answers"
        rows.fill(())
        self.query_one("#sum", Static).update("")
