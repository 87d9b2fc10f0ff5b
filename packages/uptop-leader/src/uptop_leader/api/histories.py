"""`/api/v1/monitors/{id}/history`: how a monitor was; `/api/v1/sla`: how all of them were."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import anyio.to_thread
import msgspec
from msgspec import Meta, Struct

from uptop_core.api_answers import SlaList
from uptop_core.history_views import HistoryView
from uptop_leader.api.answers import tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.api.recent import Recent
from uptop_leader.past_views import (
    day_views,
    range_view,
    region_histories,
    region_views,
    sla_view,
)
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.reliability import DAY_S, RANGES
from uptop_leader.views import monitor_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview
    from uptop_leader.reliability import Reliability

T = TypeVar("T")
KEPT_S = 5.0
"""How old the windows of all monitors may be: of a year of thousands they take a moment."""


class HistoryQuery(Struct, frozen=True, kw_only=True):
    """How far back."""

    range: Annotated[str, Meta(extra_json_schema={"enum": list(RANGES)})] = "24h"


class SlaQuery(Paged, frozen=True, kw_only=True):
    """How far back."""

    range: Annotated[str, Meta(extra_json_schema={"enum": list(RANGES)})] = "30d"


class HistoryEndpoints:
    """What people and their programs read of the past of monitors."""

    def __init__(self, leader: Leader, overview: Overview) -> None:
        self._leader = leader
        self._overview = overview
        self._windows = {
            name: Recent(partial(self._window, seconds), leader.clock_now, KEPT_S)
            for name, seconds in RANGES.items()
        }

    def endpoints(self) -> list[Endpoint]:
        """Both."""
        return [
            Endpoint(
                method="GET", path="/monitors/{id}/history", run=self.history, topic="monitors",
                summary="Uptime, days and latencies of a monitor", query=HistoryQuery,
                answer=HistoryView, tagged=True,
            ),
            Endpoint(
                method="GET", path="/sla", run=self.sla, topic="monitors",
                summary="Uptime, outages, MTTR and MTBF of all monitors", query=SlaQuery,
                answer=SlaList, tagged=True,
            ),
        ]  # fmt: skip

    async def history(self, call: Call) -> Response:
        """The range as a whole, its days, and its latencies by region."""
        name = _range(call.query.range)
        snapshot = await self._overview.snapshot()
        monitor = self._leader.monitors.get(call.part("id"))
        if monitor is None:
            raise NotThere("no monitor has this id")
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
        return tagged(call.request, msgspec.json.encode(view), "application/json")

    async def sla(self, call: Call) -> Response:
        """A window of every monitor. The pages of a list may be some seconds apart in it."""
        name = _range(call.query.range)
        found = await self._windows[name].get()
        views = [
            sla_view(monitor, name, found[monitor.id])
            for monitor in self._leader.monitors.values()
            if monitor.id in found
        ]
        chosen, more = page(views, lambda view: view.monitor, call.query)
        body = msgspec.json.encode(SlaList(sla=chosen, next=more))
        return tagged(call.request, body, "application/json")

    async def _window(self, seconds: float) -> Mapping[str, Reliability]:
        store = self._leader.store
        return await _read(partial(store.reliability_of_all, self._leader.clock_now(), seconds))

    def _region_of(self) -> dict[str, str]:
        return {node.id: node.region for node in self._leader.nodes.values()}


def _range(name: str) -> str:
    if name not in RANGES:
        raise BadRequest("range", f"must be one of {', '.join(RANGES)}")
    return name


async def _read(ask: Callable[[], T]) -> T:
    """What the store says, without holding up anybody meanwhile."""
    return await anyio.to_thread.run_sync(ask)
