"""`Rows`: a table keyed by id that repaints only the rows that changed.

Cells are put row by row (`put`), and `reorder` says which rows stand where; the cursor stays with
its row, and what was chosen stays chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from uptop_tui.screens.columns import GAP, Column
from uptop_tui.screens.painted_rows import Cell, Cells, PaintedRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual import events

__all__ = ["Cell", "Cells", "Column", "Rows"]


class Rows(PaintedRows, can_focus=True):
    """A table of rows with an id each. With `chooses`, Space chooses several."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "end(0)", show=False),
        Binding("end,G", "end(1)", show=False),
        Binding("space", "choose", "Choose", show=False),
        Binding("shift+down,J", "choose_on(1)", show=False),
        Binding("shift+up,K", "choose_on(-1)", show=False),
        Binding("ctrl+a", "choose_all", show=False),
    ]

    class Opened(Message):
        """Enter, or a second click on a row."""

        def __init__(self, rows: Rows, row: str) -> None:
            super().__init__()
            self.rows, self.row = rows, row

        @property
        def control(self) -> Rows:
            """The table."""
            return self.rows

    class Moved(Opened):
        """The cursor is on another row."""

    class Chosen(Message):
        """What is chosen has changed."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            """The table."""
            return self.rows

    class HeadingClicked(Message):
        """A click on a heading: the key of its column."""

        def __init__(self, rows: Rows, column: str) -> None:
            super().__init__()
            self.rows, self.column = rows, column

        @property
        def control(self) -> Rows:
            """The table."""
            return self.rows

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "nothing here yet",
        chooses: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(columns, empty=empty, chooses=chooses, id=id)
        self._chooses = chooses
        self._places: dict[str, int] = {}

    # What is in it

    @property
    def current(self) -> str | None:
        """The id of the row the cursor is on."""
        return self.ids[self.cursor] if 0 <= self.cursor < len(self.ids) else None

    def selected(self) -> tuple[str, ...]:
        """What an action is about: what is chosen and shown, else the row the cursor is on."""
        chosen = tuple(id for id in self.ids if id in self.chosen)
        return chosen or ((self.current,) if self.current is not None else ())

    def put(self, id: str, cells: Cells) -> None:
        """The cells of a row, whether it is shown or not. Repaints it only if they differ."""
        if (before := self._cells.get(id)) is not None and _are_same(before, cells):
            return
        self._cells[id] = cells
        self._forget(id)
        if (place := self._places.get(id)) is not None:
            self._repaint(place)

    def reorder(self, ids: Sequence[str]) -> None:
        """Show these rows (all have been put), in this order."""
        if ids == self.ids:
            return
        current, was = self.current, self.cursor
        self.ids = list(ids)
        self._places = {id: place for place, id in enumerate(self.ids)}
        self._resize()
        place = self._places.get(current, was) if current is not None else was
        self.set_reactive(Rows.cursor, max(0, min(place, len(self.ids) - 1)))
        self._follow_cursor()
        if self.current != current:
            self._told_of_cursor()
        self.refresh()

    def fill(self, rows: Iterable[tuple[str, Cells]]) -> None:
        """Show these rows and forget all others."""
        given = dict(rows)
        for id in self._cells.keys() - given.keys():
            self.forget(id)
        for id, cells in given.items():
            self.put(id, cells)
        self.reorder(list(given))

    def forget(self, id: str) -> None:
        """A row that is no more; call `reorder` after it."""
        self._cells.pop(id, None)
        self._forget(id)
        if id in self.chosen:
            self.chosen.discard(id)
            self.post_message(self.Chosen(self))

    def words(self, id: str) -> dict[str, str]:
        """What a row says, by the keys of the columns."""
        cells = self._cells[id]
        return {
            column.key: str(cell).strip() for column, cell in zip(self.columns, cells, strict=True)
        }

    def move_to(self, id: str) -> None:
        """Put the cursor on a row."""
        if (place := self._places.get(id)) is not None:
            self.cursor = place

    # How it moves

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._repaint_all()

    def watch_cursor(self, old: int, new: int) -> None:
        self._repaint(old)
        self._repaint(new)
        self._follow_cursor()
        self._told_of_cursor()

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.ids) - 1))

    def _follow_cursor(self) -> None:
        visible = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + visible:
            self.scroll_to(y=self.cursor - visible + 1, animate=False, force=True)

    def _told_of_cursor(self) -> None:
        if self.current is not None:
            self.post_message(self.Moved(self, self.current))

    def action_move(self, by: int) -> None:
        """Up or down."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.cursor += by * max(1, self.size.height - 2)

    def action_end(self, is_last: int) -> None:
        """To the first or the last row."""
        self.cursor = len(self.ids) - 1 if is_last else 0

    def action_open(self) -> None:
        """Open the row the cursor is on."""
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where nothing is chosen, that is not offered."""
        if action.startswith("choose") and not self._chooses:
            return False
        return super().check_action(action, parameters)

    def action_choose(self) -> None:
        """Choose the row the cursor is on, or let go of it."""
        if self._chooses and self.current is not None:
            self.choose(self.chosen ^ {self.current})

    def action_choose_on(self, by: int) -> None:
        """Choose the row and go on."""
        if self._chooses and self.current is not None:
            self.choose(self.chosen | {self.current})
            self.cursor += by
            self.choose(self.chosen | {self.current})

    def action_choose_all(self) -> None:
        """Choose all that are shown; once more: none."""
        if self._chooses:
            shown = set(self.ids)
            self.choose(set() if shown <= self.chosen else self.chosen | shown)

    def choose(self, ids: set[str]) -> None:
        """Exactly these are chosen."""
        for id in ids ^ self.chosen:
            if (place := self._places.get(id)) is not None:
                self._repaint(place)
        self.chosen = set(ids)
        self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self._click_heading(event.x)
        elif (place := event.y - 1 + self.scroll_offset.y) < len(self.ids):
            is_second = place == self.cursor and event.chain > 1
            self.cursor = place
            if event.ctrl:
                self.action_choose()
            elif is_second:
                self.action_open()

    def _click_heading(self, x: int) -> None:
        left = self.margin
        for index, width in self._widths:
            if left <= x < left + width + GAP:
                self.post_message(self.HeadingClicked(self, self.columns[index].key))
                return
            left += width + GAP


def _are_same(before: Cells, after: Cells) -> bool:
    """Whether they look the same; contents of the same text may differ in style."""
    return len(before) == len(after) and all(
        one.is_same(other)
        if isinstance(one, Content) and isinstance(other, Content)
        else type(one) is type(other) and one == other
        for one, other in zip(before, after, strict=True)
    )
