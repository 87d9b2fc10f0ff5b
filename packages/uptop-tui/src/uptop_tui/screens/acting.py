"""What is done with monitors, from wherever they are shown: pause, resume, recheck, maintenance, and
what forms are for. A page that shows monitors mixes it in and says which ones are meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_tui.screens import editing
from uptop_tui.screens.page import Page
from uptop_tui.screens.quick_maintenance import QuickMaintenance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from uptop_core.api_answers import Done


class ActsOnMonitors(Page):
    """A page on which monitors can be acted on; `meant` are their ids."""

    FOR_EDITORS = frozenset(
        {"pause", "resume", "recheck", "maintenance", "add", "edit", "remove", "plan"}
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause"),
        Binding("u", "resume", "Resume"),
        Binding("r", "recheck", "Recheck"),
        Binding("m", "maintenance", "Maintenance"),
        Binding("M", "plan", "Plan a maintenance", show=False),
        Binding("e", "edit", "Edit"),
        Binding("d,delete", "remove", "Remove", show=False),
    ]

    def meant(self) -> tuple[str, ...]:
        """The monitors that an action is about."""
        raise NotImplementedError  # each page says for itself

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        if self.uptop.role == "viewer" or not self.meant():
            return
        about = self._named(self.meant())
        yield SystemCommand("Pause (p)", f"stop watching {about}", self.action_pause)
        yield SystemCommand("Resume (u)", f"watch {about} again", self.action_resume)
        yield SystemCommand("Recheck now (r)", f"have {about} looked at now", self.action_recheck)
        yield SystemCommand(
            "Maintenance (m)", f"tell nobody of {about} for a while", self.action_maintenance
        )
        yield SystemCommand(
            "Plan a maintenance (M)", f"of {about}, once or again and again", self.action_plan
        )
        if len(self.meant()) == 1:
            yield SystemCommand("Edit (e)", f"change how {about} is watched", self.action_edit)
        yield SystemCommand("Remove (d)", f"watch {about} no more", self.action_remove)

    def action_pause(self) -> None:
        """Watch them no more for now."""
        self._act("paused", self.uptop.client.pause)

    def action_resume(self) -> None:
        """Watch them again."""
        self._act("resumed", self.uptop.client.resume)

    def action_recheck(self) -> None:
        """Have them looked at now, by all nodes."""
        self._act("being rechecked", self.uptop.client.recheck)

    def action_maintenance(self) -> None:
        """Begin a maintenance now."""
        if meant := self.meant():
            self.app.push_screen(QuickMaintenance(meant, self._named(meant)))
        else:
            self.nothing_here()

    def action_plan(self) -> None:
        """Plan a maintenance, once or again and again."""
        app, meant = self.uptop, self.meant()
        app.do(lambda: editing.plan_maintenance(app, meant), str)

    def action_edit(self) -> None:
        """Change the settings of one."""
        app, meant = self.uptop, self.meant()
        if len(meant) == 1:
            app.do(lambda: editing.edit(app, "monitors", meant[0]), str)
        elif meant:
            app.tell("one monitor is edited at a time: choose one, or none", is_error=True)
        else:
            self.nothing_here()

    def action_remove(self) -> None:
        """Remove them, once that was confirmed."""
        app = self.uptop
        views = app.picture.monitors
        names = {id: views[id].name for id in self.meant() if id in views}
        if names:
            app.do(lambda: editing.remove(app, "monitors", names), str)
        else:
            self.nothing_here()

    def _act(self, word: str, ask: Callable[..., Awaitable[Done]]) -> None:
        if not (meant := self.meant()):
            self.nothing_here()
            return
        named = self._named(meant)

        def said(done: Done) -> str:
            if not done.left:
                return f"{named}: {word}"
            if not done.done:
                return f"{named}: there was nothing to do"
            return f"{len(done.done)} {word}, {len(done.left)} left as they were"

        self.uptop.do(lambda: ask(*meant), said)

    def _named(self, ids: tuple[str, ...]) -> str:
        if len(ids) > 1:
            return f"{len(ids)} monitors"
        view = self.uptop.picture.monitors.get(ids[0])
        return escape(view.name, 60) if view is not None else "the monitor"
