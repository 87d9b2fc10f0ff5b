"""Asking before something is done that cannot be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


class AskScreen(ModalScreen[str]):
    """A question and some answers, the first of which has the focus. Gives the answer's name, or
    nothing (an empty text) for Escape.
    """

    HELP = "Left and right move between the answers, Enter takes one, Escape leaves all as it is."

    DEFAULT_CSS = """
    AskScreen {
        align: center middle;
        #box {
            width: 72;
            max-width: 95%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            border: round $warning;
            background: $surface;
        }
        #answers { height: auto; margin-top: 1; }
        Button { margin-right: 2; min-width: 8; }
        Button:focus { text-style: bold reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("f1", "app.help", "Help", show=False),
    ]

    def __init__(self, title: str, words: str, answers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Static(self._words, markup=False)
            is_long = sum(len(label) + 6 for _, label in self._answers) > 60
            with (Vertical if is_long else Horizontal)(id="answers"):
                for name, label in self._answers:
                    yield Button(Content(f"[ {label} ]"), name=name, compact=True)

    def on_mount(self) -> None:
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.name or "")

    def action_leave(self) -> None:
        """Leave all as it is."""
        self.dismiss("")


class ConfirmScreen(AskScreen):
    """Asks whether to do what destroys something. `y` says yes; what has the focus says no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('yes')", "Yes", show=False),
        Binding("n", "answer('')", "No", show=False),
    ]

    def __init__(self, title: str, words: str, do: str) -> None:
        super().__init__(title, words, (("", "No (n)"), ("yes", f"{do} (y)")))

    def action_answer(self, name: str) -> None:
        """Take an answer by its letter."""
        self.dismiss(name)
