"""`/api/v1/nodes/{id}/key` and `/api/v1/node-keys`: the keys that nodes show instead of the secret."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
from starlette.responses import Response

from uptop_core.access_answers import NewNodeKey, NodeKeyList, NodeKeyView
from uptop_core.api_bodies import NodeKeyBody, RotateBody
from uptop_core.wire import NodeId
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer, tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.api.standing_by import refuse_on_a_copy
from uptop_leader.live import Name
from uptop_leader.node_keys import PREFIX_LENGTH, new_key
from uptop_leader.refusals import BadRequest, Conflict, NotThere
from uptop_leader.seal import token_hash
from uptop_leader.times import to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.api.access import Access
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.configuration import Actor
    from uptop_leader.store.node_keys import NodeKey


class NodeKeyEndpoints:
    """Adding, rotating, revoking and listing node keys, for admins."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        admin = partial(Endpoint, topic="nodes", role=Role.ADMIN)
        return [
            admin(
                method="GET", path="/node-keys", run=self.list_all, query=Paged,
                summary="List the keys of all nodes", answer=NodeKeyList, tagged=True,
            ),
            admin(
                method="POST", path="/nodes/{id}/key", run=self.add, body=NodeKeyBody,
                optional_body=True, summary="Give a node its key; it is shown only once",
                answer=NewNodeKey, status=201, refuses=(409,),
            ),
            admin(
                method="POST", path="/nodes/{id}/key/rotate", run=self.rotate, body=RotateBody,
                optional_body=True, summary="Give a node another key; it is shown only once",
                answer=NewNodeKey, status=201, refuses=(409,),
            ),
            admin(
                method="DELETE", path="/nodes/{id}/key", run=self.revoke,
                summary="Revoke the keys of a node", status=204, refuses=(409,),
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """All keys, those that are good no more included; also of nodes that never came."""
        found = await anyio.to_thread.run_sync(self._leader.store.node_keys.all)
        chosen, more = page([_view(key) for key in found], lambda view: view.prefix, call.query)
        body = msgspec.json.encode(NodeKeyList(keys=chosen, next=more))
        return tagged(call.request, body, "application/json")

    async def add(self, call: Call) -> Response:
        """The node may be known already, or come later. Only the hash of the key is kept."""
        node, region = self._node(call), call.body.region.lower()
        known = self._leader.nodes.get(node)
        if known is not None and known.own:
            raise Conflict(f"{node!r} is a leader: it needs no key")
        add = partial(self._leader.store.node_keys.add, node, region)
        key = await self._made(call, node, add)
        return _answer(node, region, key)

    async def rotate(self, call: Call) -> Response:
        """The old one is good for a while still, so that the node can be told the new one."""
        node = self._node(call)
        made: list[NodeKey] = []
        turn = self._leader.store.node_keys.rotate

        def rotate(hashed: str, prefix: str, *, now: float, actor: Actor) -> None:
            made.append(turn(node, hashed, prefix, call.body.overlap, now, actor))

        key = await self._made(call, node, rotate)
        return _answer(node, made[0].region, key)

    async def revoke(self, call: Call) -> Response:
        """They open nothing any more, and the node leaves at once. Twice is as good as once."""
        refuse_on_a_copy(self._leader)
        store, now = self._leader.store.node_keys, self._leader.clock_now()
        node = call.part("id")
        if not await anyio.to_thread.run_sync(store.revoke, node, now, call.actor):
            known = await anyio.to_thread.run_sync(store.all)
            if not any(key.node == node for key in known):
                raise NotThere("no node of this id has a key")
        await self._in_force(node)
        return Response(status_code=204)

    async def _made(self, call: Call, node: str, write: Callable[..., None]) -> str:
        """A new key of a node that `write` has kept by its hash."""
        refuse_on_a_copy(self._leader)
        key, now = new_key(), self._leader.clock_now()
        keep = partial(write, token_hash(key), key[:PREFIX_LENGTH], now=now, actor=call.actor)
        await anyio.to_thread.run_sync(keep)
        await self._in_force(node)
        return key

    async def _in_force(self, node: str) -> None:
        """What holds from now on is known here, and who listens is told of the node."""
        self._access.keys.look_again()
        await self._leader.follow()
        if node in self._leader.nodes:
            self._leader.live.note([Name("node", node)])

    def _node(self, call: Call) -> str:
        try:
            return msgspec.convert(call.part("id"), NodeId)
        except msgspec.ValidationError:
            why = "of a node has 1 to 100 letters, digits, dots, colons, dashes or underscores"
            raise BadRequest("id", why) from None


def _answer(node: str, region: str, key: str) -> Response:
    made = NewNodeKey(node=node, region=region, key=key, prefix=key[:PREFIX_LENGTH])
    return json_answer(made, 201)


def _view(key: NodeKey) -> NodeKeyView:
    return NodeKeyView(
        node=key.node,
        region=key.region,
        prefix=key.prefix,
        created=to_ms(key.created),
        expires=to_ms_or_none(key.expires),
        last_used=to_ms_or_none(key.last_used),
        revoked=to_ms_or_none(key.revoked),
    )
