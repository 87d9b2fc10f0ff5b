"""One monitor in full: how it stands, who saw what, latencies by region, days, what happened last."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from uptop_core.api_answers import MonitorDetail, TransitionView
from uptop_core.errors import LeaderError
from uptop_core.escaping import escape
from uptop_tui.evidence import evidence, place
from uptop_tui.facts import facts, members, region_line, windows
from uptop_tui.plots import AXIS, LETTERS, phase_bar, plot
from uptop_tui.screens.acting import ActsOnMonitors
from uptop_tui.screens.headline import Headline
from uptop_tui.signs import QUIET
from uptop_tui.sparks import SPANS_S, day_bars, parts
from uptop_tui.timeline import moved, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_core.history_views import HistoryView
    from uptop_core.views import MonitorView, VoteView
    from uptop_tui.picture import Changes, Picture

ANEW_MS = 60_000
LAST = 12
_PLOT_ROWS = 4
_NARROW = 30


class Past(Struct, frozen=True, kw_only=True):
    """What is read of a monitor besides the picture, `at` a time."""

    at: int
    detail: MonitorDetail
    history: HistoryView
    days: HistoryView
    transitions: tuple[TransitionView, ...]


class MonitorPage(ActsOnMonitors):
    """One monitor. Esc goes back to where one came from."""

    TITLE = "Monitor"
    HELP: ClassVar[str] = (
        "One monitor: how it stands, what each node saw last, how long answers took from each region,"
        " and its days.\n"
        "× failed, · nobody looked\n"
        "█ nothing missed, ▆ ▄ a little, ▁ under 99 %\n"
        "h shows another stretch of time."
    )
    DEFAULT_CSS = """
    MonitorPage {
        VerticalScroll { scrollbar-gutter: stable; }
        #columns { height: auto; layout: vertical; }
        #seen, #past { height: auto; width: 1fr; padding: 0 1; }
        .heading { text-style: bold; color: $text-primary; margin-top: 1; }
        &.-wide #columns { layout: horizontal; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "stretch", "Other stretch"),
        Binding("y", "copy_address", "Copy push URL"),
        Binding("escape", "back", "Back"),
    ]

    def __init__(self, monitor: str) -> None:
        super().__init__()
        self.monitor = monitor
        self._stretch = "24h"
        self._past: Past | None = None
        self._is_reading = False

    def body(self) -> ComposeResult:
        with VerticalScroll(), Container(id="columns"):
            with Vertical(id="seen"):
                yield Static("", id="facts")
                yield Static("", classes="heading", id="who")
                yield Static("", id="votes")
                yield Static("", id="phases")
                yield Static("What happened last", classes="heading")
                yield Static("", id="last")
            with Vertical(id="past"):
                yield Static("", classes="heading", id="stretch")
                yield Static("reading …", id="plots")
                yield Static("The last 90 days", classes="heading")
                yield Static("", id="days")
                yield Static("", id="windows")

    def meant(self) -> tuple[str, ...]:
        return (self.monitor,)

    # What is shown

    def show(self, picture: Picture, changes: Changes) -> None:
        if not (changes.all or self.monitor in changes.monitors or changes.incidents):
            return
        view = picture.monitors.get(self.monitor)
        if view is None:
            self._put(
                "facts", Content("This monitor is no more." if picture.as_of else "reading …")
            )
            return
        self._show_view(picture, view)
        is_news = self._past is None or self._past.detail.status != view.status or changes.all
        if is_news:
            self._read()

    def tick(self) -> None:
        super().tick()
        view = self.uptop.picture.monitors.get(self.monitor)
        if view is not None:
            self._show_view(self.uptop.picture, view)
        if self._past is not None and self.uptop.now() - self._past.at > ANEW_MS:
            self._read()

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self._show_past)

    def _show_view(self, picture: Picture, view: MonitorView) -> None:
        now, width = self.uptop.now(), self.query_one("#seen").content_size.width or _NARROW
        self.query_one(Headline).name_it(f"Monitor · {escape(view.name, 60)}")
        incident = picture.incidents.get(view.incident or "")
        self._put("facts", facts(view, picture.monitors, incident, now))
        if view.type == "group":
            self._put("who", Content("Members"))
            self._put("votes", members(view.id, picture.monitors))
        elif view.push is not None:
            self._put("who", Content("Who saw what"))
            self._put("votes", Content("no node looks: the job itself says that it is alive"))
        else:
            self._put("who", Content("Who saw what"))
            self._put("votes", evidence(view.votes, now, width))
        bars = list(_phases(view.votes, width))
        self._put("phases", Content("\n").join(bars))
        self.query_one("#phases").display = bool(bars)

    def _show_past(self) -> None:
        if (past := self._past) is None or not self.is_composed:
            return
        if (width := self.query_one("#past").content_size.width) < _NARROW:
            return
        self._put("stretch", Content(f"Latency by region, {self._stretch} (h: another)"))
        self._put("plots", Content("\n").join(_plots(past, width)))
        self._put("days", _days(past, width))
        self._put("windows", windows(past.detail.ranges))
        entries = (moved(one) for one in past.transitions)
        seen = self.query_one("#seen").content_size.width
        self._put("last", told(entries, self.uptop.now(), seen) or Content("nothing yet"))

    def _put(self, id: str, words: Content) -> None:
        self.query_one(f"#{id}", Static).update(words)

    # What is read

    def _read(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._ask(), group="past")

    async def _ask(self) -> None:
        client, stretch = self.uptop.client, self._stretch
        try:
            self._past = Past(
                at=self.uptop.now(),
                detail=(await client.read("monitors", self.monitor)).value,
                history=await client.history(self.monitor, stretch),
                days=await client.history(self.monitor, "90d"),
                transitions=(
                    await client.transitions(monitor=self.monitor, limit=str(LAST))
                ).transitions,
            )
        except LeaderError as error:
            if self._past is None and self.is_composed:
                self._put("plots", Content(str(error)))
                self._put("last", Content("not read"))
            return
        finally:
            self._is_reading = False
        if stretch != self._stretch:
            self._read()
        self._show_past()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a job has an address, and only who may edit is told it."""
        if action == "copy_address":
            view = self.uptop.picture.monitors.get(self.monitor)
            return self.uptop.role != "viewer" and view is not None and view.type == "push"
        return super().check_action(action, parameters)

    def action_copy_address(self) -> None:
        """Into the clipboard: where the job says that it is alive."""
        app = self.uptop

        async def ask() -> str:
            address = await app.client.push_address(self.monitor)
            app.copy_to_clipboard(address)
            return address

        app.do(ask, lambda address: f"copied, if the terminal allows it: {address}")

    def commands(self) -> Iterable[SystemCommand]:
        yield from super().commands()
        if self.check_action("copy_address", ()):
            about = "the address at which the job says that it is alive"
            yield SystemCommand("Copy push URL (y)", about, self.action_copy_address)

    def action_stretch(self) -> None:
        """Another stretch of time for the latencies."""
        stretches = list(SPANS_S)
        self._stretch = stretches[(stretches.index(self._stretch) + 1) % len(stretches)]
        self._put("stretch", Content(f"Latency by region, {self._stretch}: reading …"))
        self._read()


def _phases(votes: tuple[VoteView, ...], width: int) -> Iterator[Content]:
    """Where the time of each node's look went, by letters."""
    ordered = sorted(votes, key=lambda vote: (vote.region, vote.name))
    with_phases = [vote for vote in ordered if vote.phases is not None and vote.up]
    if not with_phases or width < _NARROW:
        return
    label = min(24, max(len(place(vote)) for vote in with_phases))
    yield Content.styled(f"Phases: {LETTERS}", QUIET)
    for vote in with_phases:
        if vote.phases is not None and (bar := phase_bar(vote.phases, width - label - 2)):
            yield Content.assemble((f"{place(vote)[:label]:<{label}}  ", QUIET), bar)


def _plots(past: Past, width: int) -> Iterator[Content]:
    """A plot for each region."""
    history = past.history
    by_name = {region.region: region for region in history.regions}
    span_s = SPANS_S[history.range.range]
    for region in history.latency:
        if region.region in by_name:
            yield region_line(by_name[region.region])
        lasts_s = max((point.lasts_s for point in region.points), default=span_s)
        count = max(1, min(width - AXIS, int(span_s // lasts_s)))
        yield from plot(parts(region.points, span_s, count, past.at), _PLOT_ROWS)
        yield _scale(history.range.range, AXIS, count)
    if not history.latency:
        yield Content("nothing has been measured in this time")


def _scale(stretch: str, left: int, count: int) -> Content:
    ago = f"{stretch} ago"
    return Content.styled(" " * left + ago + f"{'now':>{max(4, count - len(ago))}}", QUIET)


def _days(past: Past, width: int) -> Content:
    days = past.days.days[-max(1, width) :]
    ago = f"{len(days)} days ago"
    scale = ago + f"{'today':>{max(6, len(days) - len(ago))}}"
    return Content("\n").join((day_bars(days), Content.styled(scale, QUIET)))
