"""One monitor in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widgets import Static

from uptop_tui.screens.acting import ActsOnMonitors

if TYPE_CHECKING:
    from uptop_tui.picture import Changes, Picture


class MonitorPage(ActsOnMonitors):
    TITLE = "Monitor"

    def __init__(self, monitor: str) -> None:
        super().__init__()
        self.monitor = monitor

    def body(self) -> ComposeResult:
        yield Static("")

    def meant(self) -> tuple[str, ...]:
        return (self.monitor,)

    def show(self, picture: Picture, changes: Changes) -> None:
        pass
