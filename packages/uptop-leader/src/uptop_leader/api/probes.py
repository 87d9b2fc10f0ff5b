"""Steps 1 and 6 over HTTP: health, and what probes ask and report (DESIGN 8)."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from uptop_core.wire import (
    BODY_LIMIT,
    RESULTS_LIMIT,
    Registered,
    Registration,
    decode_batch,
)
from uptop_leader.api.answers import flag, json_answer
from uptop_leader.api.bodies import decoded, read_body
from uptop_leader.api.limits import REGISTRATION
from uptop_leader.refusals import BadRequest, TooLarge
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from starlette.requests import Request

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader

_REGISTRATION_LIMIT = 64 * 1024
_decode_registration = msgspec.json.Decoder(Registration).decode


class Probes:
    """The endpoints between nodes."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access

    async def register(self, request: Request) -> Response:
        """`POST /api/probe/register`."""
        key = await self._access.node(request)
        body = await read_body(request, _REGISTRATION_LIMIT)
        registration = decoded(body, _decode_registration)
        await self._access.speaks_for(request, key, registration.id)
        self._access.limits.take("registration", registration.id, REGISTRATION)
        region = await self._access.looks_from(request, key, registration.region)
        node = await self._leader.register(
            replace(registration, region=region), self._access.source(request)
        )
        now = to_ms(self._leader.clock_now())
        return json_answer(Registered(id=node.id, name=node.name, region=node.region, now=now))

    async def assignments(self, request: Request) -> Response:
        """`GET /api/probe/assignments?node_id=&wait=`: 304 while nothing is new. With `partly=true`
        the rechecks alone, where the monitors are those that the ETag of the question names.
        """
        key = await self._access.node(request)
        node_id = _node_id(request)
        await self._access.speaks_for(request, key, node_id)
        wait = min(_seconds(request, "wait"), self._leader.settings.timings.poll)
        known = request.headers.get("if-none-match", "").removeprefix("W/").strip('" ')
        partly = flag(request, "partly", default=False)
        etag = self._leader.hear(node_id)
        if known == etag and wait > 0:
            await self._leader.assignments_changed(node_id, etag, wait)
            await self._access.node(request)  # the key may have been revoked meanwhile
            if await request.is_disconnected():  # who died while waiting is not heard with that
                return Response(status_code=HTTPStatus.NOT_MODIFIED)
            etag = self._leader.hear(node_id)
        headers = {"ETag": f'"{etag}"'}
        if known == etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if partly and (rechecks := self._leader.rechecks(node_id, known)) is not None:
            return json_answer(rechecks, headers=headers)
        _, assignments = self._leader.assignments(node_id)
        return json_answer(assignments, headers=headers)

    async def results(self, request: Request) -> Response:
        """`POST /api/probe/results`: answered after the commit."""
        received = self._leader.clock_now()
        key = await self._access.node(request)
        batch = decoded(await read_body(request, BODY_LIMIT), decode_batch)
        await self._access.speaks_for(request, key, batch.node_id)
        if len(batch.results) > RESULTS_LIMIT:
            raise TooLarge(f"a batch may have at most {RESULTS_LIMIT} results")
        return json_answer(await self._leader.submit(batch, received))


def _node_id(request: Request) -> str:
    node_id = request.query_params.get("node_id", "")
    if not node_id:
        raise BadRequest("node_id", "is needed")
    return node_id


def _seconds(request: Request, name: str) -> float:
    written = request.query_params.get(name, "0")
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadRequest(name, "must be a number of seconds, 0 or more")
    return seconds
