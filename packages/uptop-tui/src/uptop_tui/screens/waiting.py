"""While the leader is asked for what a form needs: keys that come meanwhile are for nobody, so that
what one writes into the form too early pauses no monitor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from anyio import CancelScope
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App, ComposeResult

T = TypeVar("T")
PATIENCE_S = 0.5
"""What comes sooner needs no word."""


class WaitScreen(ModalScreen[None]):
    """Stands over a page until an answer is there; Escape waits no longer."""

    HELP = "The leader is being asked. Escape waits no longer."
    DEFAULT_CSS = """
    WaitScreen {
        align: center middle;
        background: transparent;
        Static {
            width: auto;
            padding: 0 2;
            border: round $primary;
            background: $surface;
            display: none;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self._leave = leave

    def compose(self) -> ComposeResult:
        yield Static("asking the leader … esc leaves")

    def on_mount(self) -> None:
        self.set_timer(PATIENCE_S, self._show)

    def _show(self) -> None:
        self.query_one(Static).display = True

    def action_leave(self) -> None:
        """Wait no longer."""
        self._leave()


async def meanwhile(app: App[Any], ask: Callable[[], Awaitable[T]]) -> T | None:
    """The answer; None for who did not want to wait, or has another screen open over the page."""
    if isinstance(app.screen, ModalScreen):
        return None
    with CancelScope() as scope:
        screen = WaitScreen(scope.cancel)
        await app.push_screen(screen)
        try:
            return await ask()
        finally:
            screen.dismiss()
    return None
