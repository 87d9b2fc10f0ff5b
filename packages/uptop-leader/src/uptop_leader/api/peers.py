"""`/api/health`: how this node is; and what a follower and the probes say with that question."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from uptop_core.wire import POLL_HEADER, SIGHTING_HEADER, PeerPoll, PeerSighting
from uptop_leader.api.access import is_browser
from uptop_leader.api.answers import json_answer
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader, Pairing
    from uptop_leader.store.node_keys import NodeKey

T = TypeVar("T")


class Peers:
    """The endpoint between two leaders, which load balancers may ask as well."""

    def __init__(self, leader: Leader, access: Access, pairing: Pairing | None) -> None:
        self._leader = leader
        self._access = access
        self._pairing = pairing

    async def health(self, request: Request) -> Response:
        """`GET /api/health`: open; a wrong secret is told all the same.

        What somebody says with it counts only with the secret, where there is one, and what a probe
        says with its key too.
        """
        settings, token = self._leader.settings, ""
        shows_secret = self._access.check_secret(request)
        is_known = shows_secret or not settings.cluster_secret
        may_say = shows_secret or (is_known and not is_browser(request))
        key = await self._access.teller(request)
        if key is None and not shows_secret:  # of a thousand nodes with one secret each asks
            self._access.stranger(request)
        if may_say and self._pairing is not None and POLL_HEADER in request.headers:
            token = await self._pairing.polled(_read(request, POLL_HEADER, PeerPoll))
        elif SIGHTING_HEADER in request.headers:
            sighting = _read(request, SIGHTING_HEADER, PeerSighting)
            may_tell = may_say and not settings.require_node_keys
            if self._pairing is not None and (may_tell or _is_of(key, sighting)):
                await self._pairing.told(sighting)
        health = replace(self._leader.health(), token=token)
        if not is_known:
            health = replace(health, why="", copy=None)
        return json_answer(health, 200 if health.status == "ok" else 503)


def _is_of(key: NodeKey | None, sighting: PeerSighting) -> bool:
    return key is not None and key.node == sighting.node


def _read(request: Request, header: str, into: type[T]) -> T:
    try:
        return msgspec.json.decode(request.headers[header], type=into)
    except msgspec.DecodeError as error:
        raise BadRequest(header, str(error).replace("`", "'")) from None
