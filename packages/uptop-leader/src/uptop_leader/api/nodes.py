"""`/api/v1/nodes`: who looks, from where, and how well they keep up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from uptop_core.api_answers import NodeList
from uptop_core.views import NodeView
from uptop_leader.api.answers import tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.node_views import node_view, node_views
from uptop_leader.refusals import NotThere

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader

_JSON = "application/json"


class NodeQuery(Paged, frozen=True, kw_only=True):
    """Which nodes are listed: those in one of the states (online, offline, left) and regions."""

    state: tuple[Literal["online", "offline", "left"], ...] = ()
    region: tuple[str, ...] = ()


class NodeEndpoints:
    """What people and their programs read of nodes."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

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
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The nodes that fit."""
        leader, query = self._leader, call.query
        views = [
            view
            for view in node_views(leader.nodes, leader.standings(), leader.clock_now())
            if (not query.state or view.state in query.state)
            and (not query.region or view.region in query.region)
        ]
        chosen, more = page(views, lambda view: view.id, query)
        return tagged(call.request, msgspec.json.encode(NodeList(nodes=chosen, next=more)), _JSON)

    async def one(self, call: Call) -> Response:
        """One node."""
        leader = self._leader
        node = leader.nodes.get(call.part("id"))
        if node is None:
            raise NotThere("no node has this id")
        view = node_view(node, leader.standings().get(node.id), leader.clock_now())
        return tagged(call.request, msgspec.json.encode(view), _JSON)
