"""Passes: the API takes them as the tokens of a user, with the role of now, while they are good."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.leader.desks import Desk, at_the_desk
from uptop_leader.api.app import build_app
from uptop_leader.passes import Passes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from uptop_leader.store.people import People

pytestmark = pytest.mark.anyio


class Door:
    """A desk whose leader takes these passes."""

    def __init__(self, desk: Desk, people: People) -> None:
        self.desk = desk
        self.people = people

    async def ask(
        self, token: str, method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, str]]:
        answer = await self.desk.ask(method, path, body, Authorization=f"Bearer {token}")
        return answer.status_code, answer.json() if answer.content else {}

    def user(self, name: str) -> str:
        found = self.people.find_user(name)
        assert found is not None
        return found


@contextlib.asynccontextmanager
async def _door(folder: Path, passes: Passes) -> AsyncIterator[Door]:
    async with at_the_desk(folder / "uptop.db") as desk:
        app = build_app(desk.helm.leader, passes=passes)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
            yield Door(Desk(desk.helm, http, app), desk.helm.store.people)


async def test_a_pass_speaks_for_its_user_until_it_is_taken_back(tmp_path: Path) -> None:
    passes = Passes()
    async with _door(tmp_path, passes) as door:
        with passes.given(door.user("viewer"), "ssh 192.0.2.1") as token:
            status, me = await door.ask(token, "GET", "/me")
            assert (status, me["name"], me["role"]) == (200, "viewer", "viewer")
            assert (await door.ask(token, "POST", "/pause", {"monitors": []}))[0] == 403
        assert (await door.ask(token, "GET", "/me"))[0] == 401


async def test_the_role_is_that_of_now(tmp_path: Path) -> None:
    passes = Passes()
    async with _door(tmp_path, passes) as door:
        viewer = door.user("viewer")
        with passes.given(viewer, "ssh 192.0.2.1") as token:
            door.people.change_role(viewer, "admin", 0.0)
            assert (await door.ask(token, "GET", "/users"))[0] == 200
            door.people.drop_user(viewer, 0.0)
            assert (await door.ask(token, "GET", "/me"))[0] == 401


async def test_the_audit_log_says_who_did_it_and_from_where(tmp_path: Path) -> None:
    passes = Passes()
    async with _door(tmp_path, passes) as door:
        with passes.given(door.user("admin"), "ssh 192.0.2.1") as token:
            body = {"name": "ada", "role": "viewer"}
            assert (await door.ask(token, "POST", "/users", body))[0] == 201
        entry = (await door.desk.get("/logs", "admin"))["logs"][0]
        assert (entry["who"], entry["source"]) == ("admin", "ssh 192.0.2.1")


async def test_what_looks_like_a_pass_opens_nothing(tmp_path: Path) -> None:
    async with _door(tmp_path, Passes()) as door:
        for token in ("ups_", "ups_guess", "ups_" + "A" * 43):
            assert (await door.ask(token, "GET", "/me"))[0] == 401
