"""Heartbeats of push jobs over HTTP: `curl https://leader/api/push/<token>` is all a job needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_core.outcomes import DETAIL_LIMIT
from uptop_leader.api.access import bearer
from uptop_leader.api.answers import json_answer
from uptop_leader.api.bodies import read_body
from uptop_leader.api.limits import PERSON
from uptop_leader.refusals import BadRequest, NotThere
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader

_BODY_LIMIT = 64 * 1024
_WORDS = ("success", "start", "fail")
_EXIT_CODES = range(256)


class Heartbeats:
    """`/api/push`: the token in the path, in `Authorization: Bearer` or as `?token=`."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access

    async def take(self, request: Request) -> Response:
        """Take one signal. What the job sends along is kept as the detail."""
        params, query = request.path_params, request.query_params
        token = params.get("token") or bearer(request) or query.get("token", "")
        source, hashed = self._access.source(request), token_hash(token)
        if not token:
            self._access.limits.stranger(source)
            raise BadRequest(
                "token", "is needed: /api/push/<token>, ?token= or Authorization: Bearer"
            )
        limits = self._access.limits
        limits.before(source, hashed)
        if limits.is_good(hashed):  # of others no count is kept: anybody can make them up
            limits.take("push", hashed, PERSON)
        written = params.get("signal") or query.get("signal") or _elsewhere(query)
        signal = _signal(written)
        said = query.get("msg") or query.get("error", "")
        body = await read_body(request, _BODY_LIMIT) or said.encode()
        detail = escape(body.strip(), DETAIL_LIMIT - 1)
        if not await self._leader.heartbeat(token, signal, detail):
            limits.wrong(source, hashed)
            raise NotThere("no push monitor has this token")
        limits.good(hashed)
        return json_answer({"ok": True})


def _elsewhere(query: Mapping[str, str]) -> str:
    """The signal of a job that was set up for Uptime Kuma (`?status=up` or `down`), or for Gatus
    (`?success=true` or `false`).
    """
    written = query.get("status") or query.get("success", "")
    return "success" if written in ("", "up", "true") else "fail"


def _signal(written: str) -> str:
    if written in _WORDS:
        return written
    if written.isascii() and written.isdigit() and len(written) <= 3:
        code = int(written)
        if code in _EXIT_CODES:
            return str(code)
    raise BadRequest("signal", "must be start, success, fail or an exit code from 0 to 255")
