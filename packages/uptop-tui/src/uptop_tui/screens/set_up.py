"""What the pages of channels and of maintenance share: a list that is read of the leader, with what is
known of the one at the cursor below it, and forms to add, edit and remove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from uptop_tui.screens import editing
from uptop_tui.screens.page import Page
from uptop_tui.screens.reading import READING, Reading
from uptop_tui.screens.table import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from uptop_core.api_client import Where
    from uptop_core.views import ChannelView, MaintenanceView
    from uptop_tui.picture import Changes, Picture
    from uptop_tui.screens.columns import Column
    from uptop_tui.screens.table import Cells

T = TypeVar("T", bound="ChannelView | MaintenanceView")
"""How a message went is told by no event: the list is read again so often."""


class SetUpPage(Page, Generic[T]):
    """A subclass says what it shows and how it is added."""

    WHERE: ClassVar[Where]
    NOUN: ClassVar[str]
    COLUMNS: ClassVar[Sequence[Column]]
    EMPTY: ClassVar[str]
    """What is said where there are none."""
    DEFAULT_CSS = """
    SetUpPage #about {
        height: auto;
        max-height: 50%;
        padding: 0 1;
        border-top: solid $primary;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add"),
        Binding("e", "edit", "Edit"),
        Binding("d,delete", "remove", "Remove"),
    ]
    FOR_EDITORS = frozenset({"add", "edit", "remove"})
    """Those that a viewer is not offered."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, T] = {}
        self._read = Reading(self, self.ask, self._was_read, self._was_refused)

    async def ask(self) -> Sequence[T]:
        """Read them."""
        raise NotImplementedError  # each page says for itself

    async def added(self) -> str:
        """Have a form for a new one filled in."""
        raise NotImplementedError  # each page says for itself

    def cells(self, one: T) -> Cells:
        """The row of one."""
        raise NotImplementedError  # each page says for itself

    def about(self, one: T) -> Content:
        """All that is known of one."""
        raise NotImplementedError  # each page says for itself

    def body(self) -> ComposeResult:
        yield Rows(self.COLUMNS, empty=READING)
        yield Static("", id="about")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    @property
    def current(self) -> T | None:
        """The one at the cursor."""
        return self.found.get(self.query_one(Rows).current or "")

    # What is shown

    def show(self, picture: Picture, changes: Changes) -> None:  # noqa: ARG002  it is read
        if changes.all or changes.config:
            self._read.again()

    def tick(self) -> None:
        super().tick()
        self._read.tick()
        self._fill()

    def on_rows_moved(self) -> None:
        self._show_about()

    def _was_read(self, found: Sequence[T]) -> None:
        self.found = {one.id: one for one in found}
        hint = f": a adds a {self.NOUN}" if self.uptop.role != "viewer" else ""
        self.query_one(Rows).empty = f"{self.EMPTY}{hint}"
        self._fill()

    def _was_refused(self, sentence: str) -> None:
        if self._read.has_read:
            self.uptop.tell(sentence, is_error=True)
        else:
            self.query_one(Rows).empty = sentence

    def _fill(self) -> None:
        self.query_one(Rows).fill((one.id, self.cells(one)) for one in self.found.values())
        self._show_about()

    def _show_about(self) -> None:
        box, one = self.query_one("#about", Static), self.current
        box.display = one is not None
        if one is not None:
            box.update(self.about(one))

    # What is done

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        if self.uptop.role == "viewer":
            return
        yield SystemCommand(f"Add a {self.NOUN} (a)", "by a form", self.action_add)
        if self.current is not None:
            yield SystemCommand(f"Edit the {self.NOUN} (e)", "by a form", self.action_edit)
            yield SystemCommand(f"Remove the {self.NOUN} (d)", "for good", self.action_remove)

    def on_rows_opened(self) -> None:
        if self.uptop.role != "viewer":
            self.action_edit()

    def action_add(self) -> None:
        """Add one."""
        self.uptop.do(self.added, str)

    def action_edit(self) -> None:
        """Edit the one at the cursor."""
        app, one = self.uptop, self.current
        if one is not None:
            app.do(lambda: editing.edit(app, self.WHERE, one.id), str)
        else:
            self.nothing_here()

    def action_remove(self) -> None:
        """Remove it, once that was confirmed."""
        app, one = self.uptop, self.current
        if one is not None:
            app.do(lambda: editing.remove(app, self.WHERE, {one.id: one.name}), str)
        else:
            self.nothing_here()
