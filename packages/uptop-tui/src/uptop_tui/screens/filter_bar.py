"""The line that a filter is written in: it is at work while one writes, and says what is wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from uptop_tui.filtering import FIELDS, read_filter


class FilterBar(Vertical):
    """Hidden while there is no filter and nobody writes one. This one is for monitors; for other things
    a page has its own, with another `read`, `FIELDS` and `HELP`.
    """

    HELP: ClassVar[str] = (
        "Words that must all hold. `api` is looked for in name, target and error; `status:down,late`,"
        " `tag:web`, `type:http`, `region:eu`, `name:shop` in one field; `-staging` means without.\n"
        "Enter goes to the list, Esc takes the filter away."
    )
    FIELDS: ClassVar[tuple[str, ...]] = FIELDS
    DEFAULT_CSS = """
    FilterBar {
        height: auto;
        display: none;
        background: $surface;
        &.shown { display: block; }
        Horizontal { height: 1; }
        Static { width: auto; padding: 0 1; color: $text-muted; }
        Input { width: 1fr; background: $surface; }
        Static#wrong { width: 1fr; color: $text-error; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "No filter", show=False),
        Binding("down", "leave", show=False),
    ]

    class Changed(Message):
        """Another filter."""

        def __init__(self, wanted: Any) -> None:
            super().__init__()
            self.wanted = wanted

    class Left(Message):
        """Whoever wrote is done."""

    def compose(self) -> ComposeResult:
        named = ", ".join(f"{field}:…" for field in self.FIELDS)
        with Horizontal():
            yield Static("Filter:")
            yield Input(placeholder=f"words, or {named}" if named else "words", compact=True)
        yield Static("", id="wrong")

    def read(self, written: str) -> Any:
        """What the page filters by; ValueError has the sentence."""
        return read_filter(written)

    def open(self) -> None:
        """Show it, to be written in."""
        self.add_class("shown")
        self.query_one(Input).focus()

    def write(self, words: str) -> None:
        """Put a filter in."""
        self.set_class(bool(words), "shown")
        self.query_one(Input).value = words

    @property
    def words(self) -> str:
        """What is written."""
        return self.query_one(Input).value

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        wrong = self.query_one("#wrong", Static)
        try:
            wanted = self.read(event.value)
        except ValueError as error:
            wrong.update(Content(str(error)))
            wrong.display = True
            return
        wrong.display = False
        self.post_message(self.Changed(wanted))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def action_leave(self) -> None:
        """On to the list; the filter stays."""
        if not self.words:
            self.remove_class("shown")
        self.post_message(self.Left())

    def action_clear(self) -> None:
        """No filter."""
        self.write("")
        self.post_message(self.Left())
