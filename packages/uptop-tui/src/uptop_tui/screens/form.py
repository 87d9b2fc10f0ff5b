"""A form on the screen: its fields, what is wrong with them, and what the leader says to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from uptop_core.errors import InputError, LeaderError, LeaderRefused
from uptop_tui.forms.inputs import Line, Lines
from uptop_tui.forms.rows import FieldRow, Section, explained
from uptop_tui.screens.confirm import AskScreen, ConfirmScreen
from uptop_tui.screens.foot import Foot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from textual import events
    from textual.app import ComposeResult

    from uptop_tui.forms.drafts import Body, Draft

CHANGED = 412
SETTLE_S = 1.0
_MEANWHILE = "Somebody else changed it meanwhile. Nothing of yours has been saved."
_ANSWERS = (
    ("keep", "Load it anew, and put my changes over it"),
    ("drop", "Load it anew, without my changes"),
    ("", "Go on editing"),
)


class FormBody(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Scrolls with the fields."""

    DEFAULT_CSS = "FormBody { height: 1fr; padding: 0 1; scrollbar-gutter: stable; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]


class FormScreen(ModalScreen[Any]):
    """Gives what `save` gave, or None where nothing was saved.

    `save` sends a body; problems that it is refused with are shown at their fields. `again` reads
    what there is now, after somebody else changed it. `now` is in Unix seconds.
    """

    HELP = (
        "Fields with a * are needed, all others have a default. Up, down, Tab and Enter go from"
        " field to field, Ctrl+S saves, Escape leaves. What is wrong with a field stands below it."
    )

    DEFAULT_CSS = """
    FormScreen {
        background: $background;
        #title { background: $surface; text-style: bold; padding: 0 1; height: 1; }
        #banner { color: $text-error; text-style: bold; padding: 0 1; height: auto; display: none; }
        #banner.-shown { display: block; }
        #help { height: 2; background: $surface; color: $text-muted; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "leave", "Leave"),
        Binding("f1", "app.help", "Help"),
        Binding("f2", "show_secrets", "Show secrets"),
        # With priority: who types fast has the focus moved before the next letter is written.
        Binding("tab", "go(1)", "Next field", show=False, priority=True),
        Binding("shift+tab", "go(-1)", "Field before", show=False, priority=True),
        Binding("down", "go_by_line(1)", "Next field", show=False, priority=True),
        Binding("up", "go_by_line(-1)", "Field before", show=False, priority=True),
        Binding("enter", "go_on", "Next field", show=False, priority=True),
    ]

    def __init__(
        self,
        draft: Draft,
        save: Callable[[Body], Awaitable[Any]],
        *,
        again: Callable[[], Awaitable[Body]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.draft = draft
        self._send = save
        self._again = again
        self._now = now
        self._is_saving = False
        self._are_secrets_shown = False

    # What it is made of

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Lines of text have up and down to themselves, and all but one line Enter; secrets are
        offered to be shown where there are some.
        """
        match action:
            case "go_by_line":
                return not isinstance(self.focused, Lines)
            case "go_on":
                return isinstance(self.focused, Line)
            case "show_secrets":
                return any(field.secret for field in self.draft.form.fields)
        return super().check_action(action, parameters)

    def action_go(self, by: int) -> None:
        """To the next field, or the one before."""
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_go_by_line(self, by: int) -> None:
        """The same, by the keys that go up and down."""
        self.action_go(by)

    def action_go_on(self) -> None:
        """Done with a line: to the next field."""
        self.focus_next()

    def compose(self) -> ComposeResult:
        yield Static(Content(self.draft.form.title), id="title")
        yield Static("", id="banner")
        yield FormBody()
        yield Static("", id="help")
        yield Foot()

    async def on_mount(self) -> None:
        await self._draw()

    async def _draw(self) -> None:
        body, entries = self.query_one(FormBody), self.draft.entries
        await body.remove_children()
        fields = self.draft.form.fields
        first = [FieldRow(one, entries[one.name]) for one in fields if not one.section]
        if first:
            first[-1].styles.margin = (0, 0, 1, 0)
        sections = list(dict.fromkeys(one.section for one in fields if one.section))
        folded = [
            Section(name, tuple(one for one in fields if one.section == name), self.draft)
            for name in sections
        ]
        await body.mount_all([*first, *folded])
        self._show_relevant()
        if first:
            first[0].input.focus()

    def _rows(self) -> Iterator[FieldRow]:
        return iter(self.query(FieldRow))

    def _show_relevant(self) -> None:
        relevant = self.draft.relevant
        for row in self._rows():
            row.display = row.field.name in relevant

    # What is filled in

    def on_field_row_changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        name, entry = event.row.field.name, event.row.entry
        if self.draft.entries[name] != entry:
            self.draft.fill(name, entry)
            self._show_relevant()
            self._banner("")

    def on_field_row_judge(self, event: FieldRow.Judge) -> None:
        """Say what is wrong with a field, now that it was filled in. What the leader said of it
        meanwhile stands.
        """
        event.stop()
        if not event.row.is_to_judge:
            return
        name = event.row.field.name
        words = self.draft.problem(name, self._now())
        event.row.show_problem(words or self.draft.advice(self._now()).get(name, ""))
        for section in self.query(Section):
            section.refresh_title()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        rows = [one for one in event.widget.ancestors_with_self if isinstance(one, FieldRow)]
        words = explained(rows[0].field) if rows else getattr(event.widget, "HELP", "")
        self.query_one("#help", Static).update(Content(words or ""))

    def action_show_secrets(self) -> None:
        """Show what is typed into secret fields, or hide it again."""
        self._are_secrets_shown = not self._are_secrets_shown
        for row in self._rows():
            row.show_secret(is_shown=self._are_secrets_shown)

    # How it ends

    def action_leave(self) -> None:
        """Leave; what was filled in is not lost without a question."""
        if self._is_saving:
            return
        if not self.draft.changed:
            self.dismiss(None)
            return
        question = ConfirmScreen("Leave", "What you have filled in is not saved.", "Leave it")
        self.app.push_screen(question, self._left)

    def _left(self, answer: str | None) -> None:
        if answer:
            self.dismiss(None)

    def action_save(self) -> None:
        """Send it, if no field is wrong by itself."""
        if not self._is_saving:
            self._is_saving = True
            self.run_worker(self._save(), exclusive=True, group="save")

    async def _save(self) -> None:
        try:
            await self._take_all()
            problems = self.draft.problems(self._now())
            await self._show(problems, [])
            if not problems:
                self._banner("saving …", is_wrong=False)
                answer = await self._send(self.draft.body(self._now()))
                while self.app.screen is not self:  # help may stand over it
                    await self.app.pop_screen()
                self.dismiss(answer)
        except LeaderRefused as error:
            await self._refused(error)
        except InputError as error:
            await self._show(*self.draft.placed(error.problems))
        except LeaderError as error:
            self._banner(str(error))
        finally:
            self._is_saving = False

    async def _take_all(self) -> None:
        """Let every field take the keys that were meant for it: who types fast may have saved before
        the last letters were written.
        """
        with anyio.move_on_after(SETTLE_S):
            for row in self._rows():
                taken = anyio.Event()
                row.input.call_later(taken.set)
                await taken.wait()
        for row in self._rows():
            self.draft.fill(row.field.name, row.take())
        self._show_relevant()

    async def _refused(self, error: LeaderRefused) -> None:
        if error.status == CHANGED and self._again is not None:
            self._banner(_MEANWHILE)
            question = AskScreen("Changed meanwhile", _MEANWHILE, _ANSWERS)
            self.app.push_screen(question, self._answered)
        elif error.problems:
            await self._show(*self.draft.placed(error.problems))
        else:
            self._banner(str(error))

    def _answered(self, answer: str | None) -> None:
        if answer:
            self.run_worker(self._load(keep=answer == "keep"), exclusive=True, group="save")

    async def _load(self, *, keep: bool) -> None:
        """Read it anew, as somebody else left it."""
        if self._again is None:
            return
        try:
            self.draft = self.draft.rebase(await self._again(), keep=keep)
        except LeaderError as error:
            self._banner(str(error))
            return
        await self._draw()
        kept = "with your changes over it" if keep else "without your changes"
        self._banner(f"loaded anew, {kept}", is_wrong=False)

    async def _show(self, problems: dict[str, str], loose: list[str]) -> None:
        """Every problem at its field, whose section opens; the first one gets the focus."""
        for section in self.query(Section):
            is_wrong = any(field.name in problems for field in section.fields)
            await section.open(is_open=section.is_open or is_wrong)
        wrong = []
        for row in self._rows():
            row.show_problem(problems.get(row.field.name, ""))
            if row.problem:
                wrong.append(row)
        count = len(wrong)
        fields = f"{count} field{'s are' if count > 1 else ' is'} not right yet" if wrong else ""
        self._banner("; ".join([*loose, *filter(None, [fields])]))
        if wrong:
            wrong[0].input.focus()

    def _banner(self, words: str, *, is_wrong: bool = True) -> None:
        banner = self.query_one("#banner", Static)
        banner.update(Content(f"▲ {words}" if is_wrong and words else words))
        banner.set_class(bool(words), "-shown")
