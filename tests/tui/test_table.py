"""The table by id: what is repainted, where the cursor stays, which columns fit."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Region

from uptop_tui.screens.columns import Column, fitted
from uptop_tui.screens.table import Rows

COLUMNS = (
    Column(key="name", title="NAME", width=10, share=1),
    Column(key="votes", title="VOTES", width=5, rank=1, right=True),
    Column(key="about", title="ABOUT", width=20, rank=2),
)


class _Watched(Rows):
    """Notes what it is asked to paint anew."""

    painted: list[Region]

    def refresh(self, *regions: Region, **facts: bool) -> Rows:  # type: ignore[override]
        self.__dict__.setdefault("painted", []).extend(regions)
        return super().refresh(*regions, **facts)


class _Table(App[None]):
    def compose(self) -> ComposeResult:
        yield _Watched(COLUMNS, empty="nothing", chooses=True)

    @property
    def rows(self) -> _Watched:
        return self.query_one(_Watched)


def test_the_least_needed_columns_are_dropped_and_the_rest_is_shared() -> None:
    assert fitted(COLUMNS, 40) == [(0, 13), (1, 5), (2, 20)]
    assert fitted(COLUMNS, 36) == [(0, 30), (1, 5)]
    assert fitted(COLUMNS, 12) == [(0, 12)]
    assert fitted(COLUMNS, 8) == [(0, 8)]
    assert fitted(COLUMNS, 5) == [(0, 6)]
    assert fitted(COLUMNS, 36, {"votes"}) == [(0, 15), (2, 20)]


def test_where_not_even_what_is_needed_fits_names_are_cut_before_what_is_short() -> None:
    needed = (
        Column(key="status", title="STATUS", width=13),
        Column(key="name", title="NAME", width=19, share=1),
        Column(key="votes", title="VOTES", width=6),
    )
    assert fitted(needed, 37) == [(0, 13), (1, 16), (2, 6)]
    assert fitted(needed, 26) == [(0, 12), (1, 6), (2, 6)]


@pytest.mark.anyio
async def test_only_the_row_that_changed_is_painted_anew() -> None:
    app = _Table()
    async with app.run_test(size=(60, 10)) as pilot:
        app.rows.fill((name, (name, "1/1", "")) for name in "abc")
        await pilot.pause()
        app.rows.painted.clear()
        app.rows.put("b", ("b", "0/1", ""))
        app.rows.put("c", ("c", "1/1", ""))
        assert [(region.y, region.height) for region in app.rows.painted] == [(2, 1)]
        app.rows.put("b", (Content.styled("b", "bold"), "0/1", ""))
        assert len(app.rows.painted) == 2


@pytest.mark.anyio
async def test_a_row_that_is_scrolled_to_another_line_is_not_made_anew() -> None:
    app = _Table()
    async with app.run_test(size=(60, 10)) as pilot:
        app.rows.fill((f"r{number}", (f"row {number}", "", "")) for number in range(40))
        await pilot.pause()
        before = app.rows.render_lines(app.rows.size.region)
        await pilot.press(*["down"] * 12)
        await pilot.pause()
        by = app.rows.scroll_offset.y
        after = app.rows.render_lines(app.rows.size.region)
        assert by > 0
        assert after[0] is before[0]
        assert all(one is other for one, other in zip(before[2 + by :], after[2:], strict=False))
        assert [strip.cell_length for strip in after] == [60] * len(after)


@pytest.mark.anyio
async def test_the_cursor_and_what_is_chosen_stay_with_their_rows() -> None:
    app = _Table()
    async with app.run_test(size=(60, 10)) as pilot:
        app.rows.fill((name, (name, "", "")) for name in "abc")
        await pilot.press("down", "space")
        app.rows.reorder(["c", "b", "a"])
        assert (app.rows.current, app.rows.selected()) == ("b", ("b",))
        app.rows.fill((name, (name, "", "")) for name in "ca")
        assert (app.rows.current, app.rows.selected()) == ("a", ("a",))
        app.rows.fill(())
        assert (app.rows.current, app.rows.selected()) == (None, ())


@pytest.mark.anyio
async def test_text_is_never_markup_and_is_cut_to_its_column() -> None:
    app = _Table()
    async with app.run_test(size=(60, 10)) as pilot:
        app.rows.fill((("x", ("[red]x[/red]" + "y" * 60, "1/1", "")),))
        await pilot.pause()
        line = app.rows.render_line(1).text
        assert line.startswith("›  [red]x[/red]yyy")
        assert "… " in line
        assert len(line) == app.rows.content_region.width


@pytest.mark.anyio
async def test_a_click_moves_and_a_second_one_opens() -> None:
    opened: list[str] = []

    class Clicked(_Table):
        def on_rows_opened(self, event: Rows.Opened) -> None:
            opened.append(event.row)

    app = Clicked()
    async with app.run_test(size=(60, 10)) as pilot:
        app.rows.fill((name, (name, "", "")) for name in "abc")
        await pilot.pause()
        await pilot.click(_Watched, offset=(5, 3))
        assert app.rows.current == "c"
        await pilot.click(_Watched, offset=(5, 2), times=2)
        assert opened == ["b"]
