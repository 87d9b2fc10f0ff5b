"""Heartbeats of push jobs over HTTP: `curl https://leader/api/push/<token>` is all a job needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_core.outcomes import DETAIL_LIMIT
from uptop_leader.api.access import bearer
from uptop_leader.api.answers import json_answer
from uptop_leader.api.bodies import read_body
from uptop_leader.refusals import BadRequest, NotThere

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.leader import Leader

_BODY_LIMIT = 64 * 1024
_WORDS = ("success", "start", "fail")
_EXIT_CODES = range(256)


class Heartbeats:
    """`/api/push`: the token in the path, in `Authorization: Bearer` or as `?token=`."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

    async def take(self, request: Request) -> Response:
        """Take one signal. What the job sends along is kept as the detail."""
        params = request.path_params
        token = params.get("token") or bearer(request) or request.query_params.get("token", "")
        if not token:
            raise BadRequest(
                "token", "is needed: /api/push/<token>, ?token= or Authorization: Bearer"
            )
        signal = _signal(params.get("signal") or request.query_params.get("signal", "success"))
        body = await read_body(request, _BODY_LIMIT)
        detail = escape(body.strip(), DETAIL_LIMIT - 1)
        if not await self._leader.heartbeat(token, signal, detail):
            raise NotThere("no push monitor has this token")
        return json_answer({"ok": True})


def _signal(written: str) -> str:
    if written in _WORDS:
        return written
    if written.isascii() and written.isdigit() and len(written) <= 3:
        code = int(written)
        if code in _EXIT_CODES:
            return str(code)
    raise BadRequest("signal", "must be start, success, fail or an exit code from 0 to 255")
