"""The settings page: this terminal's own: the leader it speaks with, those that are kept, the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from uptop_core.errors import ConfigError
from uptop_core.escaping import escape
from uptop_tui.leaders import Kept, KeptLeader
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.login import LoginScreen
from uptop_tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from uptop_tui.picture import Changes, Picture

_NAME_LIMIT, _URL_LIMIT = 30, 60


class KeptLeaders(OptionList):
    """The leaders that are kept; Enter goes to the one that is marked."""

    HELP: ClassVar[str] = (
        "The leaders this terminal knows. Enter goes to one, a adds one, l asks for another token,"
        " d forgets one with its token."
    )


class Themes(OptionList):
    """The themes; Enter takes the one that is marked."""

    HELP: ClassVar[str] = (
        "How this terminal looks. No theme changes what is said: every state has a sign and a word."
        " The one you take is remembered."
    )


class SettingsPage(Page):
    """What is set here changes nothing at the leader."""

    TITLE = "Settings"
    HELP: ClassVar[str] = (
        "What belongs to this terminal and not to the leader: which leader it speaks with, which"
        " ones are kept, and the theme. Tokens lie in a file that only you can read."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add a leader"),
        Binding("l", "log_in", "Another token"),
        Binding("d", "forget", "Forget"),
    ]
    DEFAULT_CSS = """
    SettingsPage {
        #who { padding: 1 2; }
        #lists { height: 1fr; }
        OptionList { height: 1fr; border: round $border-blurred; padding: 0 1; }
        OptionList:focus { border: round $border; }
        #leaders { width: 1fr; }
        Themes { width: 35; }
    }
    """

    def body(self) -> ComposeResult:
        yield Static("", id="who")
        with Horizontal(id="lists"):
            with Vertical(id="leaders"):
                leaders = KeptLeaders()
                leaders.border_title = "Leaders"
                yield leaders
            themes = Themes(*self._themes())
            themes.border_title = "Theme"
            yield themes

    def on_mount(self) -> None:
        self._list_leaders()
        self.query_one("#leaders").display = self.uptop.leaders is not None
        themes = self.query_one(Themes)
        themes.highlighted = themes.get_option_index(self.app.theme)
        first = KeptLeaders if self.uptop.leaders is not None else Themes
        self.query_one(first).focus()

    def show(self, picture: Picture, changes: Changes) -> None:
        if changes.all or changes.connection:
            self.query_one("#who", Static).update(Content("\n").join(self._who(picture)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("add", "log_in", "forget"):
            return self.uptop.leaders is not None
        return super().check_action(action, parameters)

    # What is shown

    def _who(self, picture: Picture) -> Iterator[Content]:
        names = dict.fromkeys((self.uptop.leader_name, escape(self.uptop.leader.url, _URL_LIMIT)))
        yield Content(f"Leader   {'  '.join(names)}")
        if (me := picture.me) is not None:
            name, place = escape(me.name, _NAME_LIMIT), escape(me.place, 20)
            acts = "" if me.active else ", stands by"
            yield Content(f"Version  {escape(me.version, 20)} ({place}{acts})")
            yield Content(f"You      {name}, {escape(me.role, 20)}")
        if self.uptop.leaders is not None:
            yield Content(f"Kept in  {self.uptop.leaders.path}")

    def _themes(self) -> Iterator[Option]:
        for name in sorted(self.app.available_themes):
            kind = "dark" if self.app.available_themes[name].dark else "light"
            yield Option(Content(f"{name} ({kind})"), id=name)

    def _list_leaders(self) -> None:
        options, kept = self.query_one(KeptLeaders), self._kept()
        marked = options.highlighted
        options.clear_options()
        for leader in kept.leaders:
            sign = "●" if leader == self.uptop.leader else " "
            url = escape(leader.url, _URL_LIMIT)
            options.add_option(Option(Content(f"{sign} {escape(leader.name, _NAME_LIMIT)}  {url}")))
        if not kept.leaders:
            options.add_option(Option("none is kept yet: a adds one", disabled=True))
        options.highlighted = marked if marked is not None else 0

    def _kept(self) -> Kept:
        if self.uptop.leaders is None:
            return Kept()
        try:
            return self.uptop.leaders.read()
        except ConfigError as error:
            self.uptop.tell(str(error), is_error=True)
            return Kept()

    # What is done

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if isinstance(event.option_list, Themes):
            self.app.theme = event.option_id or self.app.theme
        elif (leader := self._marked()) is not None and leader != self.uptop.leader:
            self.app.exit(leader)

    def action_add(self) -> None:
        """Log in at another leader."""
        self._ask(None)

    def action_log_in(self) -> None:
        """Ask for another token for the leader that is marked."""
        self._ask(self._marked() or self.uptop.leader)

    def action_forget(self) -> None:
        """Keep the leader that is marked no more, after a question."""
        if (leader := self._marked()) is None:
            return
        name = escape(leader.name, _NAME_LIMIT)

        def answered(answer: str | None) -> None:
            if answer:
                self._forget(leader)

        words = f"{name} and its token are taken out of the file; the token itself stays good."
        self.app.push_screen(ConfirmScreen("Forget a leader", words, "Forget"), answered)

    def _forget(self, leader: KeptLeader) -> None:
        if self.uptop.leaders is not None:
            try:
                self.uptop.leaders.forget(leader.name)
            except ConfigError as error:
                self.uptop.tell(str(error), is_error=True)
            self._list_leaders()

    def _marked(self) -> KeptLeader | None:
        place, kept = self.query_one(KeptLeaders).highlighted, self._kept().leaders
        return kept[place] if place is not None and place < len(kept) else None

    def _ask(self, suggested: KeptLeader | None) -> None:
        if self.uptop.leaders is not None:
            self.app.push_screen(LoginScreen(self.uptop.leaders, suggested), self._go_on)

    def _go_on(self, leader: KeptLeader | None) -> None:
        if leader is not None:
            self.app.exit(leader)
