"""The API of the leader of a system test: what people do with it, and what it shows them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from tests.system.waiting import PATIENCE_S, until
from uptop_core.api_answers import IncidentList, MonitorList, NodeList
from uptop_core.views import IncidentView, MonitorView, NodeView
from uptop_core.wire import SECRET_HEADER

T = TypeVar("T")

SECRET = "system-test-secret"


class Api(ABC):
    """Asks by `http` whoever listens at `url`."""

    http: httpx.AsyncClient

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the leader is."""

    async def apply(self, document: Mapping[str, Any], *, prune: bool = False) -> dict[str, Any]:
        """Apply a document over HTTP."""
        answer = await self.http.post(
            f"{self.url}/api/v1/apply",
            params={"prune": str(prune).lower()},
            content=msgspec.json.encode(document),
            headers={SECRET_HEADER: SECRET},
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def get(self, path: str, into: type[T]) -> T:
        """Ask the API."""
        answer = await self.http.get(f"{self.url}{path}", headers={SECRET_HEADER: SECRET})
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=into)

    async def monitors(self) -> dict[str, MonitorView]:
        """All monitors as they stand, by name."""
        listed = await self.get("/api/v1/monitors", MonitorList)
        return {monitor.name: monitor for monitor in listed.monitors}

    async def monitor(self, name: str) -> MonitorView:
        """One monitor as it stands."""
        return (await self.monitors())[name]

    async def nodes(self) -> dict[str, NodeView]:
        """All nodes, by id."""
        return {node.id: node for node in (await self.get("/api/v1/nodes", NodeList)).nodes}

    async def incidents(self) -> tuple[IncidentView, ...]:
        """All incidents, the newest first."""
        return (await self.get("/api/v1/incidents", IncidentList)).incidents

    async def status_comes(
        self, name: str, status: str, within_s: float = PATIENCE_S
    ) -> MonitorView:
        """Wait until a monitor shows `status`."""
        last: list[MonitorView] = []

        async def shows() -> bool:
            last[:] = [await self.monitor(name)]
            return last[0].status == status

        try:
            await until(f"{name} is {status}", shows, within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}") from None
        return last[0]

    async def votes_come(self, name: str, nodes: int, within_s: float = PATIENCE_S) -> None:
        """Wait until a monitor has the fresh votes of so many nodes."""

        async def voted() -> bool:
            return (await self.monitor(name)).votes_fresh == nodes

        await until(f"{name} has {nodes} votes", voted, within_s)
