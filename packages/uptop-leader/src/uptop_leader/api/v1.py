"""`/api/v1` whole: every endpoint there is. The routes and the OpenAPI document are made of this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from uptop_leader.api.answers import tagged
from uptop_leader.api.audits import AuditEndpoints
from uptop_leader.api.channels import ChannelEndpoints
from uptop_leader.api.endpoints import PREFIX, routes
from uptop_leader.api.events import EventEndpoints
from uptop_leader.api.histories import HistoryEndpoints
from uptop_leader.api.incidents import IncidentEndpoints
from uptop_leader.api.kinds import KindEndpoints
from uptop_leader.api.maintenance import MaintenanceEndpoints
from uptop_leader.api.monitors import MonitorEndpoints
from uptop_leader.api.node_keys import NodeKeyEndpoints
from uptop_leader.api.nodes import NodeEndpoints
from uptop_leader.api.openapi import OpenApi
from uptop_leader.api.people import PeopleEndpoints
from uptop_leader.api.posts import PostEndpoints

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.backups import Backups
    from uptop_leader.api.endpoints import Endpoint
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.overview import Overview


def endpoints_of(
    leader: Leader, access: Access, overview: Overview, backups: Backups
) -> list[Endpoint]:
    """All endpoints of a leader."""
    return [
        *MonitorEndpoints(leader, overview).endpoints(),
        *HistoryEndpoints(leader, overview).endpoints(),
        *ChannelEndpoints(leader).endpoints(),
        *NodeEndpoints(leader, access).endpoints(),
        *NodeKeyEndpoints(leader, access).endpoints(),
        *IncidentEndpoints(leader).endpoints(),
        *MaintenanceEndpoints(leader).endpoints(),
        *PostEndpoints(leader).endpoints(),
        *PeopleEndpoints(leader).endpoints(),
        *AuditEndpoints(leader).endpoints(),
        *EventEndpoints(leader, overview, access).endpoints(),
        *KindEndpoints().endpoints(),
        *backups.endpoints(),
    ]


def v1_routes(leader: Leader, access: Access, overview: Overview, backups: Backups) -> list[Route]:
    """The routes of all endpoints, and of the document that describes them."""
    endpoints = endpoints_of(leader, access, overview, backups)
    described = OpenApi(endpoints)

    async def openapi(request: Request) -> Response:
        return tagged(request, described.body, "application/json")

    return [*routes(endpoints, access), Route(f"{PREFIX}/openapi.json", access.anybody(openapi))]
