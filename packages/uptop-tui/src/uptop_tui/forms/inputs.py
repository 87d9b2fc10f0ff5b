"""What a field is filled in with, one widget for each way; all tell of a new entry alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from uptop_core.escaping import escape
from uptop_tui.forms.entries import entry_of
from uptop_tui.forms.fields import Field, Shape
from uptop_tui.forms.reading import Setting
from uptop_tui.screens.pick import PickScreen
from uptop_tui.signs import QUIET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.widget import Widget

    from uptop_tui.forms.entries import Entry
    from uptop_tui.forms.fields import Option

_LONG = (Shape.LINES, Shape.ITEMS, Shape.PAIRS, Shape.MARKED, Shape.JSON)
_CHOSEN = (Shape.CHOICE, Shape.ONE_OF, Shape.SOME_OF)
_LABEL_LIMIT = 120


class Filled(Message):
    """Something else may stand in a field now: `entry_in` tells what."""


class Line(Input):
    """One line of text."""

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Filled())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()


class Lines(TextArea):
    """Several lines of text; Tab goes on to the next field."""

    DEFAULT_CSS = """
    Lines {
        height: auto;
        min-height: 1;
        max-height: 8;
    }
    """
    HELP = "Several lines; Tab goes on to the next field."

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(Filled())


class YesNo(Static, can_focus=True):
    """Yes or no: Space or a click turns it over."""

    HELP = "Space turns it over."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "turn", "Turn over", show=False),
        Binding("left,n", "set(0)", show=False),
        Binding("right,y", "set(1)", show=False),
    ]

    def __init__(self, *, is_yes: bool) -> None:
        super().__init__()
        self.is_yes = is_yes

    def render(self) -> Content:
        return Content("[x] yes" if self.is_yes else "[ ] no")

    def action_turn(self) -> None:
        """Yes becomes no, and no yes."""
        self.action_set(0 if self.is_yes else 1)

    def action_set(self, is_yes: int) -> None:
        """Say yes, or no."""
        if self.is_yes != bool(is_yes):
            self.is_yes = bool(is_yes)
            self.refresh()
            self.post_message(Filled())

    def on_click(self) -> None:
        self.action_turn()


class Chosen(Static, can_focus=True):
    """One or several of a list, which Enter opens. Left and right go through a choice of one."""

    HELP = "Enter opens the list to choose from; left and right take the one before and after."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "Choose", show=False),
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("delete,backspace", "empty", "Empty", show=False),
    ]

    def __init__(self, field: Field, entry: Entry) -> None:
        super().__init__()
        self._field = field
        self._several = field.shape is Shape.SOME_OF
        values = entry if isinstance(entry, tuple) else (str(entry),)
        self._values = tuple(value for value in values if value)

    def render(self) -> Content:
        labels = {str(option.value): option.label for option in self._field.options}
        words = [escape(labels.get(value, value), _LABEL_LIMIT) for value in self._values]
        shown = Content(", ".join(words)) if words else Content.styled("none", QUIET)
        return Content.assemble(shown, ("  ▾", QUIET))

    @property
    def entry(self) -> Entry:
        """What is chosen."""
        return self._values if self._several else "".join(self._values)

    def action_step(self, by: int) -> None:
        """The one before, or after."""
        options: Sequence[Option] = self._field.options
        if self._several or not options:
            return
        known = [str(option.value) for option in options]
        at = known.index(self._values[0]) if self._values and self._values[0] in known else -by
        self._take((known[max(0, min(at + by, len(known) - 1))],))

    def action_empty(self) -> None:
        """Choose none, where that may be."""
        if not self._field.required and (self._several or self._field.default is None):
            self._take(())

    def action_open(self) -> None:
        """Choose from the list."""
        field = self._field
        can_be_none = not field.required and field.default is None
        screen = PickScreen(
            field.label,
            field.options,
            self._values,
            several=self._several,
            empty="none" if can_be_none else "",
        )
        self.app.push_screen(screen, self._picked)

    def _picked(self, values: tuple[str, ...] | None) -> None:
        if values is not None:
            known = [str(option.value) for option in self._field.options]
            self._take(
                tuple(sorted(values, key=lambda one: known.index(one) if one in known else 0))
            )

    def _take(self, values: tuple[str, ...]) -> None:
        if values != self._values:
            self._values = values
            self.refresh(layout=True)
            self.post_message(Filled())

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_open()


def input_for(field: Field, entry: Entry) -> Widget:
    """What the field is filled in with; an entry stands in it."""
    if isinstance(entry, bool):
        return YesNo(is_yes=entry)
    if field.shape in _CHOSEN or isinstance(entry, tuple):
        return Chosen(field, entry)
    if field.shape in _LONG:
        return Lines(entry, compact=True, highlight_cursor_line=False, soft_wrap=True)
    return Line(entry, compact=True, password=field.secret, placeholder=_placeholder(field))


def entry_in(widget: Widget, otherwise: Entry) -> Entry:
    """What stands in one of these widgets now."""
    match widget:
        case Line():
            return widget.value
        case Lines():
            return widget.text
        case YesNo():
            return widget.is_yes
        case Chosen():
            return widget.entry
    return otherwise


def _placeholder(field: Field) -> str:
    if field.default in (None, "", [], ()):
        return "" if field.required else field.empty or "none"
    return str(entry_of(field, field.default, Setting()))
