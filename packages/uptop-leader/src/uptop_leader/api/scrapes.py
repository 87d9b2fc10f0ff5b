"""`GET /metrics`. What makes the text is imported with the first scrape: many leaders see none."""

from __future__ import annotations

from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.responses import Response

from uptop_leader.api.access import Role
from uptop_leader.node_views import node_views
from uptop_leader.views import monitor_views

if TYPE_CHECKING:
    from starlette.requests import Request

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview
    from uptop_leader.region_metrics import LatelyText


class Scrapes:
    """Answers Prometheus; for admins and the cluster secret, or everybody if so set."""

    def __init__(self, leader: Leader, access: Access, overview: Overview) -> None:
        self._leader = leader
        self._access = access
        self._overview = overview
        self._version = metadata.version("uptop-leader")

    @cached_property
    def _regions(self) -> LatelyText:
        from uptop_leader.region_metrics import LatelyText

        return LatelyText()

    async def metrics(self, request: Request) -> Response:
        """One scrape. The text is made in a thread: with many monitors it takes a while."""
        from uptop_leader.metrics import Scrape, exposition

        if self._leader.settings.metrics_public:
            self._access.stranger(request)
        else:
            await self._access.person(request, Role.ADMIN)
        snapshot = await self._overview.snapshot()
        incidents = await self._overview.open_incidents()
        store, now = self._leader.store, self._leader.clock_now()
        outbox = await anyio.to_thread.run_sync(store.outbox_depth, now)
        scrape = Scrape(
            version=self._version,
            monitors=monitor_views(snapshot),
            nodes=node_views(snapshot.nodes, snapshot.standings, snapshot.now),
            channels={channel.id: channel.name for channel in self._leader.channels.values()},
            open_incidents=incidents,
            outbox_depth=outbox.waiting,
            outbox_age_s=outbox.oldest_s,
            gauges=self._leader.gauges(),
            lately=self._leader.lately,
        )
        accept = request.headers.get("accept", "")
        body, media_type = await anyio.to_thread.run_sync(exposition, scrape, accept, self._regions)
        headers = {"Cache-Control": "no-store", "Content-Type": media_type}
        return Response(body, headers=headers)
