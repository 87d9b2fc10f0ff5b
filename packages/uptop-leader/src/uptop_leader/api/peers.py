"""`/api/health`: how this node is; and what a follower and the probes say with that question."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from uptop_core.wire import POLL_HEADER, SIGHTING_HEADER, PeerPoll, PeerSighting
from uptop_leader.api.answers import json_answer
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader, Pairing

T = TypeVar("T")


class Peers:
    """The endpoint between two leaders, which load balancers may ask as well."""

    def __init__(self, leader: Leader, access: Access, pairing: Pairing | None) -> None:
        self._leader = leader
        self._access = access
        self._pairing = pairing

    async def health(self, request: Request) -> Response:
        """`GET /api/health`: open; a wrong secret is told all the same.

        What somebody says with it counts only with the secret, where there is one.
        """
        is_known = self._access.check_secret(request) or not self._leader.settings.cluster_secret
        token, pairing = "", self._pairing if is_known else None
        if pairing is not None and POLL_HEADER in request.headers:
            token = await pairing.polled(_read(request, POLL_HEADER, PeerPoll))
        elif pairing is not None and SIGHTING_HEADER in request.headers:
            await pairing.told(_read(request, SIGHTING_HEADER, PeerSighting))
        health = replace(self._leader.health(), token=token)
        if not is_known:
            health = replace(health, why="", copy=None)
        return json_answer(health, 200 if health.status == "ok" else 503)


def _read(request: Request, header: str, into: type[T]) -> T:
    try:
        return msgspec.json.decode(request.headers[header], type=into)
    except msgspec.DecodeError as error:
        raise BadRequest(header, str(error).replace("`", "'")) from None
