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
    from uptop_leader.incidents import Incident
    from uptop_leader.percents import Observed

KEPT_S = 1.0
DAY_S = 86_400.0
_PAST = 20  # past incidents on the status page
_OPEN = 1000  # open incidents that are looked at, at most


class Overview:
    """Gathers what is shown. Statuses are of this moment, uptimes and incidents of this second."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        settings = leader.settings
        self._rules = Rules(constants=settings.timings, strategy=settings.agg_strategy)
        self._uptimes = Recent(self._read_uptimes, leader.clock_now, KEPT_S)
        self._incidents = Recent(self._read_incidents, leader.clock_now, KEPT_S)

    async def snapshot(self) -> Snapshot:
        """Everything that monitors are shown with."""
        uptimes = await self._uptimes.get()
        leader = self._leader
        return Snapshot(
            now=leader.clock_now(),
            monitors=dict(leader.monitors),
            states=dict(leader.states),
            nodes=dict(leader.nodes),
            standings=dict(leader.standings()),
            uptimes=uptimes,
            rules=self._rules,
        )

    async def incidents(self) -> tuple[Incident, ...]:
        """All open incidents and the newest past ones, the newest first."""
        return await self._incidents.get()

    async def _read_uptimes(self) -> Mapping[str, Observed]:
        leader = self._leader
        return await anyio.to_thread.run_sync(leader.store.uptime, leader.clock_now(), DAY_S)

    async def _read_incidents(self) -> tuple[Incident, ...]:
        store = self._leader.store
        still = await anyio.to_thread.run_sync(
            partial(store.incidents, open_only=True, limit=_OPEN)
        )
        newest = await anyio.to_thread.run_sync(partial(store.incidents, limit=_PAST))
        found = {incident.id: incident for incident in (*still, *newest)}
        return tuple(sorted(found.values(), key=lambda item: item.started, reverse=True))
