"""What `?` shows: what the focused thing is for, and the keys that work there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen
    from textual.widget import Widget

_GENERAL = ("scroll_", "page_", "screen.", "app.focus_")  # Textual's own, as everywhere
_NAMES = {"question_mark": "?", "slash": "/", "escape": "esc", "space": "space"}


class HelpScreen(ModalScreen[None]):
    """Goes with any key that is not for scrolling."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        VerticalScroll {
            width: 88;
            max-width: 95%;
            height: auto;
            max-height: 90%;
            padding: 0 2;
            border: round $primary;
            background: $surface;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Close"),
    ]

    def __init__(self, page: Screen[object], focused: Widget | None) -> None:
        super().__init__()
        self._page = page
        self._focused = focused

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> Iterator[Content]:
        said = list(_helps(self._focused, self._page))
        for words in said:
            yield from (Content(line) for line in (*words.splitlines(), ""))
        yield Content.styled("Keys here", "bold")
        for keys, what in _keys(self._page):
            yield Content.assemble((f"{keys:>14}", "bold $text-accent"), f"  {what}")


def _helps(focused: Widget | None, page: Screen[object]) -> Iterator[str]:
    """What the focused widget says of itself, and those it is in, out to the page."""
    widgets = focused.ancestors_with_self if focused is not None else (page,)
    for widget in widgets:
        if text := getattr(widget, "HELP", ""):
            yield text.strip()


def _keys(page: Screen[object]) -> Iterator[tuple[str, str]]:
    """The keys that do something here, with what they do."""
    found: dict[str, list[str]] = {}
    for active in page.active_bindings.values():
        binding = active.binding
        if binding.action.startswith(_GENERAL):
            continue
        if what := binding.description or binding.tooltip:
            name = binding.key_display or _NAMES.get(binding.key, binding.key)
            found.setdefault(what, []).append(name)
    for what, keys in found.items():
        yield " ".join(keys), what
