"""A field on the screen: its label, what it is filled in with, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from uptop_tui.forms.fields import Shape
from uptop_tui.forms.inputs import Filled, Line, entry_in, input_for

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widget import Widget

    from uptop_tui.forms.drafts import Draft
    from uptop_tui.forms.entries import Entry
    from uptop_tui.forms.fields import Field

LIVE_S = 0.4
"""How long after the last key a field is looked at."""


_HOW = {
    Shape.TEXT: "",
    Shape.LINES: "several lines; Tab goes on",
    Shape.YES_NO: "Space turns it over",
    Shape.CHOICE: "left and right change it, Enter opens the list",
    Shape.ONE_OF: "Enter opens the list",
    Shape.SOME_OF: "Enter opens the list",
}
_PLAIN_TO_SEE = (Shape.WORDS, *_HOW)


def explained(field: Field) -> str:
    """What a field is for, and how it is filled in where that is not plain to see."""
    how = _HOW.get(field.shape, field.shape.value)
    return (
        field.help
        if field.help and field.shape in _PLAIN_TO_SEE
        else "; ".join(filter(None, [field.help, how]))
    )


class FieldRow(Grid):
    """One field of a draft."""

    DEFAULT_CSS = """
    FieldRow {
        height: auto;
        max-width: 120;
        grid-size: 2;
        grid-columns: 20 1fr;
        grid-rows: auto;
        grid-gutter: 0 1;
        & > .label { color: $foreground; }
        & > .problem { column-span: 2; padding-left: 21; color: $text-error; display: none; }
        &.-wrong > .problem { display: block; }
        &.-wrong > .label { color: $text-error; text-style: bold; }
        &.-focused > .label { text-style: bold reverse; }
        & > Line, & > Lines, & > YesNo, & > Chosen { background: $panel; padding: 0; width: 1fr; }
        & > YesNo:focus, & > Chosen:focus { background: $primary-muted; text-style: bold; }
        & > Line:focus, & > Lines:focus { background: $primary-muted; }
    }
    """

    class Changed(Message):
        """Something else stands in the field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Judge(Message):
        """It is time to say what is wrong with the field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field, entry: Entry, problem: str = "") -> None:
        super().__init__()
        self.field = field
        self.problem = problem
        self._entry = entry
        self._is_touched = False
        self._timer: Timer | None = None

    @property
    def HELP(self) -> str:  # type: ignore[override]  # of this field, not of the class
        return f"{self.field.label}: {explained(self.field)}"

    def compose(self) -> ComposeResult:
        star = " *" if self.field.required else ""
        yield Static(Content(f"{self.field.label}{star}"), classes="label")
        yield input_for(self.field, self._entry)
        yield Static("", classes="problem")

    def on_mount(self) -> None:
        self.show_problem(self.problem)

    @property
    def input(self) -> Widget:
        """What the field is filled in with."""
        return self.children[1]

    @property
    def entry(self) -> Entry:
        """What stands in it now, even if nobody has been told yet."""
        return entry_in(self.input, self._entry)

    @property
    def is_to_judge(self) -> bool:
        """Whether it was filled in since something was said of it."""
        return self._is_touched

    def take(self) -> Entry:
        """What stands in it now, which then is no news: nobody is told of it any more."""
        self._entry = self.entry
        return self._entry

    def show_problem(self, words: str) -> None:
        """Say what is wrong with it; nothing, if nothing is. That stands until it is filled in
        anew.
        """
        self.problem = words
        self._is_touched = False
        if self._timer is not None:
            self._timer.stop()
        self.query_one(".problem", Static).update(Content(f"▲ {words}"))
        self.set_class(bool(words), "-wrong")

    def show_secret(self, *, is_shown: bool) -> None:
        """Show what is typed into a secret field, or stars."""
        if self.field.secret and isinstance(self.input, Line):
            self.input.password = not is_shown

    def on_filled(self, event: Filled) -> None:
        event.stop()
        if self.entry == self._entry:
            return
        self._entry = self.entry
        self._is_touched = True
        self.post_message(self.Changed(self))
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(LIVE_S, self._judge)

    def on_descendant_focus(self) -> None:
        self.add_class("-focused")

    def on_descendant_blur(self) -> None:
        self.remove_class("-focused")
        if self._is_touched:
            self._judge()

    def _judge(self) -> None:
        self.post_message(self.Judge(self))


class Section(Vertical):
    """Fields that are folded away until somebody wants them: then they are made."""

    DEFAULT_CSS = """
    Section {
        height: auto;
        & > Vertical { height: auto; display: none; margin-bottom: 1; }
        &.-open > Vertical { display: block; }
    }
    """

    def __init__(self, title: str, fields: tuple[Field, ...], draft: Draft) -> None:
        super().__init__()
        self.title = title
        self.fields = fields
        self._draft = draft
        self.is_open = False

    def compose(self) -> ComposeResult:
        yield SectionTitle(self._words())
        yield Vertical()

    def _words(self) -> str:
        count = sum(1 for field in self.fields if self._is_set(field))
        note = f" ({count} set)" if count else ""
        return f"{'▾' if self.is_open else '▸'} {self.title}{note}"

    def _is_set(self, field: Field) -> bool:
        entry = self._draft.entries[field.name]
        return entry != self._draft.unset[field.name]

    def refresh_title(self) -> None:
        """Count anew what is set."""
        self.query_one(SectionTitle).update(Content(self._words()))

    async def open(self, *, is_open: bool = True) -> None:
        """Show the fields, or fold them away."""
        self.is_open = is_open
        inner = self.query_one(Vertical)
        if is_open and not inner.children:
            relevant = self._draft.relevant
            rows = [FieldRow(field, self._draft.entries[field.name]) for field in self.fields]
            for row in rows:
                row.display = row.field.name in relevant
            await inner.mount_all(rows)
        self.set_class(is_open, "-open")
        self.refresh_title()


class SectionTitle(Static, can_focus=True):
    """The name of a section; Enter or a click opens and folds it."""

    HELP = "More fields, which may be left as they are. Enter opens and folds them."
    DEFAULT_CSS = """
    SectionTitle { color: $text-accent; text-style: bold; }
    SectionTitle:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", "Open or fold", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("left", "turn(0)", show=False),
    ]

    def __init__(self, words: str) -> None:
        super().__init__(Content(words))

    async def action_turn(self, is_open: int | None = None) -> None:
        """Open the section, or fold it."""
        section = self.parent
        assert isinstance(section, Section)  # noqa: S101  a title stands in a section only
        await section.open(is_open=not section.is_open if is_open is None else bool(is_open))

    async def on_click(self) -> None:
        await self.action_turn()
