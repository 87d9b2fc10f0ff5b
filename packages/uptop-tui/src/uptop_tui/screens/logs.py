"""The audit log: who did what to which object, when, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from uptop_tui.audit import COLUMNS, FIELDS, about, cells, matches, wanted
from uptop_tui.overview import NO_MATCH
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.page import Page
from uptop_tui.screens.reading import READING, Reading
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.access_answers import LogList, LogView
    from uptop_tui.picture import Changes, Picture

PAGE = 200


class LogFilter(FilterBar):
    """Fields are asked of the leader, words looked for here."""

    HELP = (
        "Words that must all stand in an entry, and fields that the leader is asked for: "
        "`who:ada`, `what:monitor` (how it begins), `about:Shop` (the whole name), "
        '`since:2h`, `until:2026-11-22`. Quotes keep words together: `what:"monitor deleted"`.'
    )
    FIELDS = FIELDS

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__()
        self._now = now

    def read(self, written: str) -> tuple[dict[str, str], tuple[str, ...]]:
        return wanted(written, self._now())


class LogsPage(Page):
    """The newest entries first, page by page."""

    TITLE = "Logs"
    HELP: ClassVar[str] = (
        "Every change that somebody made, by the API, the terminal, the command line or a file: who, "
        "when, what, and from which address. No secret is in it. / filters, n reads older entries."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("n", "older", "Older"),
    ]
    DEFAULT_CSS = """
    LogsPage #about {
        height: auto;
        max-height: 40%;
        padding: 0 1;
        border-top: solid $primary;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[int, LogView] = {}
        self._next: str | None = None
        self._query: dict[str, str] = {}
        self._words: tuple[str, ...] = ()
        self._read = Reading(self, self._ask, self._was_read, self._was_refused)

    def body(self) -> ComposeResult:
        yield LogFilter(self.uptop.now)
        yield Rows(COLUMNS, empty=READING)
        yield Static("", id="about")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    def show(self, picture: Picture, changes: Changes) -> None:  # noqa: ARG002  the log is read
        if changes.all or changes.config or changes.posts or changes.incidents:
            self._read.again()

    def tick(self) -> None:
        super().tick()
        self._read.tick()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        query, self._words = event.wanted
        if query != self._query:
            self._query = query
            self._entries, self._next = {}, None
            self._read.again(now=True)
        self._fill()

    def on_filter_bar_left(self) -> None:
        self.query_one(Rows).focus()

    def on_rows_moved(self) -> None:
        self._about()

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one(FilterBar).open()

    def action_older(self) -> None:
        """The page of those before."""
        cursor, query = self._next, self._query
        if cursor is None:
            self.uptop.tell("these are all there are")
            return
        client = self.uptop.client

        def read(page: LogList) -> str:
            if query == self._query:
                self._next = page.next
                self._keep(page)
            return ""

        self.uptop.do(lambda: client.logs(limit=str(PAGE), cursor=cursor, **query), read)

    async def _ask(self) -> tuple[dict[str, str], LogList]:
        query = self._query
        return query, await self.uptop.client.logs(limit=str(PAGE), **query)

    def _was_read(self, said: tuple[dict[str, str], LogList]) -> None:
        query, page = said
        if query == self._query:
            if not self._entries:
                self._next = page.next
            self._keep(page)

    def _was_refused(self, sentence: str) -> None:
        if self._entries:
            self.uptop.tell(sentence, is_error=True)
        else:
            self.query_one(Rows).empty = sentence

    def _keep(self, page: LogList) -> None:
        self._entries.update((entry.number, entry) for entry in page.logs)
        self._fill()

    def _fill(self) -> None:
        now = self.uptop.now()
        newest = sorted(self._entries.values(), key=lambda entry: -entry.number)
        rows = self.query_one(Rows)
        if self._read.has_read:
            rows.empty = NO_MATCH if self._query or self._words else "no entries"
        rows.fill(
            (str(entry.number), cells(entry, now))
            for entry in newest
            if matches(entry, self._words)
        )
        self._about()

    def _about(self) -> None:
        current = self.query_one(Rows).current
        entry = self._entries.get(int(current)) if current is not None else None
        words = about(entry) if entry is not None else Content("")
        self.query_one("#about", Static).update(words)
