"""`/api/v1/maintenance`: what is planned, once and recurring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict

from uptop_core.api_answers import MaintenanceDetail, MaintenanceList
from uptop_core.api_bodies import MaintenanceSettings
from uptop_leader.api.answers import tagged
from uptop_leader.api.editing import Editing
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Paged, page
from uptop_leader.edits.maintenances import Maintenances
from uptop_leader.maintenance_views import maintenance_view, maintenance_views
from uptop_leader.refusals import NotThere

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader

_TOPIC = "maintenance"
_JSON = "application/json"


class MaintenanceEndpoints:
    """What people and their programs read and do of maintenance."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._editing = Editing(leader, Maintenances(), _TOPIC, MaintenanceSettings)

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        return [
            Endpoint(
                method="GET", path="/maintenance", run=self.list_all, topic=_TOPIC,
                summary="List maintenance", query=Paged, answer=MaintenanceList, tagged=True,
            ),
            Endpoint(
                method="GET", path="/maintenance/{id}", run=self.one, topic=_TOPIC,
                summary="A maintenance, and its settings", answer=MaintenanceDetail, tagged=True,
            ),
            *self._editing.endpoints(),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """All maintenance."""
        views = maintenance_views(self._leader.calendar, self._leader.clock_now())
        chosen, more = page(views, lambda view: view.id, call.query)
        body = msgspec.json.encode(MaintenanceList(maintenance=chosen, next=more))
        return tagged(call.request, body, _JSON)

    async def one(self, call: Call) -> Response:
        """One maintenance."""
        calendar = self._leader.calendar
        for one in calendar.maintenances:
            if one.id == call.part("id"):
                view = maintenance_view(calendar, one, self._leader.clock_now())
                facts = asdict(view)
                detail = MaintenanceDetail(**facts, settings=self._editing.settings(call, one))
                return self._editing.shown(call.request, one, detail)
        raise NotThere("no maintenance has this id")
