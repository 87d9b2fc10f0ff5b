"""Users, tokens, the audit log and who one is, over the API; on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.desks import Desk, at_the_desk, problems
from tests.leader.helms import api, hook

if TYPE_CHECKING:
    from uptop_leader.store.addresses import Address

pytestmark = pytest.mark.anyio


async def _made(desk: Desk, name: str = "ada", role: str = "editor") -> tuple[str, str]:
    """A user's id and a token of theirs."""
    body = {"name": name, "role": role}
    user = (await desk.ask("POST", "/users", body, role="admin")).json()
    token = await desk.ask("POST", "/tokens", {"name": "laptop", "user": name}, role="admin")
    assert token.status_code == 201, token.text
    return user["id"], token.json()["token"]


async def test_everybody_is_told_who_they_are(address: Address) -> None:
    async with at_the_desk(address) as desk:
        me = await desk.get("/me", "viewer")
        assert (me["name"], me["role"], me["place"]) == ("viewer", "viewer", "leader")
        assert me["now"] == round(desk.helm.clock.at * 1000)
        assert me["version"]


async def test_a_new_user_works_with_a_new_token_until_it_is_revoked(address: Address) -> None:
    async with at_the_desk(address) as desk:
        _, token = await _made(desk)
        me = await desk.get("/me", token)
        assert (me["name"], me["role"]) == ("ada", "editor")
        listed = await desk.ask("GET", "/tokens", role="admin")
        assert token not in listed.text
        prefix = token[:12]
        assert (await desk.ask("DELETE", f"/tokens/{prefix}", role="admin")).status_code == 204
        refused = await desk.ask("GET", "/me", role=token)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        assert (await desk.get(f"/tokens/{prefix}", "admin"))["revoked"] is not None
        assert (await desk.logged())[:3] == [
            ("admin", "token revoked", prefix),
            ("admin", "token added", prefix),
            ("admin", "user added", "ada"),
        ]


async def test_a_token_ends_when_it_was_said_to(address: Address) -> None:
    async with at_the_desk(address) as desk:
        now = round(desk.helm.clock.at * 1000)
        body = {"name": "short", "user": "viewer", "expires": now + 60_000}
        token = (await desk.ask("POST", "/tokens", body, role="admin")).json()["token"]
        assert (await desk.ask("GET", "/me", role=token)).status_code == 200
        desk.helm.clock.at += 60
        assert (await desk.ask("GET", "/me", role=token)).status_code == 401
        past = await desk.ask("POST", "/tokens", body, role="admin")
        assert problems(past) == {"expires": "must be in the future"}
        nobody = {"name": "x", "user": "nobody"}
        assert "user" in problems(await desk.ask("POST", "/tokens", nobody, role="admin"))


async def test_a_role_changes_for_tokens_that_there_are(address: Address) -> None:
    async with at_the_desk(address, api(), hook()) as desk:
        user, token = await _made(desk, role="viewer")
        assert (await desk.ask("POST", "/monitors/m/pause", role=token)).status_code == 403
        changed = await desk.ask("PATCH", f"/users/{user}", {"role": "editor"}, role="admin")
        assert changed.json()["role"] == "editor"
        assert (await desk.ask("POST", "/monitors/m/pause", role=token)).status_code == 200
        assert (await desk.ask("DELETE", f"/users/{user}", role="admin")).status_code == 204
        assert (await desk.ask("GET", "/me", role=token)).status_code == 401
        assert (await desk.ask("GET", f"/users/{user}", role="admin")).status_code == 404


async def test_the_last_admin_stays(address: Address) -> None:
    async with at_the_desk(address) as desk:
        users = (await desk.get("/users", "admin"))["users"]
        (admin,) = [user["id"] for user in users if user["name"] == "admin"]
        for answer in (
            await desk.ask("DELETE", f"/users/{admin}", role="admin"),
            await desk.ask("PATCH", f"/users/{admin}", {"role": "viewer"}, role="admin"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_who_is_no_admin_sees_and_revokes_their_own_tokens_only(address: Address) -> None:
    async with at_the_desk(address) as desk:
        listed = (await desk.get("/tokens", "viewer"))["tokens"]
        assert [token["user"] for token in listed] == ["viewer"]
        assert (await desk.ask("GET", "/tokens/editor", role="viewer")).status_code == 403
        assert (await desk.ask("DELETE", "/tokens/editor", role="viewer")).status_code == 403
        for method, path in (("GET", "/users"), ("POST", "/users"), ("POST", "/tokens")):
            assert (await desk.ask(method, path, role="editor")).status_code == 403
        assert (await desk.ask("GET", "/logs", role="editor")).status_code == 403
        assert (await desk.ask("DELETE", "/tokens/viewer", role="viewer")).status_code == 204
        assert (await desk.ask("GET", "/me", role="viewer")).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "admin"}, "name"),
        ({"name": " ada"}, "name"),
        ({"name": "a\u0007b"}, "name"),
        ({"name": "ada", "role": "god"}, "role"),
        ({"name": "ada", "rule": "admin"}, "rule"),
    ],
)
async def test_a_user_that_cannot_be_is_told(
    address: Address, body: dict[str, str], field: str
) -> None:
    async with at_the_desk(address) as desk:
        told = problems(await desk.ask("POST", "/users", body, role="admin"))
        assert set(told) == {field}


async def test_the_log_comes_in_pages_and_is_filtered(address: Address) -> None:
    async with at_the_desk(address) as desk:
        for number in range(5):
            await _made(desk, f"user{number}")
        seen, cursor = [], ""
        while True:
            query = f"&cursor={cursor}" if cursor else ""
            page = await desk.get(f"/logs?limit=3&what=user{query}", "admin")
            seen += [entry["about"] for entry in page["logs"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == [f"user{number}" for number in (4, 3, 2, 1, 0)]
        assert (await desk.get("/logs?about=user3&what=user", "admin"))["logs"][0]["who"] == "admin"
        assert (await desk.get("/logs?who=nobody", "admin"))["logs"] == []
        (entry,) = (await desk.get("/logs?limit=1", "admin"))["logs"]
        assert entry["source"] == "127.0.0.1"


async def test_the_word_of_a_trusted_proxy_is_taken_for_where_it_came_from(
    address: Address,
) -> None:
    from ipaddress import ip_network

    async with at_the_desk(address, trusted_proxies=(ip_network("127.0.0.0/8"),)) as desk:
        body, through = {"name": "ada"}, "203.0.113.9, 198.51.100.7, 127.0.0.9"
        await desk.ask("POST", "/users", body, role="admin", X_Forwarded_For=through)
        (entry,) = (await desk.get("/logs?limit=1", "admin"))["logs"]
        assert entry["source"] == "198.51.100.7"


async def test_the_word_of_anybody_else_is_not(address: Address) -> None:
    async with at_the_desk(address) as desk:
        await desk.ask(
            "POST", "/users", {"name": "a"}, role="admin", X_Forwarded_For="198.51.100.7"
        )
        (entry,) = (await desk.get("/logs?limit=1", "admin"))["logs"]
        assert entry["source"] == "127.0.0.1"
