"""Choosing from a list: one, or several; typing narrows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as Line

from uptop_core.escaping import escape
from uptop_tui.signs import QUIET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult

    from uptop_tui.forms.fields import Option

_SHORT = 20  # lines that are in sight anyway
_SHOWN_LIMIT = 500  # lines at once: who looks for another one types
_LABEL_LIMIT = 200


def narrowed(options: Sequence[Option], words: str) -> list[Option]:
    """Those whose labels have all of the words in them, first those that begin with them."""
    begin, wanted = words.casefold().strip(), words.casefold().split()
    found = [one for one in options if all(word in one.label.casefold() for word in wanted)]
    return sorted(found, key=lambda one: not one.label.casefold().startswith(begin))


class Words(Input):
    """What narrows the list; where several may be chosen, Space is not for words: it marks."""

    def __init__(self, *, marks: bool) -> None:
        super().__init__(placeholder="type to narrow the list", compact=True)
        self._marks = marks

    async def _on_key(self, event: events.Key) -> None:
        if self._marks and event.key == "space":
            event.prevent_default().stop()
            await self.run_action("screen.mark")
        else:
            await super()._on_key(event)


class PickScreen(ModalScreen[tuple[str, ...] | None]):
    """Gives the values that were chosen, as texts; None for none of it all."""

    HELP = (
        "Type to narrow the list. Up and down move, Enter takes the line. Where several may be"
        " chosen, Space marks and unmarks, and Enter takes those that are marked."
    )

    DEFAULT_CSS = """
    PickScreen {
        align: center middle;
        #box {
            width: 90%;
            max-width: 100;
            height: auto;
            max-height: 90%;
            padding: 0 1;
            border: round $primary;
            background: $surface;
        }
        OptionList {
            height: auto;
            max-height: 100%;
            border: none;
            padding: 0;
            background: $surface;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        OptionList > .option-list--option-highlighted { text-style: bold reverse; }
        Input { margin-bottom: 1; }
        #whole { dock: bottom; height: 2; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("ctrl+s", "take", show=False),
        Binding("f1", "app.help", "Help", show=False),
    ]

    def __init__(
        self,
        title: str,
        options: Sequence[Option],
        chosen: tuple[str, ...] = (),
        *,
        several: bool = False,
        empty: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._options = list(options)
        if len(options) > _SHORT:  # what is chosen must be seen
            self._options.sort(key=lambda option: str(option.value) not in chosen)
        self._chosen = list(chosen)
        self._several = several
        self._empty = empty

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = escape(self._title, 70)
            yield Words(marks=self._several)
            yield OptionList(compact=True, markup=False)
            yield Static("", id="whole")
            keys = "space marks · enter takes them" if self._several else "enter takes it"
            box.border_subtitle = f"↑↓ move · {keys} · esc leaves"

    def on_mount(self) -> None:
        self._list("")
        self.query_one(Input).focus()

    def _list(self, words: str) -> None:
        lines = self.query_one(OptionList)
        lines.clear_options()
        found = narrowed(self._options, words)
        if self._empty and not self._several and not words:
            lines.add_option(Line(Content.styled(self._empty, QUIET), id="#"))
        lines.add_options(self._line(option) for option in found[:_SHOWN_LIMIT])
        if not found:
            lines.add_option(Line("nothing fits", disabled=True))
        chosen = {f"={one}" for one in self._chosen} if not words else set()
        places = [place for place, line in enumerate(lines.options) if line.id in chosen]
        lines.highlighted = places[0] if places else 0
        if not found:
            self._show_whole("")
        self.call_after_refresh(self._place_cursor)

    def _place_cursor(self) -> None:
        """Have the terminal's own cursor where one types, which moves with the length of the list: who
        magnifies the screen, or has it read aloud, follows it.
        """
        if self.is_current:
            self.app.cursor_position = self.query_one(Input).cursor_screen_offset

    def _line(self, option: Option) -> Line:
        label = escape(option.label, _LABEL_LIMIT)
        value = str(option.value)
        if self._several:
            label = f"{'[x]' if value in self._chosen else '[ ]'} {label}"
        return Line(label, id=f"={value}")

    def _show_whole(self, id: str) -> None:
        """What a line has no room for, without its mark."""
        labels = (one.label for one in self._options if f"={one.value}" == id)
        label = escape(next(labels, ""), _LABEL_LIMIT)
        self.query_one("#whole", Static).update(Content(label))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._list(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_take()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._several:
            self.action_mark()
        else:
            self.action_take()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_whole(event.option.id or "")

    def action_move(self, by: int) -> None:
        """Up or down."""
        lines = self.query_one(OptionList)
        if by > 0:
            lines.action_cursor_down()
        else:
            lines.action_cursor_up()

    def action_mark(self) -> None:
        """Mark a line, or unmark it."""
        lines = self.query_one(OptionList)
        line = lines.highlighted_option
        if line is None or line.id is None:
            return
        value = line.id[1:]
        if value in self._chosen:
            self._chosen.remove(value)
        else:
            self._chosen.append(value)
        option = next(one for one in self._options if str(one.value) == value)
        lines.replace_option_prompt(line.id, self._line(option).prompt)

    def action_take(self) -> None:
        """Take what was chosen."""
        line = self.query_one(OptionList).highlighted_option
        if self._several:
            self.dismiss(tuple(self._chosen))
        elif line is not None and line.id is not None:
            self.dismiss(() if line.id == "#" else (line.id[1:],))

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
