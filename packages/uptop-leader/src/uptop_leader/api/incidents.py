"""`/api/v1/incidents` and `/api/v1/transitions`: what happened; and who takes it on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
import msgspec
from msgspec import Meta, Struct

from uptop_core.api_answers import IncidentList, TransitionList
from uptop_core.api_bodies import AcknowledgeBody, Moment
from uptop_core.views import IncidentView
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Cursor, Limit, opened, sealed
from uptop_leader.incident_views import incident_view, transition_view
from uptop_leader.refusals import NotThere
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.incidents import Incident

_TOPIC = "incidents"
_JSON = "application/json"
_PAGE = 100


class IncidentQuery(Struct, frozen=True, kw_only=True):
    """Which incidents are listed: those that are open, of a monitor (an id), that started at or
    after `since` and before `before`.
    """

    open: bool = False
    monitor: str | None = None
    since: Moment | None = None
    before: Moment | None = None
    limit: Limit = _PAGE
    cursor: Cursor = ""


class TransitionQuery(Struct, frozen=True, kw_only=True):
    """Which transitions are listed: those of a monitor (an id), or all."""

    monitor: str | None = None
    limit: Limit = _PAGE
    cursor: Cursor = ""


class _After(Struct, frozen=True, array_like=True):
    started_ms: Moment
    id: str


class _Before(Struct, frozen=True, array_like=True):
    number: Annotated[int, Meta(ge=0, lt=2**62)]


class IncidentEndpoints:
    """What people and their programs read and do of incidents."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        return [
            Endpoint(
                method="GET", path="/incidents", run=self.list_all, topic=_TOPIC,
                summary="List incidents, the newest first", query=IncidentQuery,
                answer=IncidentList, tagged=True,
            ),
            Endpoint(
                method="GET", path="/incidents/{id}", run=self.one, topic=_TOPIC,
                summary="An incident with its evidence", answer=IncidentView, tagged=True,
            ),
            Endpoint(
                method="POST", path="/incidents/{id}/acknowledge", run=self.acknowledge,
                topic=_TOPIC, summary="Acknowledge an open incident", role=Role.EDITOR,
                body=AcknowledgeBody, optional_body=True, answer=IncidentView, refuses=(409,),
            ),
            Endpoint(
                method="GET", path="/transitions", run=self.transitions, topic=_TOPIC,
                summary="List changes of belief and status, the newest first",
                query=TransitionQuery, answer=TransitionList, tagged=True,
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The incidents that match the filters, without evidence."""
        query = call.query
        beyond = opened(query.cursor, _After) if query.cursor else None
        ask = partial(
            self._leader.store.incidents,
            open_only=query.open,
            monitor=query.monitor,
            limit=query.limit + 1,
            before=None if query.before is None else query.before / 1000,
            since=None if query.since is None else query.since / 1000,
            beyond=None if beyond is None else (beyond.started_ms / 1000, beyond.id),
        )
        found = await anyio.to_thread.run_sync(ask)
        shown = found[: query.limit]
        more = None
        if len(found) > query.limit:
            more = sealed(_After(to_ms(shown[-1].started), shown[-1].id))
        views = tuple(incident_view(incident, self._leader.nodes) for incident in shown)
        body = msgspec.json.encode(IncidentList(incidents=views, next=more))
        return tagged(call.request, body, _JSON)

    async def one(self, call: Call) -> Response:
        """One incident, with its evidence."""
        return tagged(
            call.request, msgspec.json.encode(self._view(await self._wanted(call))), _JSON
        )

    async def acknowledge(self, call: Call) -> Response:
        """Acknowledge an open incident: no more reminders are sent."""
        wanted = await self._wanted(call)
        taken = await self._leader.acknowledge(wanted.id, call.caller.name, call.body.note)
        await self._leader.note(call.actor, "incident acknowledged", wanted.name, wanted.id)
        return json_answer(self._view(taken))

    async def transitions(self, call: Call) -> Response:
        """The transitions that match the filters, with their evidence."""
        query = call.query
        before = opened(query.cursor, _Before).number if query.cursor else None
        store = self._leader.store
        ask = partial(store.numbered_transitions, query.monitor, query.limit + 1, before)
        found = await anyio.to_thread.run_sync(ask)
        shown = found[: query.limit]
        more = sealed(_Before(shown[-1][0])) if len(found) > query.limit else None
        monitors, nodes = self._leader.monitors, self._leader.nodes
        views = tuple(transition_view(one, monitors, nodes) for _, one in shown)
        body = msgspec.json.encode(TransitionList(transitions=views, next=more))
        return tagged(call.request, body, _JSON)

    def _view(self, incident: Incident) -> IncidentView:
        return incident_view(incident, self._leader.nodes, with_evidence=True)

    async def _wanted(self, call: Call) -> Incident:
        store = self._leader.store
        incident = await anyio.to_thread.run_sync(store.incident, call.part("id"))
        if incident is None:
            raise NotThere("no incident has this id")
        return incident
