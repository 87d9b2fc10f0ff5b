"""Begin a maintenance now, for monitors at hand: only how long is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from uptop_core.api_bodies import MaintenanceSettings

if TYPE_CHECKING:
    from uptop_tui.app import UptopApp

DURATIONS = {15: "15 minutes", 60: "1 hour", 240: "4 hours", 1440: "1 day"}
"""Minutes, and what they are called."""


class QuickMaintenance(ModalScreen[None]):
    """Name and duration; the monitors are given."""

    HELP = "While a maintenance lasts nobody is told of what happens to its monitors."
    DEFAULT_CSS = """
    QuickMaintenance {
        align: center middle;
        Vertical {
            width: 60;
            max-width: 95%;
            height: auto;
            padding: 0 1;
            border: round $primary;
            background: $surface;
        }
        OptionList { height: auto; border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, monitors: tuple[str, ...], named: str) -> None:
        super().__init__()
        self._monitors = monitors
        self._named = named

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Maintenance from now on"
            box.border_subtitle = "enter begins it, esc cancels"
            yield Static(Content(f"For {self._named}. Name:"))
            yield Input(f"Maintenance of {self._named}"[:200], max_length=200)
            yield Static("For how long:")
            yield OptionList(*(Option(words, str(key)) for key, words in DURATIONS.items()))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 1
        options.focus()

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        app, name = cast("UptopApp", self.app), self.query_one(Input).value.strip()
        start = app.now()
        settings = MaintenanceSettings(
            name=name or "Maintenance",
            start=start,
            end=start + int(event.option.id or 60) * 60_000,
            monitors=self._monitors,
        )
        words = f"{self._named}: in maintenance for {event.option.prompt}"
        app.do(lambda: app.client.add("maintenance", settings), words)
        self.dismiss()
