"""People at their desks: what they ask of a real leader's API, each with a token of their role."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx

from tests.leader.helms import Helm, at_the_helm
from uptop_leader.api.app import build_app
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette

    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel
    from uptop_leader.maintenance import Maintenance
    from uptop_leader.store.addresses import Address

ROLES = ("admin", "editor", "viewer")


class Desk:
    """Asks the API of `helm`'s leader, by default as an editor; the leader goes on meanwhile."""

    def __init__(self, helm: Helm, http: httpx.AsyncClient, app: Starlette) -> None:
        self.helm = helm
        self.app = app
        self._http = http

    async def ask(
        self, method: str, path: str, body: object = None, *, role: str = "editor", **headers: str
    ) -> httpx.Response:
        """The answer to one question; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", f"Bearer {role}")
        return await self.helm.during(
            lambda: (
                self._http.request(method, f"/api/v1{path}", json=body, headers=named)
                if body is not None
                else self._http.request(method, f"/api/v1{path}", headers=named)
            )
        )

    async def look(self, path: str) -> httpx.Response:
        """What anybody is shown at a path."""
        return await self.helm.during(lambda: self._http.get(path))

    async def get(self, path: str, role: str = "editor") -> Any:
        """What is at a path; it is there."""
        answer = await self.ask("GET", path, role=role)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def logged(self) -> list[tuple[str, str, str]]:
        """The audit log: who, what, about what; the newest first."""
        logs = (await self.get("/logs", "admin"))["logs"]
        return [(entry["who"], entry["what"], entry["about"]) for entry in logs]


def problems(answer: httpx.Response) -> dict[str, str]:
    """The fields that are wrong, and what is wrong with each."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {item["field"]: item["message"] for item in answer.json()["problems"]}


@contextlib.asynccontextmanager
async def at_the_desk(
    address: Address, *things: Monitor | Channel | Maintenance, **settings: Any
) -> AsyncIterator[Desk]:
    """A desk beside a leader that has these things; for each role there is a user and a token."""
    async with at_the_helm(address, *things, **settings) as helm:
        for role in ROLES:
            user = helm.store.people.add_user(role, role, helm.clock.at)
            helm.store.people.add_token(user, role, token_hash(role), role, None, helm.clock.at)
        app = build_app(helm.leader)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
            yield Desk(helm, http, app)
