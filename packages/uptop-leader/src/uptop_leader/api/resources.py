"""`/api/v1`: monitors, nodes, incidents and channels to read; a test message to send."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec

from uptop_core.views import ChannelList, IncidentList, MonitorList, NodeList
from uptop_leader.api.access import Role
from uptop_leader.api.answers import flag, json_answer, tagged, unix_ms
from uptop_leader.incident_views import channel_view, incident_view
from uptop_leader.node_views import node_views
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.states import Status
from uptop_leader.views import monitor_views

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_core.views import MonitorView
    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview

_PAGE = 100
_PAGE_LIMIT = 1000
_JSON = "application/json"


class Resources:
    """What people and their programs read."""

    def __init__(self, leader: Leader, access: Access, overview: Overview) -> None:
        self._leader = leader
        self._access = access
        self._overview = overview

    async def monitors(self, request: Request) -> Response:
        """`GET /api/v1/monitors?status=&tag=&type=&name=`; a filter may be given several times."""
        await self._access.person(request, Role.VIEWER)
        query = request.query_params
        statuses = {_status(word) for word in query.getlist("status")}
        tags, kinds = set(query.getlist("tag")), set(query.getlist("type"))
        part = query.get("name", "").casefold()

        def wanted(view: MonitorView) -> bool:
            return (
                (not statuses or view.status in statuses)
                and (not kinds or view.type in kinds)
                and (not tags or not tags.isdisjoint(view.tags))
                and part in view.name.casefold()
            )

        views = monitor_views(await self._overview.snapshot())
        chosen = MonitorList(monitors=tuple(view for view in views if wanted(view)))
        return tagged(request, msgspec.json.encode(chosen), _JSON)

    async def nodes(self, request: Request) -> Response:
        """`GET /api/v1/nodes`."""
        await self._access.person(request, Role.VIEWER)
        leader = self._leader
        views = node_views(leader.nodes, leader.standings(), leader.clock_now())
        return tagged(request, msgspec.json.encode(NodeList(nodes=views)), _JSON)

    async def incidents(self, request: Request) -> Response:
        """`GET /api/v1/incidents?open=true&monitor=&limit=&before=`, the newest first."""
        await self._access.person(request, Role.VIEWER)
        query = request.query_params
        limit = _whole(query.get("limit", str(_PAGE)), "limit", 1, _PAGE_LIMIT)
        before = query.get("before")
        ask = partial(
            self._leader.store.incidents,
            open_only=flag(request, "open", default=False),
            monitor=query.get("monitor"),
            limit=limit,
            before=None if before is None else _whole(before, "before", 0, 2**53) / 1000,
        )
        found = await anyio.to_thread.run_sync(ask)
        views = tuple(incident_view(incident, self._leader.nodes) for incident in found)
        more = unix_ms(found[-1].started) if len(found) == limit else None
        return tagged(request, msgspec.json.encode(IncidentList(incidents=views, next=more)), _JSON)

    async def incident(self, request: Request) -> Response:
        """`GET /api/v1/incidents/{id}`, with its evidence."""
        await self._access.person(request, Role.VIEWER)
        store = self._leader.store
        incident = await anyio.to_thread.run_sync(store.incident, request.path_params["id"])
        if incident is None:
            raise NotThere("no incident has this id")
        view = incident_view(incident, self._leader.nodes, with_evidence=True)
        return tagged(request, msgspec.json.encode(view), _JSON)

    async def channels(self, request: Request) -> Response:
        """`GET /api/v1/channels`."""
        await self._access.person(request, Role.VIEWER)
        known = await anyio.to_thread.run_sync(self._leader.store.channel_health)
        health = {one.channel: one for one in known}
        channels = self._leader.channels.values()
        views = tuple(channel_view(channel, health.get(channel.id)) for channel in channels)
        return tagged(request, msgspec.json.encode(ChannelList(channels=views)), _JSON)

    async def test_channel(self, request: Request) -> Response:
        """`POST /api/v1/channels/{id}/test`: 200 with `ok`, and the error when it is false."""
        await self._access.person(request, Role.EDITOR)
        channel_id = request.path_params["id"]
        if channel_id not in self._leader.channels:
            raise NotThere("no channel has this id")
        error = await self._leader.test_channel(channel_id)
        return json_answer({"ok": error is None, "error": error or ""})


def _status(word: str) -> str:
    try:
        return Status(word.upper()).value
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise BadRequest("status", f"must be one of {known}") from None


def _whole(written: str, field: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", written) or not least <= int(written) <= most:
        raise BadRequest(field, f"must be a whole number from {least} to {most}")
    return int(written)
