"""What is done with monitors, from wherever they are shown: pause, resume, recheck, maintenance, and
what forms are for. A page that shows monitors mixes it in and says which ones are meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_tui.screens.page import Page
from uptop_tui.screens.quick_maintenance import QuickMaintenance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from uptop_core.api_answers import Done

EDITING = frozenset({"pause", "resume", "recheck", "maintenance"})


class ActsOnMonitors(Page):
    """A page on which monitors can be acted on; `meant` are their ids."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause"),
        Binding("u", "resume", "Resume"),
        Binding("r", "recheck", "Recheck"),
        Binding("m", "maintenance", "Maintenance"),
    ]

    def meant(self) -> tuple[str, ...]:
        """The monitors that an action is about."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Viewers are not offered what they may not do."""
        if action in EDITING and self.uptop.role == "viewer":
            return False
        return super().check_action(action, parameters)

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

    def _act(self, word: str, ask: Callable[..., Awaitable[Done]]) -> None:
        if not (meant := self.meant()):
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
