"""The login screen: which leader, and with which token; it is left when that leader has answered.

Each trouble (a wrong token, an old leader, a TLS error, something in between, nobody there) is told
in a sentence of its own beneath the fields, and what was written stays.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from uptop_core.api_client import ApiClient
from uptop_core.errors import ConfigError, LeaderError
from uptop_core.forms import url as url_form
from uptop_tui.asking import explain
from uptop_tui.leaders import Kept, KeptLeader, Leaders, name_for
from uptop_tui.screens.foot import Foot
from uptop_tui.themes import ThemedApp

WHERE_TOKENS_ARE = (
    "The leader's first start writes an admin's token into the file uptop-admin-token beside its"
    " database. Others are made with: uptop-leader token add NAME --user WHO"
)


class LoginScreen(Screen[KeptLeader | None]):
    """Asks for a leader; the answer is one that let us in, and that is kept, or None."""

    TITLE = "Log in"
    HELP: ClassVar[str] = (
        "The URL is where the leader's API is, such as https://uptop.example.com or"
        " http://127.0.0.1:8080.\n\n" + WHERE_TOKENS_ARE + "\n\nThe token is kept in a file that"
        " only you can read. The name is how the leader is called here."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("ctrl+s", "log_in", "Log in"),
        # With priority: who types fast has the focus moved before the next letter is written.
        Binding("tab", "go(1)", show=False, priority=True),
        Binding("shift+tab", "go(-1)", show=False, priority=True),
        Binding("enter", "go_on", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    LoginScreen { align: center middle; }
    LoginScreen #login { width: 76; max-width: 100%; height: auto; max-height: 1fr; padding: 0 2; border: round $primary; }
    LoginScreen Input { border: tall $border-blurred; height: 3; }
    LoginScreen Input:focus { border: tall $border; }
    LoginScreen Label { margin: 0 0 0 1; }
    LoginScreen .about { color: $text-muted; margin: 0 1; }
    LoginScreen #trouble { margin: 0 1; min-height: 1; color: $text-error; }
    LoginScreen Horizontal { height: auto; }
    LoginScreen Button { margin: 0 1; }
    """

    def __init__(self, leaders: Leaders, suggested: KeptLeader | None = None) -> None:
        super().__init__()
        self._leaders = leaders
        self._suggested = suggested or KeptLeader(url="")
        self._unkept: KeptLeader | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="login", can_focus=False) as box:
            box.border_title = "uptop"
            yield Label("URL of the leader")
            yield Input(self._suggested.url, placeholder="https://uptop.example.com", id="url")
            yield Label("API token")
            yield Input(self._suggested.token, password=True, id="token")
            yield Static(WHERE_TOKENS_ARE, classes="about", markup=False)
            yield Label("Name (may be left empty)")
            yield Input(self._suggested.name, placeholder="as in the URL", id="name")
            yield Static("", id="trouble", markup=False)
            with Horizontal():
                yield Button("Log in", variant="primary", id="go")
                yield Button("Leave", id="leave")
        yield Foot()

    def on_mount(self) -> None:
        self.query_one("#token" if self._suggested.url else "#url", Input).focus()

    # What is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter is the buttons' own where one of them has the focus."""
        if action == "go_on":
            return isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_go_on(self) -> None:
        """Done with a line: to the token if there is none yet, else in."""
        if self.focused is self.query_one("#url", Input) and not self._written("token"):
            self.set_focus(self.query_one("#token", Input))  # at once; `focus` does it later
        else:
            self.action_log_in()

    def on_input_changed(self) -> None:
        self._unkept = None
        self._say(_in_clear(self._written("url")))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "go":
            self.action_log_in()
        else:
            self.action_leave()

    def action_go(self, by: int) -> None:
        """To the next field, or the one before."""
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_leave(self) -> None:
        """Go without a leader."""
        self.dismiss(None)

    def action_log_in(self) -> None:
        """Ask the leader that is written there; a second time after it could not be kept: go on."""
        if self._unkept is not None:
            self.dismiss(self._unkept)
        else:
            self._log_in()

    @work(exclusive=True, group="login")
    async def _log_in(self) -> None:
        try:
            kept = self._leaders.read()
        except ConfigError as error:
            kept = Kept()
            self.notify(str(error), severity="warning", markup=False)
        try:
            leader = self._leader(kept)
        except ValueError as error:
            self._say(f"✗ {error}")
            return
        self._say(f"… asking {leader.url}")
        try:
            async with ApiClient(leader.url, token=leader.token or None) as client:
                await client.me()
        except LeaderError as error:
            self._say(f"✗ {explain(error, leader)}")
        else:
            self._keep(leader)

    def _keep(self, leader: KeptLeader) -> None:
        try:
            self._leaders.keep(leader)
        except ConfigError as error:
            self._unkept = leader
            self._say(
                f"✗ this will not be remembered: {error}. Log in again to go on all the same."
            )
        else:
            self.dismiss(leader)

    def _leader(self, kept: Kept) -> KeptLeader:
        """What is written in the fields; ValueError has the sentence."""
        written = self._written("url")
        try:
            url = url_form().read(written)
        except ValueError as error:
            what = str(error) or url_form().allowed
            raise ValueError(f"the URL {written!r} is not allowed: {what}") from None
        token = self._written("token")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("the token has characters that no token has: copy it whole, and alone")
        return KeptLeader(url=url, token=token, name=self._called(url, kept))

    def _called(self, url: str, kept: Kept) -> str:
        """The name to keep it by: as written, else that which it has, else one by its URL."""
        if name := self._written("name"):
            known = kept.find(name)
            if known is not None and known.url != url and name != self._suggested.name:
                raise ValueError(f"the name {name!r} is taken by {known.url}")
            return name
        same = next((one.name for one in kept.leaders if one.url == url), "")
        return same or name_for(url, (one.name for one in kept.leaders))

    def _written(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _say(self, sentence: str) -> None:
        trouble = self.query_one("#trouble", Static)
        trouble.update(sentence)
        self.call_after_refresh(trouble.scroll_visible, animate=False)


class LoginApp(ThemedApp[KeptLeader]):
    """Nothing but the login screen: what comes first where no leader is kept."""

    TITLE = "uptop"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, leaders: Leaders, suggested: KeptLeader | None = None) -> None:
        super().__init__(leaders)
        self._leaders = leaders
        self._suggested = suggested

    def on_mount(self) -> None:
        self.push_screen(LoginScreen(self._leaders, self._suggested), self.exit)


def _in_clear(url: str) -> str:
    """A warning where a token would go over a network for all to read."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme != "http" or not host or host == "localhost":
        return ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = False
    return "" if is_here else "! http:// sends the token in clear: anybody on the way can read it"
