"""`/api/v1/maintenance`: what is planned, to read. It is set up by `apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from uptop_core.views import MaintenanceList
from uptop_leader.api.access import Role
from uptop_leader.api.answers import tagged
from uptop_leader.maintenance_views import maintenance_views
from uptop_leader.refusals import NotThere

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from uptop_leader.api.access import Access
    from uptop_leader.api.leader import Leader

_JSON = "application/json"


class MaintenanceResources:
    """What people and their programs read of maintenance."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access

    async def list_all(self, request: Request) -> Response:
        """`GET /api/v1/maintenance`."""
        await self._access.person(request, Role.VIEWER)
        views = maintenance_views(self._leader.calendar, self._leader.clock_now())
        return tagged(request, msgspec.json.encode(MaintenanceList(maintenance=views)), _JSON)

    async def one(self, request: Request) -> Response:
        """`GET /api/v1/maintenance/{id}`."""
        await self._access.person(request, Role.VIEWER)
        views = maintenance_views(self._leader.calendar, self._leader.clock_now())
        for view in views:
            if view.id == request.path_params["id"]:
                return tagged(request, msgspec.json.encode(view), _JSON)
        raise NotThere("no maintenance has this id")
