"""How a table of rows is painted: a heading, and a line for each row, kept until it changes.

Columns that do not fit are dropped, the least needed first. Where the cursor is and what is chosen
is told by signs, not by colour alone. Text is never read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size, Spacing
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from uptop_tui.screens.columns import GAP, Column, fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.style import Style

Cell = str | Content
Cells = tuple[Cell, ...]
"""One for each column, in their order."""

_KEPT = 500  # painted lines, more than any screen has
CURSOR, CHOSEN = "›", "◉"


class PaintedRows(ScrollView):
    """Rows by id, in the order of `ids`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--header", "rows--cursor", "rows--chosen"}
    DEFAULT_CSS = """
    PaintedRows {
        background: $background;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        .rows--header { color: $text-muted; text-style: bold; background: $surface; }
        .rows--cursor { background: $block-cursor-blurred-background; }
        .rows--chosen { background: $accent-muted; }
        &:focus .rows--cursor { background: $primary-muted; text-style: bold; }
    }
    """
    cursor: reactive[int] = reactive(0, repaint=False)
    empty: reactive[str] = reactive("")

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "nothing here yet",
        chooses: bool = False,
        id: str | None = None,
    ) -> None:
        """`empty` is said where there are no rows. With `chooses` there is room for its sign."""
        super().__init__(id=id)
        self.ids: list[str] = []
        self.chosen: set[str] = set()
        self.columns = tuple(columns)
        self.empty = empty
        self.margin = 3 if chooses else 2
        self._cells: dict[str, Cells] = {}
        self._strips: dict[tuple[str, bool, bool], Strip] = {}
        self._heading: Strip | None = None
        self._widths: list[tuple[int, int]] = []
        self._marks: dict[str, str] = {}
        self._without: frozenset[str] = frozenset()

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

    def leave_out(self, columns: frozenset[str]) -> None:
        """Columns (their keys) in which no row has a word: they take no room."""
        if columns != self._without:
            self._without = columns
            self._resize()
            self.refresh()

    def mark(self, column: str, sign: str) -> None:
        """Put a sign such as ▲ at one heading, and take it from the others."""
        self._marks = {column: sign}
        self._heading = None
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The kept lines themselves where there is no border to draw: Textual would make others of
        them, each time that one scrolls to another place, and divide and filter those anew.
        """
        if self.styles.gutter != Spacing() or self.opacity < 1:
            return super().render_lines(crop)
        filters, (_, background) = self.get_line_filters(), self.background_colors
        strips = [self.render_line(y) for y in crop.line_range]
        for each in filters:
            strips = [strip.apply_filter(each, background) for strip in strips]
        if crop.column_span != (0, self.region.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        if y == 0:
            if self._heading is None:
                self._heading = self._header()
            return self._heading
        place = y - 1 + self.scroll_offset.y
        if place >= len(self.ids):
            words = self._said_instead(y - 2) if not self.ids else Content("")
            return self._painted(words, self.visual_style)
        id = self.ids[place]
        is_cursor, is_chosen = place == self.cursor, id in self.chosen
        key = (id, is_cursor, is_chosen)
        if (strip := self._strips.get(key)) is None:
            if len(self._strips) >= _KEPT:
                self._strips.clear()
            strip = self._strips[key] = self._row(id, is_cursor, is_chosen)
        return strip

    def _said_instead(self, line: int) -> Content:
        """A line of what is said where there are no rows."""
        room = self.scrollable_content_region.width - self.margin
        lines = Content(self.empty).wrap(max(1, room))
        shown = lines[line] if 0 <= line < len(lines) else Content("")
        return Content.assemble(" " * self.margin, shown)

    def _header(self) -> Strip:
        parts = []
        for index, room in self._widths:
            column = self.columns[index]
            title = column.title + self._marks.get(column.key, "")
            parts.append(_sized(title, room, right=column.right))
        line = Content(" " * self.margin + (" " * GAP).join(part.plain for part in parts))
        return self._painted(line, self.get_visual_style("rows--header"))

    def _row(self, id: str, is_cursor: bool, is_chosen: bool) -> Strip:
        cells = self._cells.get(id, ("",) * len(self.columns))
        signs = (CURSOR if is_cursor else " ") + (CHOSEN if is_chosen else " ")
        parts = [Content(f"{signs[: self.margin - 1]} ")]
        for number, (index, room) in enumerate(self._widths):
            if number:
                parts.append(Content(" " * GAP))
            parts.append(_sized(cells[index], room, right=self.columns[index].right))
        names = [*(["rows--chosen"] if is_chosen else ()), *(["rows--cursor"] if is_cursor else ())]
        style = self.get_visual_style(*names) if names else self.visual_style
        return self._painted(Content("").join(parts), style)

    def _painted(self, line: Content, style: Style) -> Strip:
        rendered = line.render(style, end="", parse_style=self.app.stylesheet.parse_style)
        segments = [Segment(text, look.rich_style) for text, look in rendered]
        return Strip(segments).adjust_cell_length(self.content_region.width, style.rich_style)

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
        self._heading = None
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._repaint_all()

    def on_resize(self) -> None:
        self._resize()

    def _resize(self) -> None:
        width = self.scrollable_content_region.width
        self._widths = fitted(self.columns, width - self.margin, self._without)
        self._strips.clear()
        self._heading = None
        self.virtual_size = Size(width, len(self.ids) + 1)


def _sized(cell: Cell, width: int, *, right: bool) -> Content:
    """A cell exactly so wide: cut with an ellipsis, or filled with blanks."""
    content = Content(cell) if isinstance(cell, str) else cell
    content = content.truncate(width, ellipsis=True)
    room = width - content.cell_length
    return content.pad_left(room) if right else content.pad_right(room)
