"""`UptopApp`: the terminal UI of one leader: its pages, and how they are reached and fed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.api_client import ApiClient
from uptop_core.errors import ConfigError, LeaderError
from uptop_core.escaping import escape
from uptop_tui.live import Live
from uptop_tui.pages import PAGES
from uptop_tui.picture import Picture
from uptop_tui.screens.help import HelpScreen
from uptop_tui.screens.page import Page
from uptop_tui.themes import ThemedApp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from textual.driver import Driver
    from textual.screen import Screen
    from textual.worker import Worker

    from uptop_tui.leaders import KeptLeader, Leaders
    from uptop_tui.pages import PageEntry
    from uptop_tui.picture import Changes

T = TypeVar("T")


class UptopApp(ThemedApp["KeptLeader"]):
    """What an operator does all day. It ends with the leader to go on to, or None."""

    TITLE = "uptop"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        Binding("ctrl+p", "command_palette", "Commands", priority=True),
        *(Binding(page.key, f"page('{page.name}')", show=False) for page in PAGES),
    ]
    MODES = {page.name: page.page for page in PAGES}
    DEFAULT_MODE = "overview"

    def __init__(
        self,
        leader: KeptLeader,
        *,
        leaders: Leaders | None = None,
        client: ApiClient | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`leaders` is where others are kept; without it there is this one only, and nothing of
        what is chosen here is kept. `client` takes the place of one made by the leader.
        """
        super().__init__(leaders, driver_class)
        self.leader = leader
        self.leaders = leaders
        self.client = client or ApiClient(leader.url, token=leader.token or None)
        self.picture = Picture()

    # The leader

    @property
    def leader_name(self) -> str:
        """What to call the leader."""
        return escape(self.leader.name or self.leader.url, 40)

    def now(self) -> int:
        """Unix milliseconds by the leader's clock."""
        return _clock() + self.picture.ahead_ms

    def on_mount(self) -> None:
        live = Live(self.client, self._heard, _clock)
        self.picture = live.picture
        self.run_worker(live.run(), group="live", exit_on_error=True)
        self.set_interval(1.0, self._tick)

    async def on_unmount(self) -> None:
        await self.client.close()

    def _heard(self, picture: Picture, changes: Changes) -> None:
        role, self.picture = self.role, picture
        if (page := self._page_on_top()) is not None:
            page.told(picture, changes)
            if role != self.role:  # the keys that it offers depend on it
                page.refresh_bindings()

    def _tick(self) -> None:
        page = self._page_on_top()
        if page is not None and page.is_composed:
            page.tick()

    def _page_on_top(self) -> Page | None:
        """The page that can be seen, be it behind a dialog; others are told all when they come up."""
        pages = (screen for screen in reversed(self.screen_stack) if isinstance(screen, Page))
        return next(pages, None)

    def do(
        self, call: Callable[[], Awaitable[T]], done: str | Callable[[T], str] = ""
    ) -> Worker[T | None]:
        """Ask the leader to do something, without waiting for it; what came of it is told.

        `await app.do(…).wait()` gives the answer, or None after an error that has been told.
        """

        async def ask() -> T | None:
            try:
                answer = await call()
            except LeaderError as error:
                self.tell(str(error), is_error=True)
                return None
            if sentence := done if isinstance(done, str) else done(answer):
                self.tell(sentence)
            return answer

        return self.run_worker(ask(), group="doing")

    def tell(self, sentence: str, *, is_error: bool = False) -> None:
        """A notice that goes by itself."""
        self.notify(
            sentence,
            title="that did not work" if is_error else "",
            severity="error" if is_error else "information",
            timeout=10 if is_error else 4,
            markup=False,
        )

    # What is chosen

    def watch_theme(self, theme: str) -> None:
        """Keep the theme that was chosen."""
        if self.is_running and self.leaders is not None:
            try:
                self.leaders.keep_theme(theme)
            except ConfigError as error:
                self.tell(f"the theme is not remembered: {error}", is_error=True)

    # The pages

    @property
    def role(self) -> str:
        """The role of who looks; empty while it is not known."""
        return self.picture.me.role if self.picture.me is not None else ""

    def pages(self) -> Iterable[PageEntry]:
        """The pages that may be seen."""
        return (page for page in PAGES if page.is_for(self.role or "viewer"))

    def action_page(self, name: str) -> None:
        """Go to a page."""
        if name in {page.name for page in self.pages()}:
            self.switch_mode(name)
            while len(self.screen_stack) > 1:  # what was opened from it is left
                self.pop_screen()
        else:
            self.tell(f"the page {name} is not for the role {self.role}", is_error=True)

    def back(self) -> None:
        """To where one came from: the page beneath, or the overview."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.switch_mode(self.DEFAULT_MODE)

    def action_help(self) -> None:
        """Explain what has the focus."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self.focused))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: pages, what the page on top offers, and the rest."""
        if isinstance(screen, Page):
            yield from screen.commands()
        for page in self.pages():
            title = f"Go to {page.page.TITLE} ({page.key})"
            yield SystemCommand(title, page.about, lambda name=page.name: self.action_page(name))
        yield SystemCommand("Theme", "choose the colours", self.action_change_theme)
        yield SystemCommand("Help (?)", "explain what has the focus", self.action_help)
        yield SystemCommand("Quit (q)", "leave uptop", self.exit)


def _clock() -> int:
    """This machine's, Unix milliseconds."""
    return time.time_ns() // 1_000_000
