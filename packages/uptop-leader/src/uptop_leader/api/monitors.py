"""`/api/v1/monitors`: what is watched and how it stands; pause, resume, recheck."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import anyio.to_thread
import msgspec
from msgspec import Meta
from msgspec.structs import asdict, replace

from uptop_core.api_answers import Done, MonitorDetail, MonitorList, PushAddress
from uptop_core.api_bodies import Several
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.editing import Editing
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.configuration import ConfigChange
from uptop_leader.edits.monitors import Monitors
from uptop_leader.past_views import range_views, region_views
from uptop_leader.refusals import BadRequest, Conflict, NotThere
from uptop_leader.reliability import DAY_S, RANGES
from uptop_leader.states import Status
from uptop_leader.views import monitor_view, monitor_views

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.responses import Response

    from uptop_core.views import MonitorView
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview
    from uptop_leader.configuration import Configuration

_TOPIC = "monitors"
_JSON = "application/json"
_STATUSES = [*(one.value for one in Status), *(one.value.lower() for one in Status)]


class MonitorQuery(Paged, frozen=True, kw_only=True):
    """Which monitors are listed: those that fit every filter; of one that is given several times,
    any. `name` is a part of the name.
    """

    status: tuple[Annotated[str, Meta(extra_json_schema={"enum": _STATUSES})], ...] = ()
    tag: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    name: str = ""
    parent: str = ""


class MonitorEndpoints:
    """What people and their programs read and do of monitors."""

    def __init__(self, leader: Leader, overview: Overview) -> None:
        self._leader = leader
        self._overview = overview
        self._editing = Editing(leader, Monitors(), _TOPIC, Monitor)

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        act = partial(Endpoint, method="POST", topic=_TOPIC, role=Role.EDITOR, answer=Done)
        return [
            Endpoint(
                method="GET", path="/monitors", run=self.list_all, topic=_TOPIC,
                summary="List monitors", query=MonitorQuery, answer=MonitorList, tagged=True,
            ),
            Endpoint(
                method="GET", path="/monitors/{id}", run=self.one, topic=_TOPIC,
                summary="The status of a monitor, and its settings", answer=MonitorDetail, tagged=True,
            ),
            *self._editing.endpoints(),
            act(path="/pause", run=self.pause, summary="Pause monitors", body=Several),
            act(path="/resume", run=self.resume, summary="Resume monitors", body=Several),
            act(path="/recheck", run=self.recheck, summary="Recheck monitors now", body=Several),
            act(path="/monitors/{id}/pause", run=self.pause, summary="Pause a monitor"),
            act(path="/monitors/{id}/resume", run=self.resume, summary="Resume a monitor"),
            Endpoint(
                method="POST", path="/monitors/{id}/push-address", run=self.push_address,
                topic=_TOPIC, role=Role.EDITOR, answer=PushAddress, refuses=(409,),
                summary="The address that a push job calls",
            ),
            act(
                path="/monitors/{id}/recheck", run=self.recheck, refuses=(409,),
                summary="Recheck a monitor now",
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The monitors that match the filters."""
        views = monitor_views(await self._overview.snapshot())
        chosen, more = page(_filtered(views, call.query), lambda view: view.id, call.query)
        body = msgspec.json.encode(MonitorList(monitors=chosen, next=more))
        return tagged(call.request, body, _JSON)

    async def one(self, call: Call) -> Response:
        """One monitor as in the list, with its windows and regions (24 h)."""
        snapshot, monitor = await self._overview.snapshot(), self._wanted(call.part("id"))
        view = monitor_view(snapshot, monitor)
        store, now = self._leader.store, snapshot.now
        region_of = {node.id: node.region for node in self._leader.nodes.values()}
        ask = anyio.to_thread.run_sync
        windows = await ask(partial(store.reliability, monitor.id, now, RANGES))
        regional = await ask(partial(store.regional, monitor.id, region_of, now, DAY_S))
        facts: dict[str, Any] = asdict(view)
        facts |= {"ranges": range_views(windows), "by_region": region_views(view.votes, regional)}
        detail = MonitorDetail(**facts, settings=self._editing.settings(call, monitor))
        return self._editing.shown(call.request, monitor, detail)

    async def pause(self, call: Call) -> Response:
        """Pause one monitor or several, in one transaction."""
        return await self._set_paused(call, paused=True)

    async def resume(self, call: Call) -> Response:
        """Resume one monitor or several, in one transaction."""
        return await self._set_paused(call, paused=False)

    async def recheck(self, call: Call) -> Response:
        """Have one monitor or several rechecked by all their nodes."""
        wanted = self._meant(call, self._leader.monitors)
        asked = await self._leader.look_again(wanted)
        left = tuple(one for one in wanted if one not in asked)
        if call.body is None and left:
            raise Conflict("it is paused, or no node checks it")
        if asked:
            await self._leader.note(call.actor, "rechecked", self._names(asked))
        return json_answer(Done(done=asked, left=left))

    async def push_address(self, call: Call) -> Response:
        """The path with the token of a push monitor, for who sets up the job. It is noted who asked,
        since a token is a secret.
        """
        monitor = self._wanted(call.part("id"))
        if not isinstance(monitor.check, PushCheck) or not monitor.check.token:
            raise Conflict("it is no push monitor")
        await self._leader.note(call.actor, "push address shown", monitor.name)
        return json_answer(PushAddress(path=f"/api/push/{quote(monitor.check.token, safe='')}"))

    async def _set_paused(self, call: Call, *, paused: bool) -> Response:
        done: list[str] = []
        wanted: list[str] = []

        def edit(configuration: Configuration) -> ConfigChange:
            known = {one.id: one for one in configuration.monitors}
            wanted.extend(self._meant(call, known))
            moved = [known[one] for one in wanted if known[one].paused is not paused]
            done.extend(one.id for one in moved)
            return ConfigChange(put_monitors=tuple(replace(one, paused=paused) for one in moved))

        await self._leader.edit(edit, call.actor)
        left = tuple(one for one in wanted if one not in done)
        return json_answer(Done(done=tuple(done), left=left))

    def _meant(self, call: Call, known: Collection[str]) -> tuple[str, ...]:
        """The monitors that are meant, each once. Raises NotThere, BadRequest."""
        if call.body is None:
            if call.part("id") not in known:
                raise NotThere("no monitor has this id")
            return (call.part("id"),)
        meant: tuple[str, ...] = call.body.monitors
        for place, one in enumerate(meant):
            if one not in known:
                raise BadRequest(f"monitors[{place}]", "no monitor has this id")
        return tuple(dict.fromkeys(meant))

    def _names(self, ids: Collection[str]) -> str:
        monitors = self._leader.monitors
        shown = ", ".join(monitors[one].name for one in list(ids)[:5] if one in monitors)
        return shown if len(ids) <= 5 else f"{shown} and {len(ids) - 5} more"

    def _wanted(self, id: str) -> Monitor:
        monitor = self._leader.monitors.get(id)
        if monitor is None:
            raise NotThere("no monitor has this id")
        return monitor


def _filtered(views: tuple[MonitorView, ...], query: MonitorQuery) -> list[MonitorView]:
    statuses = {_status(word) for word in query.status}
    part = query.name.casefold()
    return [
        view
        for view in views
        if (not statuses or view.status in statuses)
        and (not query.type or view.type in query.type)
        and (not query.tag or not set(query.tag).isdisjoint(view.tags))
        and (not query.parent or view.parent == query.parent)
        and part in view.name.casefold()
    ]


def _status(word: str) -> str:
    try:
        return Status(word.upper()).value
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise BadRequest("status", f"must be one of {known}") from None
