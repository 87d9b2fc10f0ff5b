"""What views are made from: the leader's memory, and what the store says, a second old at most."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from uptop_leader.api.recent import Recent
from uptop_leader.ballots import Rules
from uptop_leader.views import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.api.leader import Leader
    from uptop_leader.percents import Observed

KEPT_S = 1.0
DAY_S = 86_400.0
_OPEN = 1000  # open incidents that are counted, at most


class Overview:
    """Gathers what is shown. Statuses are of this moment, uptimes and incidents of this second."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        settings = leader.settings
        self._rules = Rules(constants=settings.timings, strategy=settings.agg_strategy)
        self._uptimes = Recent(self._read_uptimes, leader.clock_now, KEPT_S)
        self._incidents = Recent(self._count_incidents, leader.clock_now, KEPT_S)

    async def snapshot(self, *, uptimes: bool = True) -> Snapshot:
        """Everything that monitors are shown with; the uptimes where they are needed."""
        known = await self._uptimes.get() if uptimes else {}
        leader = self._leader
        return Snapshot(
            now=leader.clock_now(),
            monitors=dict(leader.monitors),
            states=dict(leader.states),
            nodes=dict(leader.nodes),
            standings=dict(leader.standings()),
            uptimes=known,
            rules=self._rules,
        )

    async def open_incidents(self) -> int:
        """How many incidents are open."""
        return await self._incidents.get()

    async def _read_uptimes(self) -> Mapping[str, Observed]:
        leader = self._leader
        return await anyio.to_thread.run_sync(leader.store.uptime, leader.clock_now(), DAY_S)

    async def _count_incidents(self) -> int:
        count = partial(self._leader.store.incidents, open_only=True, limit=_OPEN)
        return len(await anyio.to_thread.run_sync(count))
