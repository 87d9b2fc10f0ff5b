"""`Rows`: a table keyed by id that repaints only the rows that changed.

Cells are put row by row (`put`), and `reorder` says which rows stand where; the cursor stays with
its row, and what was chosen stays chosen. Columns that do not fit are dropped, the least needed
first. Text is never read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from uptop_tui.screens.columns import GAP, Column, fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual import events
    from textual.style import Style

Cell = str | Content
Cells = tuple[Cell, ...]
"""One for each column, in their order."""

_CHOSEN, _NOT_CHOSEN = "◉ ", "  "


class Rows(ScrollView, can_focus=True):
    """A table of rows with an id each. With `chooses`, Space chooses several."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--header", "rows--cursor", "rows--chosen"}
    DEFAULT_CSS = """
    Rows {
        background: $background;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        .rows--header { color: $text-muted; text-style: bold; background: $surface; }
        .rows--cursor { background: $block-cursor-blurred-background; }
        .rows--chosen { background: $accent-muted; }
        &:focus .rows--cursor { background: $primary-muted; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
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
    cursor: reactive[int] = reactive(0, repaint=False)

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
        super().__init__(id=id)
        self.ids: list[str] = []
        self.chosen: set[str] = set()
        self.columns = tuple(columns)
        self.empty = empty
        self._chooses = chooses
        self._places: dict[str, int] = {}
        self._cells: dict[str, Cells] = {}
        self._strips: dict[tuple[str, bool, bool], Strip] = {}
        self._widths: list[tuple[int, int]] = []
        self._marks: dict[str, str] = {}

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
        if self._cells.get(id) == cells:
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

    def mark(self, column: str, sign: str) -> None:
        """Put a sign such as ▲ at one heading, and take it from the others."""
        self._marks = {column: sign}
        self.refresh()

    def in_sight(self) -> tuple[str, ...]:
        """The rows that can be seen now."""
        top = self.scroll_offset.y
        return tuple(self.ids[top : top + max(0, self.size.height - 1)])

    def is_shown(self, column: str) -> bool:
        """Whether there is room for a column."""
        return any(self.columns[index].key == column for index, _ in self._widths)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns; all rows are to be put anew then."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._cells.clear()
            self._resize()
            self.refresh()

    def move_to(self, id: str) -> None:
        """Put the cursor on a row."""
        if (place := self._places.get(id)) is not None:
            self.cursor = place

    # How it is painted

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y == 0:
            return self._header(width)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self.ids):
            words = self.empty if not self.ids and y == 2 else ""
            return self._painted(Content(words), self.visual_style, width)
        id = self.ids[place]
        is_cursor, is_chosen = place == self.cursor, id in self.chosen
        key = (id, is_cursor, is_chosen)
        if (strip := self._strips.get(key)) is None:
            strip = self._strips[key] = self._row(id, is_cursor, is_chosen, width)
        return strip.apply_meta({"row": place})

    def _header(self, width: int) -> Strip:
        parts = []
        for index, room in self._widths:
            column = self.columns[index]
            title = column.title + self._marks.get(column.key, "")
            parts.append(_sized(title, room, right=column.right))
        indent = _NOT_CHOSEN if self._chooses else ""
        line = Content(indent + (" " * GAP).join(part.plain for part in parts))
        return self._painted(line, self.get_visual_style("rows--header"), width)

    def _row(self, id: str, is_cursor: bool, is_chosen: bool, width: int) -> Strip:
        cells = self._cells.get(id, ("",) * len(self.columns))
        parts: list[Content] = []
        if self._chooses:
            parts.append(Content(_CHOSEN if is_chosen else _NOT_CHOSEN))
        for number, (index, room) in enumerate(self._widths):
            if number:
                parts.append(Content(" " * GAP))
            parts.append(_sized(cells[index], room, right=self.columns[index].right))
        names = [*(["rows--chosen"] if is_chosen else ()), *(["rows--cursor"] if is_cursor else ())]
        style = self.get_visual_style(*names) if names else self.visual_style
        return self._painted(Content("").join(parts), style, width)

    def _painted(self, line: Content, style: Style, width: int) -> Strip:
        rendered = line.render(style, end="", parse_style=self.app.stylesheet.parse_style)
        segments = [Segment(text, look.rich_style) for text, look in rendered]
        return Strip(segments).adjust_cell_length(width, style.rich_style)

    def _forget(self, id: str) -> None:
        for is_cursor in (False, True):
            for is_chosen in (False, True):
                self._strips.pop((id, is_cursor, is_chosen), None)

    def _repaint(self, place: int) -> None:
        y = place + 1 - self.scroll_offset.y
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _repaint_all(self) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._repaint_all()

    # How it moves

    def on_resize(self) -> None:
        self._resize()

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

    def _resize(self) -> None:
        width = self.scrollable_content_region.width
        room = width - (len(_CHOSEN) if self._chooses else 0)
        if (widths := fitted(self.columns, room)) != self._widths:
            self._widths = widths
        self._strips.clear()
        self.virtual_size = Size(width, len(self.ids) + 1)

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
        left = len(_CHOSEN) if self._chooses else 0
        for index, width in self._widths:
            if left <= x < left + width + GAP:
                self.post_message(self.HeadingClicked(self, self.columns[index].key))
                return
            left += width + GAP


def _sized(cell: Cell, width: int, *, right: bool) -> Content:
    """A cell exactly so wide: cut with an ellipsis, or filled with blanks."""
    content = Content(cell) if isinstance(cell, str) else cell
    content = content.truncate(width, ellipsis=True)
    room = width - content.cell_length
    return content.pad_left(room) if right else content.pad_right(room)
