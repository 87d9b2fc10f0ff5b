"""From the command line to the screen: log in where that is needed, and go from leader to leader."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from uptop_core.errors import ConfigError
from uptop_tui.app import UptopApp
from uptop_tui.screens.login import LoginApp

if TYPE_CHECKING:
    from uptop_tui.leaders import KeptLeader, Leaders

QUIT, BROKEN = 0, 1


def open_screen(leader: KeptLeader | None, leaders: Leaders) -> int:
    """Run until somebody quits; the exit code. Without a leader, or a token, one is asked for."""
    while True:
        if leader is None or not leader.token:
            login = LoginApp(leaders, leader)
            leader = login.run()
            if leader is None:
                return login.return_code or QUIT
        with suppress(ConfigError):  # which one was used last is worth no trouble
            if leaders.read().find(leader.name) == leader:
                leaders.use(leader.name)
        app = UptopApp(leader, leaders=leaders)
        leader = app.run()
        if leader is None:
            return app.return_code or QUIT
