"""What is done with an incident, from wherever one is shown: acknowledge it, write about it, open its
monitor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from uptop_core.escaping import escape
from uptop_tui.screens import editing
from uptop_tui.screens.monitor import MonitorPage
from uptop_tui.screens.note import NoteScreen
from uptop_tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.views import IncidentView


class ActsOnIncidents(Page):
    """A page on which an incident can be acted on; `meant` is the one."""

    FOR_EDITORS = frozenset({"acknowledge", "write"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "Acknowledge"),
        Binding("w", "write", "Write a post"),
        Binding("m", "monitor", "Monitor"),
    ]

    def meant(self) -> IncidentView | None:
        """The incident that an action is about."""
        raise NotImplementedError  # each page says for itself

    def taken(self) -> None:
        """Called when the leader has done something with it."""
        raise NotImplementedError  # each page says for itself

    def commands(self) -> Iterable[SystemCommand]:
        """Actions, for the palette."""
        incident = self.meant()
        if incident is None:
            return
        name = escape(incident.name, 60)
        if self.uptop.role != "viewer" and incident.ended is None:
            yield SystemCommand(
                "Acknowledge (a)", f"take on the incident of {name}", self.action_acknowledge
            )
        if self.uptop.role != "viewer":
            yield SystemCommand(
                "Write a post (w)",
                f"tell people about {name} on the status page",
                self.action_write,
            )
        yield SystemCommand("Monitor (m)", f"see {name} in full", self.action_monitor)

    def action_acknowledge(self) -> None:
        """Take it on, with a note."""
        incident = self.meant()
        if incident is None:
            self.nothing_here()
            return
        name = escape(incident.name, 60)
        if incident.ended is not None:
            self.uptop.tell(f"the incident of {name} is over", is_error=True)
            return
        words = f"Reminders about {name} end with it. A note for the others, or nothing:"
        self.app.push_screen(
            NoteScreen("Acknowledge", words, "I look into it"),
            lambda note: self._acknowledge(incident, note),
        )

    def _acknowledge(self, incident: IncidentView, note: str | None) -> None:
        if note is None:
            return
        name = escape(incident.name, 60)

        def said(_: IncidentView) -> str:
            self.taken()
            return f"{name}: acknowledged"

        self.uptop.do(lambda: self.uptop.client.acknowledge(incident.id, note), said)

    def action_write(self) -> None:
        """Write about it for the status page, on in its thread where there is one."""
        if (incident := self.meant()) is not None:
            self.uptop.do(lambda: self._write(incident), str)
        else:
            self.nothing_here()

    async def _write(self, incident: IncidentView) -> str:
        posts = (await self.uptop.client.posts(incident=incident.id)).posts
        last = posts[0] if posts and posts[0].kind != "resolved" else None
        return await editing.write_post(
            self.uptop,
            last=last,
            incident=incident.id,
            monitors=(incident.monitor,),
            title="" if last is not None else incident.name,
        )

    def action_monitor(self) -> None:
        """Open the page of its monitor."""
        incident = self.meant()
        if incident is None:
            self.nothing_here()
        elif incident.monitor in self.uptop.picture.monitors:
            self.app.push_screen(MonitorPage(incident.monitor))
        else:
            self.uptop.tell("its monitor is no more", is_error=True)
