"""The incidents: open ones first, then the past, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from uptop_core.errors import LeaderRefused
from uptop_tui.incidents import COLUMNS, cells, matches, ordered
from uptop_tui.overview import NO_MATCH
from uptop_tui.screens.filter_bar import FilterBar
from uptop_tui.screens.incident import IncidentPage
from uptop_tui.screens.on_incidents import ActsOnIncidents
from uptop_tui.screens.reading import READING, Reading
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from uptop_core.api_answers import IncidentList
    from uptop_core.views import IncidentView
    from uptop_tui.picture import Changes, Picture

PAGE = 100


class IncidentFilter(FilterBar):
    """Only words."""

    HELP = "Words that must all stand somewhere in what is shown of an incident."
    FIELDS = ()

    def read(self, written: str) -> str:
        return written.strip()


class IncidentsPage(ActsOnIncidents):
    """What went wrong, and who has taken it on."""

    TITLE = "Incidents"
    HELP: ClassVar[str] = (
        "An incident lasts from a confirmed DOWN to the confirmed UP after it. Those that nobody has "
        "taken on stand first. Enter opens one: its timeline, and what every place saw.\n"
        "Who acknowledges one is shown to all, and no reminders of it are sent any more.\n"
        "`○ late` ones were found afterwards, by results that came late; nobody was told."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("o", "open_only", "Only open"),
        Binding("n", "older", "Older"),
    ]
    DEFAULT_CSS = "IncidentsPage #count { height: 1; padding: 0 1; color: $text-muted; }"

    def __init__(self) -> None:
        super().__init__()
        self._past: dict[str, IncidentView] = {}
        self._seen_open: set[str] = set()
        self._next: str | None = None
        self._open_only = False
        self._words = ""
        self._read_newest = Reading(self, self._ask_newest, self._newest_read, self._was_refused)

    def body(self) -> ComposeResult:
        yield IncidentFilter()
        yield Rows(COLUMNS, empty=READING)
        yield Static("", id="count")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    def show(self, picture: Picture, changes: Changes) -> None:
        if changes.all or changes.incidents:
            self._seen_open.update(picture.incidents)
            self._read_newest.again()
            self._fill()

    def tick(self) -> None:
        super().tick()
        rows, now = self.query_one(Rows), self.uptop.now()
        for incident in self._shown():
            if incident.ended is None and incident.id in rows.ids:
                rows.put(incident.id, cells(incident, now))

    def meant(self) -> IncidentView | None:
        """The one the cursor is on."""
        current = self.query_one(Rows).current
        return self._known().get(current) if current is not None else None

    def taken(self) -> None:
        """Read it anew."""
        self._read_newest.again(now=True)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.app.push_screen(IncidentPage(self._known()[event.row]))

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._words = event.wanted
        self._fill()

    def on_filter_bar_left(self) -> None:
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one(FilterBar).open()

    def action_open_only(self) -> None:
        """Leave out what is over, or show it again."""
        self._open_only = not self._open_only
        self._fill()

    def action_older(self) -> None:
        """The page of those before."""
        cursor = self._next
        if cursor is None:
            self.uptop.tell("these are all there are")
            return
        client = self.uptop.client
        self.uptop.do(lambda: client.incidents(limit=str(PAGE), cursor=cursor), self._older_read)

    async def _ask_newest(self) -> IncidentList:
        page = await self.uptop.client.incidents(limit=str(PAGE))
        ended = self._seen_open - self.uptop.picture.incidents.keys()
        ended -= {one.id for one in page.incidents}
        older = [await self._read_one(incident) for incident in sorted(ended)]
        self._seen_open -= ended
        return replace(page, incidents=(*page.incidents, *filter(None, older)))

    async def _read_one(self, incident: str) -> IncidentView | None:
        """One that has ended and is not among the newest; None when the leader has it no more."""
        try:
            return await self.uptop.client.incident(incident)
        except LeaderRefused:
            self._past.pop(incident, None)
            return None

    def _newest_read(self, page: IncidentList) -> None:
        if not self._past:
            self._next = page.next
        self._keep(page)

    def _was_refused(self, sentence: str) -> None:
        if not self._read_newest.has_read:
            self.query_one(Rows).empty = sentence
        else:
            self.uptop.tell(sentence, is_error=True)

    def _older_read(self, page: IncidentList) -> str:
        self._next = page.next
        self._keep(page)
        return ""

    def _keep(self, page: IncidentList) -> None:
        self._seen_open.update(one.id for one in page.incidents if one.ended is None)
        self._past.update((one.id, one) for one in page.incidents)
        self._fill()

    def _known(self) -> dict[str, IncidentView]:
        """The past as read, and over it what is open as the picture has it."""
        return {**self._past, **self.uptop.picture.incidents}

    def _shown(self) -> list[IncidentView]:
        known = self._known().values()
        kept = (one for one in known if one.ended is None or not self._open_only)
        return [one for one in kept if matches(one, self._words)]

    def _fill(self) -> None:
        now, shown = self.uptop.now(), ordered(self._shown())
        rows = self.query_one(Rows)
        rows.fill((one.id, cells(one, now)) for one in shown)
        if self._read_newest.has_read:
            rows.empty = NO_MATCH if self._words else "no incidents"
        is_open = sum(one.ended is None for one in shown)
        words = f"{is_open} open"
        if self._words:
            words = f"of what fits the filter: {words}"
        if self._open_only:
            words += ", those that are over are left out (o shows them)"
        else:
            more = ", older ones with n" if self._next is not None else ""
            words += f", {len(shown) - is_open} that are over{more}"
        self.query_one("#count", Static).update(
            Content(words if self._read_newest.has_read or shown else "")
        )
