"""`/api/v1/nodes`: who looks, from where, and how well they keep up. Whoever is gone for good is
forgotten; their keys stand in `node_keys`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio.to_thread
import msgspec
from starlette.responses import Response

from uptop_core.api_answers import NodeList
from uptop_core.views import NodeView
from uptop_leader.api.access import Role
from uptop_leader.api.answers import tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.api.standing_by import refuse_on_a_copy
from uptop_leader.node_views import node_view, node_views
from uptop_leader.refusals import Conflict, NotThere
from uptop_leader.store.node_keys import uses

if TYPE_CHECKING:
    from uptop_leader.api.access import Access
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.nodes import Node

_JSON = "application/json"


class NodeQuery(Paged, frozen=True, kw_only=True):
    """Which nodes are listed: those in one of the states (online, offline, left) and regions."""

    state: tuple[Literal["online", "offline", "left"], ...] = ()
    region: tuple[str, ...] = ()


class NodeEndpoints:
    """What people and their programs read of nodes."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        return [
            Endpoint(
                method="GET", path="/nodes", run=self.list_all, topic="nodes",
                summary="List nodes", query=NodeQuery, answer=NodeList, tagged=True,
            ),
            Endpoint(
                method="GET", path="/nodes/{id}", run=self.one, topic="nodes",
                summary="One node", answer=NodeView, tagged=True,
            ),
            Endpoint(
                method="DELETE", path="/nodes/{id}", run=self.forget, topic="nodes",
                summary="Forget a node that is gone for good", role=Role.ADMIN, status=204,
                refuses=(409,),
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The nodes that match the filters."""
        leader, query, now = self._leader, call.query, self._leader.clock_now()
        keys = uses(await self._access.keys.all(), now)
        views = [
            view
            for view in node_views(leader.nodes, leader.standings(), now, keys)
            if (not query.state or view.state in query.state)
            and (not query.region or view.region in query.region)
        ]
        chosen, more = page(views, lambda view: view.id, query)
        return tagged(call.request, msgspec.json.encode(NodeList(nodes=chosen, next=more)), _JSON)

    async def one(self, call: Call) -> Response:
        """One node."""
        node, leader, now = self._node(call), self._leader, self._leader.clock_now()
        keys = uses(await self._access.keys.all(), now)
        view = node_view(node, leader.standings().get(node.id), now, keys)
        return tagged(call.request, msgspec.json.encode(view), _JSON)

    async def forget(self, call: Call) -> Response:
        """It is in no list any more, its keys are gone, its history stays. One that is there still
        is stopped first, or its key revoked.
        """
        refuse_on_a_copy(self._leader)
        node, leader = self._node(call), self._leader
        standing = leader.standings().get(node.id)
        if node.own or standing is None or not standing.offline:
            raise Conflict(f"node {node.id!r} is there: stop it first, or revoke its key")
        forget = partial(leader.store.node_keys.forget, node.id, leader.clock_now(), call.actor)
        await anyio.to_thread.run_sync(forget)
        self._access.keys.look_again()
        await leader.follow()
        return Response(status_code=204)

    def _node(self, call: Call) -> Node:
        node = self._leader.nodes.get(call.part("id"))
        if node is None:
            raise NotThere("no node has this id")
        return node
