"""Users and tokens: who may do what, and with which token they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_tui.people import TOKEN_COLUMNS, USER_COLUMNS, ordered, token_cells, user_cells
from uptop_tui.screens import managing
from uptop_tui.screens.page import Page
from uptop_tui.screens.reading import READING, Reading
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from textual.app import ComposeResult

    from uptop_core.access_answers import TokenView, UserView
    from uptop_tui.picture import Changes, Picture


class _People(NamedTuple):
    users: tuple[UserView, ...] = ()
    tokens: tuple[TokenView, ...] = ()


class PeoplePage(Page):
    """Users above, tokens below; Tab goes from one to the other."""

    TITLE = "Users and tokens"
    HELP: ClassVar[str] = (
        "A user has a role: a viewer reads, an editor sets up and acts, an admin also manages users "
        "and tokens. Each program and terminal comes with a token of a user; it is shown once, when "
        "it is made, and only its hash is kept. Tab goes between users and tokens."
    )
    DEFAULT_CSS = """
    PeoplePage Rows { height: 1fr; }
    PeoplePage #tokens { border-top: solid $primary; height: 2fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add a user"),
        Binding("t", "make", "Make a token"),
        Binding("e", "role", "Role"),
        Binding("d,delete", "remove", "Remove, revoke"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._people = _People()
        self._read = Reading(self, self._ask, self._was_read, self._was_refused)

    def body(self) -> ComposeResult:
        yield Rows(USER_COLUMNS, empty=READING, id="users")
        yield Rows(TOKEN_COLUMNS, empty=READING, id="tokens")

    def on_mount(self) -> None:
        self.query_one("#users").focus()

    # What is shown

    def show(self, picture: Picture, changes: Changes) -> None:  # noqa: ARG002  it is read
        if changes.all:
            self._read.again()

    def tick(self) -> None:
        super().tick()
        self._read.tick()

    async def _ask(self) -> _People:
        client = self.uptop.client
        return _People((await client.users()).users, (await client.tokens()).tokens)

    def _was_read(self, people: _People) -> None:
        self._people = people
        now, tokens = self.uptop.now(), people.tokens
        self._say_instead("no users", "no tokens")
        self.query_one("#users", Rows).fill(
            (user.id, user_cells(user, tokens, now))
            for user in sorted(people.users, key=lambda user: user.name.casefold())
        )
        self.query_one("#tokens", Rows).fill(
            (token.prefix, token_cells(token, now)) for token in ordered(tokens, now)
        )

    def _was_refused(self, sentence: str) -> None:
        if self._read.has_read:
            self.uptop.tell(sentence, is_error=True)
        else:
            self._say_instead(sentence, "")

    def _say_instead(self, users: str, tokens: str) -> None:
        self.query_one("#users", Rows).empty = users
        self.query_one("#tokens", Rows).empty = tokens

    @property
    def user(self) -> UserView | None:
        """The user at the cursor."""
        current = self.query_one("#users", Rows).current
        return next((one for one in self._people.users if one.id == current), None)

    @property
    def token(self) -> TokenView | None:
        """The token at the cursor."""
        current = self.query_one("#tokens", Rows).current
        return next((one for one in self._people.tokens if one.prefix == current), None)

    # What is done

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        yield SystemCommand("Add a user (a)", "with a role", self.action_add)
        yield SystemCommand("Make a token (t)", "for a user; it is shown once", self.action_make)
        if (user := self.user) is not None:
            name = escape(user.name, 60)
            yield SystemCommand("Role (e)", f"give {name} another role", self.action_role)
        yield SystemCommand(
            "Remove, revoke (d)", "the user or token at the cursor", self.action_remove
        )

    def on_rows_opened(self, event: Rows.Opened) -> None:
        if event.rows.id == "users":
            self.action_role()

    def action_add(self) -> None:
        """Add a user."""
        self._do(managing.add_user(self.uptop))

    def action_make(self) -> None:
        """Make a token, for the user at the cursor to begin with."""
        names = tuple(user.name for user in self._people.users)
        self._do(managing.make_token(self.uptop, names, self.user.name if self.user else ""))

    def action_role(self) -> None:
        """Give the user at the cursor another role."""
        if (user := self.user) is not None:
            self._do(managing.change_role(self.uptop, user))
        else:
            self.nothing_here()

    def action_remove(self) -> None:
        """Remove the user at the cursor, or revoke the token, whichever table has the focus."""
        is_token = self.query_one("#tokens").has_focus
        if is_token and (token := self.token) is not None:
            self._do(managing.revoke_token(self.uptop, token))
        elif not is_token and (user := self.user) is not None:
            self._do(managing.remove_user(self.uptop, user))
        else:
            self.nothing_here()

    def _do(self, call: Coroutine[None, None, str]) -> None:
        def said(sentence: str) -> str:
            self._read.again(now=True)
            return sentence

        self.uptop.do(lambda: call, said)
