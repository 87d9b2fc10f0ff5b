"""What an admin does about users and tokens, by forms; each function gives the sentence to tell, which
is empty where nothing was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from uptop_core.api_bodies import TokenBody, UserBody, UserChange
from uptop_core.escaping import escape
from uptop_core.strict import build
from uptop_tui.forms.bodies import role_form, token_form, user_form
from uptop_tui.forms.drafts import Draft
from uptop_tui.forms.known import Known
from uptop_tui.screens.confirm import ConfirmScreen
from uptop_tui.screens.editing import ask

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from uptop_core.access_answers import TokenView, UserView
    from uptop_tui.app import UptopApp

Body = dict[str, Any]
_NAME_LIMIT = 60


async def add_user(app: UptopApp) -> str:
    """A new user, without a token yet."""

    async def save(body: Body) -> str:
        user = await app.client.add_user(build(UserBody, body))
        return f"{escape(user.name, _NAME_LIMIT)}: added; t makes a token"

    return await ask(app, Draft(user_form(), is_new=True), save)


async def change_role(app: UptopApp, user: UserView) -> str:
    """Another role; it holds for the tokens that there are, too."""
    name = escape(user.name, _NAME_LIMIT)

    async def save(body: Body) -> str:
        change = build(UserChange, body)
        changed = await app.client.change_role(user.id, change.role)
        return f"{name} is {changed.role} now"

    return await ask(app, Draft(role_form(name), given={"role": user.role}, is_new=True), save)


async def make_token(app: UptopApp, users: tuple[str, ...], user: str) -> str:
    """A new token; it is shown this once."""
    made = ""

    async def save(body: Body) -> str:
        nonlocal made
        made = (await app.client.add_token(build(TokenBody, body))).token
        return f"{escape(str(body['name']), _NAME_LIMIT)}: made"

    form = token_form(Known(users=users))
    said = await ask(app, Draft(form, given={"user": user}, is_new=True), save)
    if made:
        await app.push_screen_wait(TokenScreen(made))
    return said


async def remove_user(app: UptopApp, user: UserView) -> str:
    """Whoever it is can do nothing any more, once that was confirmed."""
    name = escape(user.name, _NAME_LIMIT)
    words = f"Remove the user {name}? All tokens of {name} are good no more."
    if not await app.push_screen_wait(ConfirmScreen("Remove a user", words, "Remove")):
        return ""
    await app.client.remove("users", user.id)
    return f"{name}: removed"


async def revoke_token(app: UptopApp, token: TokenView) -> str:
    """It is good no more, once that was confirmed."""
    name = f"{escape(token.name, _NAME_LIMIT)} of {escape(token.user, _NAME_LIMIT)}"
    words = f"Revoke the token {name}? Whoever comes with it is refused from then on."
    if not await app.push_screen_wait(ConfirmScreen("Revoke a token", words, "Revoke")):
        return ""
    await app.client.remove("tokens", token.prefix)
    return f"{name}: revoked"


class TokenScreen(ModalScreen[None]):
    """A new token (or key), which can be seen this once: only Escape or Enter after looking closes it."""

    HELP = "c copies it, where the terminal can. It cannot be shown again."
    DEFAULT_CSS = """
    TokenScreen {
        align: center middle;
        Vertical {
            width: 72;
            max-width: 95%;
            height: auto;
            padding: 1 2;
            border: round $warning;
            background: $surface;
        }
        #token { text-style: bold; margin: 1 0; background: $panel; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy"),
        Binding("escape,enter", "dismiss", "Close"),
        Binding("f1", "app.help", "Help", show=False),
    ]

    def __init__(self, token: str, what: str = "token") -> None:
        super().__init__()
        self.token = token
        self._what = what

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = f"The new {self._what}"
            box.border_subtitle = "c copies it, esc closes"
            yield Static("Keep it now: it is shown this once, and only its hash is stored.")
            yield Static(Content(self.token), id="token")

    def action_copy(self) -> None:
        """Into the clipboard, where the terminal has one."""
        self.app.copy_to_clipboard(self.token)
        self.notify("copied, if the terminal allows it", markup=False)
