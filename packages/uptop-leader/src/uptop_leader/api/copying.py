"""What a follower copies from this leader, and gives back to it. For who has the cluster secret."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import msgspec
from anyio import to_thread

from uptop_leader.api.answers import json_answer
from uptop_leader.api.bodies import decoded, read_body
from uptop_leader.copying.words import Gift
from uptop_leader.refusals import BadRequest
from uptop_leader.store.change_log import THINGS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Pairing

_LONGEST_S = 10.0
_LOOK_S = 0.25  # how often a held question looks for news
_GIFT_LIMIT = 32 * 1024 * 1024
_decode_gift = msgspec.json.Decoder(Gift).decode


class Copying:
    """The endpoints between a leader and the follower that copies it."""

    def __init__(self, pairing: Pairing, access: Access) -> None:
        self._pairing = pairing
        self._access = access

    async def changes(self, request: Request) -> Response:
        """`GET /api/follower/changes?after=&wait=`: held while nothing changes."""
        await self._access.peer(request)
        after, wait = _whole(request, "after"), _whole(request, "wait", most=_LONGEST_S)
        copies = self._pairing.copies
        with anyio.move_on_after(wait):
            while (  # noqa: ASYNC110  another process may write it
                not self._pairing.is_stopping and await to_thread.run_sync(copies.newest) == after
            ):
                await anyio.sleep(_LOOK_S)
        return json_answer(await to_thread.run_sync(copies.changes, after))

    async def rows(self, request: Request) -> Response:
        """`GET /api/follower/rows?thing=&beyond=`: all rows of a thing, some at a time."""
        await self._access.peer(request)
        thing = request.query_params.get("thing", "")
        if thing not in THINGS:
            raise BadRequest("thing", f"must be one of {', '.join(THINGS)}")
        beyond = tuple(request.query_params.getlist("beyond"))
        if beyond and len(beyond) != len(THINGS[thing]):
            raise BadRequest("beyond", f"of {thing} has {len(THINGS[thing])} parts")
        page = await to_thread.run_sync(self._pairing.copies.rows, thing, beyond or None)
        return json_answer(page)

    async def digests(self, request: Request) -> Response:
        """`GET /api/follower/digests?after=&since=`: what all rows come to, at that change."""
        await self._access.peer(request)
        after, since = _whole(request, "after"), _whole(request, "since")
        return json_answer(await to_thread.run_sync(self._pairing.copies.digests, after, since))

    async def results(self, request: Request) -> Response:
        """`GET /api/follower/results?boot=&after=`: results in the order they were stored."""
        await self._access.peer(request)
        boot, after = request.query_params.get("boot", ""), _whole(request, "after")
        return json_answer(self._pairing.ring.after(boot, after))

    async def history(self, request: Request) -> Response:
        """`GET /api/follower/history?since=`: stored results from a moment on."""
        await self._access.peer(request)
        since = _whole(request, "since")
        return json_answer(await to_thread.run_sync(self._pairing.copies.history, since))

    async def ledgers(self, request: Request) -> Response:
        """`GET /api/follower/ledgers`: which results are stored."""
        await self._access.peer(request)
        return json_answer(await to_thread.run_sync(self._pairing.copies.ledgers))

    async def give(self, request: Request) -> Response:
        """`POST /api/follower/give`: taken while the follower is active and this node is not."""
        await self._access.peer(request)
        gift = decoded(await read_body(request, _GIFT_LIMIT), _decode_gift)
        await self._pairing.take_gift(gift)
        return json_answer({"ok": True})


def _whole(request: Request, name: str, *, most: float = math.inf) -> int:
    written = request.query_params.get(name, "0")
    if not written.isascii() or not written.isdigit() or len(written) > 18:
        raise BadRequest(name, "must be a whole number, 0 or more")
    return int(min(int(written), most))
