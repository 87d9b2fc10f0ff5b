"""Asks for one line of text before something is done."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class NoteScreen(ModalScreen[str | None]):
    """Gives what was written, which may be nothing, or None when nothing is to be done."""

    HELP: ClassVar[str] = "Enter does it, with or without a note; Esc does nothing."
    DEFAULT_CSS = """
    NoteScreen {
        align: center middle;
        Vertical {
            width: 66;
            max-width: 95%;
            height: auto;
            padding: 0 1;
            border: round $primary;
            background: $surface;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, title: str, words: str, placeholder: str, longest: int = 1000) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._placeholder = placeholder
        self._longest = longest

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter does it, esc cancels"
            yield Static(Content(self._words))
            yield Input(placeholder=self._placeholder, max_length=self._longest)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)
