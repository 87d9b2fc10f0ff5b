"""`/api/v1/monitors/{id}` and its history: how a monitor is, and how it was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
import msgspec
from msgspec.structs import replace

from uptop_core.history_views import HistoryView
from uptop_leader.api.access import Role
from uptop_leader.api.answers import tagged
from uptop_leader.past_views import (
    day_views,
    range_view,
    range_views,
    region_histories,
    region_views,
)
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.reliability import DAY_S, RANGES
from uptop_leader.views import monitor_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_core.monitors import Monitor
    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview

T = TypeVar("T")
_JSON = "application/json"


class Histories:
    """What people and their programs read of one monitor."""

    def __init__(self, leader: Leader, access: Access, overview: Overview) -> None:
        self._leader = leader
        self._access = access
        self._overview = overview

    async def monitor(self, request: Request) -> Response:
        """`GET /api/v1/monitors/{id}`: as in the list, with its windows and regions (24 h)."""
        await self._access.person(request, Role.VIEWER)
        snapshot, monitor = await self._overview.snapshot(), self._wanted(request)
        view = monitor_view(snapshot, monitor)
        store, now, region_of = self._leader.store, snapshot.now, self._region_of()
        windows = await _read(partial(store.reliability, monitor.id, now, RANGES))
        regional = await _read(partial(store.regional, monitor.id, region_of, now, DAY_S))
        whole = replace(
            view, ranges=range_views(windows), by_region=region_views(view.votes, regional)
        )
        return tagged(request, msgspec.json.encode(whole), _JSON)

    async def history(self, request: Request) -> Response:
        """`GET /api/v1/monitors/{id}/history?range=24h|7d|30d|90d|1y` (default 24h)."""
        await self._access.person(request, Role.VIEWER)
        name = request.query_params.get("range", "24h")
        if name not in RANGES:
            raise BadRequest("range", f"must be one of {', '.join(RANGES)}")
        snapshot, monitor = await self._overview.snapshot(), self._wanted(request)
        store, now, region_of = self._leader.store, snapshot.now, self._region_of()
        seconds = RANGES[name]
        window = await _read(partial(store.reliability, monitor.id, now, {name: seconds}))
        if name not in window:
            raise NotThere("no monitor has this id")
        days = await _read(partial(store.days, monitor.id, now, max(1, round(seconds / DAY_S))))
        regional = await _read(partial(store.regional, monitor.id, region_of, now, seconds))
        points = await _read(partial(store.points, monitor.id, region_of, now, seconds))
        view = HistoryView(
            range=range_view(name, window[name]),
            days=day_views(days),
            regions=region_views(monitor_view(snapshot, monitor).votes, regional),
            latency=region_histories(points),
        )
        return tagged(request, msgspec.json.encode(view), _JSON)

    def _wanted(self, request: Request) -> Monitor:
        monitor = self._leader.monitors.get(request.path_params["id"])
        if monitor is None:
            raise NotThere("no monitor has this id")
        return monitor

    def _region_of(self) -> dict[str, str]:
        return {node.id: node.region for node in self._leader.nodes.values()}


async def _read(ask: Callable[[], T]) -> T:
    """What the store says, without holding up anybody meanwhile."""
    return await anyio.to_thread.run_sync(ask)
