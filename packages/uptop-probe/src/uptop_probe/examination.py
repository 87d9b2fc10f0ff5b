"""What `uptop-probe doctor` looks at: settings, clock, permissions, its line, its leaders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core import examining
from uptop_core.examining import Finding, Level
from uptop_probe.probe import leader_clients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from uptop_probe.settings import ProbeSettings


async def findings(settings: ProbeSettings) -> AsyncIterator[Finding]:
    """Everything, one after the other. Nothing is registered, and no result is reported."""
    yield examining.python()
    for line, mend in settings.warnings():
        yield Finding(Level.WARNING, "settings", line, mend)
    yield examining.clock()
    for finding in examining.pings():
        yield finding
    async for finding in examining.canaries(settings.canaries, settings.vantage):
        yield finding
    async with leader_clients(settings) as clients:
        for client in clients:
            node = settings.node_id if settings.node_key else examining.NOBODY
            for finding in await examining.leader(client, node):
                yield finding
