"""`Page`: what all pages share: the headline, the keys at the foot, and how news reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from uptop_tui.picture import ALL
from uptop_tui.screens.foot import Foot
from uptop_tui.screens.headline import Headline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import SystemCommand

    from uptop_tui.app import UptopApp
    from uptop_tui.picture import Changes, Picture


class Page(Screen[None]):
    """A page says its `TITLE`, composes its `body`, and shows a picture.

    `HELP` is what `?` explains; a widget may have a HELP of its own.
    """

    HELP: ClassVar[str] = ""
    FOR_EDITORS: ClassVar[frozenset[str]] = frozenset()
    """Actions that viewers are not offered."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
    ]

    @property
    def uptop(self) -> UptopApp:
        """The app, by its own type."""
        return cast("UptopApp", self.app)

    def compose(self) -> ComposeResult:
        yield Headline(self.TITLE or "")
        yield from self.body()
        yield Foot()

    def body(self) -> ComposeResult:
        """The widgets between headline and foot."""
        raise NotImplementedError  # each page says for itself

    def show(self, picture: Picture, changes: Changes) -> None:
        """Show a picture; only what `changes` names differs from the one shown before.

        Called when the page comes up (with ALL), and with each change while it is up.
        """
        raise NotImplementedError  # each page says for itself

    def commands(self) -> Iterable[SystemCommand]:
        """What the command palette offers on this page, besides what it offers everywhere."""
        return ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nobody is offered what they may not do."""
        if action in self.FOR_EDITORS and self.uptop.role == "viewer":
            return False
        return super().check_action(action, parameters)

    def on_screen_resume(self) -> None:
        self.told(self.uptop.picture, ALL)

    def on_resize(self) -> None:
        if self.is_composed:
            self._head()

    @property
    def is_composed(self) -> bool:
        """Whether its widgets are there: news may come before them, and while they are taken down."""
        is_up = self.app.is_running and self.is_mounted and self.display
        return is_up and bool(self.query(Headline)) and bool(self.query(Foot))

    def told(self, picture: Picture, changes: Changes) -> None:
        """What the app calls with each change."""
        if self.is_composed:
            self._head()
            self.show(picture, changes)

    def tick(self) -> None:
        """Called each second: what tells how long something lasts goes on."""
        if not self.uptop.picture.connection.is_live:
            self._head()

    def nothing_here(self) -> None:
        """Say why a key did nothing: the list is empty, or not read yet."""
        self.uptop.tell("there is nothing here to do that with", is_error=True)

    def action_back(self) -> None:
        """To where one came from."""
        self.uptop.back()

    def _head(self) -> None:
        self.query_one(Headline).show(self.uptop.picture, self.uptop.leader_name, self.uptop.now())
