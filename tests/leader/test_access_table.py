"""Every endpoint × every kind of credential: what is answered. An endpoint without a row fails.

A row says which door an endpoint has and what is answered behind it. What is asked is harmless: a
thing that is not there (404), a body that says nothing (400), so that whoever is let in by mistake
is told from whoever is refused (401, 403).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from starlette.routing import Route

from tests.leader.credentials import (
    CREDENTIALS,
    Beside,
    leader_for_all,
    shown,
)
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.leader.helms import Helm


pytestmark = pytest.mark.anyio

DOORS: dict[str, dict[str, int | None]] = {
    "open": dict.fromkeys(CREDENTIALS),
    "health": {
        **dict.fromkeys(CREDENTIALS),
        **dict.fromkeys(("wrong secret", "revoked key", "replaced key"), 401),
    },
    "viewer": {
        **dict.fromkeys(CREDENTIALS, 401),
        **dict.fromkeys(("node key", "other key"), 403),
        **dict.fromkeys(("secret", "viewer", "editor", "admin")),
    },
    "editor": {
        **dict.fromkeys(CREDENTIALS, 401),
        **dict.fromkeys(("node key", "other key", "viewer"), 403),
        **dict.fromkeys(("secret", "editor", "admin")),
    },
    "admin": {
        **dict.fromkeys(CREDENTIALS, 401),
        **dict.fromkeys(("node key", "other key", "viewer", "editor"), 403),
        **dict.fromkeys(("secret", "admin")),
    },
    "node": {
        **dict.fromkeys(CREDENTIALS, 401),
        "other key": 403,
        **dict.fromkeys(("secret", "node key")),
    },
    "keyed node": {**dict.fromkeys(CREDENTIALS, 401), "other key": 403, "node key": None},
    "peer": {
        **dict.fromkeys(CREDENTIALS, 401),
        **dict.fromkeys(("node key", "other key"), 403),
        "secret": None,
    },
    "push": {
        **dict.fromkeys(CREDENTIALS, 404),
        **dict.fromkeys(("none", "wrong secret", "secret"), 400),
        "push token": None,
    },
    "push path": {**dict.fromkeys(CREDENTIALS, 404), "push token": None},
}
"""What each door answers to each credential; None lets it in."""

TABLE = """
GET    /api/health                        health  200
POST   /api/probe/register                node    200
GET    /api/probe/assignments             node    200
POST   /api/probe/results                 node    200
GET    /api/push                          push    200
POST   /api/push                          push    200
GET    /api/push/{token}                  push-path 200
POST   /api/push/{token}                  push-path 200
GET    /api/push/{token}/{signal}         push-path 200
POST   /api/push/{token}/{signal}         push-path 200
GET    /api/backup/export                 admin   200
POST   /api/backup/import                 admin   400
POST   /api/import/kuma                   admin   400
GET    /api/v1/monitors                   viewer  200
POST   /api/v1/monitors                   editor  400
GET    /api/v1/monitors/{id}              viewer  404
PUT    /api/v1/monitors/{id}              editor  404
PATCH  /api/v1/monitors/{id}              editor  404
DELETE /api/v1/monitors/{id}              editor  404
GET    /api/v1/monitors/{id}/history      viewer  404
POST   /api/v1/monitors/{id}/pause        editor  404
POST   /api/v1/monitors/{id}/resume       editor  404
POST   /api/v1/monitors/{id}/push-address editor  404
POST   /api/v1/monitors/{id}/recheck      editor  404
POST   /api/v1/pause                      editor  400
POST   /api/v1/resume                     editor  400
POST   /api/v1/recheck                    editor  400
GET    /api/v1/sla                        viewer  200
GET    /api/v1/channels                   viewer  200
POST   /api/v1/channels                   editor  400
GET    /api/v1/channels/{id}              viewer  404
PUT    /api/v1/channels/{id}              editor  404
PATCH  /api/v1/channels/{id}              editor  404
DELETE /api/v1/channels/{id}              editor  404
POST   /api/v1/channels/{id}/test         editor  404
GET    /api/v1/maintenance                viewer  200
POST   /api/v1/maintenance                editor  400
GET    /api/v1/maintenance/{id}           viewer  404
PUT    /api/v1/maintenance/{id}           editor  404
PATCH  /api/v1/maintenance/{id}           editor  404
DELETE /api/v1/maintenance/{id}           editor  404
GET    /api/v1/incidents                  viewer  200
GET    /api/v1/incidents/{id}             viewer  404
POST   /api/v1/incidents/{id}/acknowledge editor  404
GET    /api/v1/transitions                viewer  200
GET    /api/v1/posts                      viewer  200
POST   /api/v1/posts                      editor  400
GET    /api/v1/posts/{id}                 viewer  404
PATCH  /api/v1/posts/{id}                 editor  404
DELETE /api/v1/posts/{id}                 editor  404
GET    /api/v1/nodes                      viewer  200
GET    /api/v1/nodes/{id}                 viewer  404
DELETE /api/v1/nodes/{id}                 admin   404
GET    /api/v1/node-keys                  admin   200
POST   /api/v1/nodes/{id}/key             admin   400
POST   /api/v1/nodes/{id}/key/rotate      admin   400
DELETE /api/v1/nodes/{id}/key             admin   404
GET    /api/v1/me                         viewer  200
GET    /api/v1/users                      admin   200
POST   /api/v1/users                      admin   400
GET    /api/v1/users/{id}                 admin   404
PATCH  /api/v1/users/{id}                 admin   400
DELETE /api/v1/users/{id}                 admin   404
GET    /api/v1/tokens                     viewer  200
POST   /api/v1/tokens                     admin   400
GET    /api/v1/tokens/{prefix}            viewer  404,viewer:403,editor:403
DELETE /api/v1/tokens/{prefix}            viewer  404,viewer:403,editor:403
GET    /api/v1/logs                       admin   200
GET    /api/v1/events                     viewer  200
GET    /api/v1/kinds                      viewer  200
POST   /api/v1/apply                      editor  400
GET    /api/v1/openapi.json               open    200
GET    /metrics                           admin   200
GET    /api/follower/changes              peer    200
GET    /api/follower/rows                 peer    400
GET    /api/follower/digests              peer    200
GET    /api/follower/results              peer    200
GET    /api/follower/history              peer    200
GET    /api/follower/ledgers              peer    200
POST   /api/follower/give                 peer    400
GET    /                                  open    302
GET    /status                            open    200
GET    /status/json                       open    200
GET    /status/history                    open    200
GET    /status/incidents/{id}             open    404
GET    /status/monitors/{id}              open    404
GET    /status/badges/{name}.svg          open    404
GET    /status/{name}                     open    404
GET    /static/{name}                     open    404
GET    /favicon.ico                       open    200
"""

_ASKED = {
    "/api/probe/register": b'{"id": "n", "instance": "one"}',
    "/api/probe/results": b'{"node_id": "n", "instance": "one", "results": []}',
    "/api/v1/nodes/{id}/key": b'{"region": "a b"}',
    "/api/v1/nodes/{id}/key/rotate": b'{"overlap": -1}',
    "/api/backup/import": b"- nothing",
    "/api/import/kuma": b"- nothing",
    "/api/v1/apply": b"- nothing",
}


class Row(NamedTuple):
    """One endpoint: its door, and what is answered to each credential."""

    method: str
    path: str
    door: str
    answers: dict[str, int]


def _rows() -> list[Row]:
    found = []
    for line in TABLE.split("\n")[1:-1]:
        method, path, door, answer = line.split()
        behind, *others = answer.split(",")
        door = door.replace("-", " ")
        answers = {one: status or int(behind) for one, status in DOORS[door].items()}
        for other in others:
            credential, _, status = other.partition(":")
            answers[credential] = int(status)
        found.append(Row(method, path, door, answers))
    return found


def _app(helm: Helm) -> Starlette:
    """An app of its own for each row: none has shown it anything wrong yet."""
    return build_app(helm.leader, Beside(helm))


async def _ask(http: httpx.AsyncClient, row: Row, credential: str) -> int:
    headers, token = shown(credential)
    path = row.path.replace("{token}", token or "nobody's").replace("{signal}", "success")
    for part in ("id", "name", "prefix"):
        path = path.replace(f"{{{part}}}", "nobody")
    if path == "/api/probe/assignments":
        path += "?node_id=n"
    headers["If-Match"] = "*"
    body = _ASKED.get(row.path, b"{}") if row.method in ("POST", "PUT", "PATCH") else b""
    return (await http.request(row.method, path, headers=headers, content=body)).status_code


async def _wrong(helm: Helm, rows: list[Row]) -> list[str]:
    """What is answered otherwise than the table says."""
    wrong = []
    for row in rows:
        transport = httpx.ASGITransport(app=_app(helm), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
            for credential in CREDENTIALS:
                status = await _ask(http, row, credential)
                if status != row.answers[credential]:
                    said = f"{row.method} {row.path} with {credential}: {status}"
                    wrong.append(f"{said}, not {row.answers[credential]}")
    return wrong


async def test_every_endpoint_answers_every_credential_as_the_table_says(tmp_path: Path) -> None:
    async with leader_for_all(tmp_path) as helm:
        rows = _rows()
        served = {
            (method, route.path)
            for route in _app(helm).routes
            if isinstance(route, Route)
            for method in (route.methods or set()) - {"HEAD"}
        }
        assert {(row.method, row.path) for row in rows} == served
        assert len(rows) == len(served)
        before = helm.store.config_version(), helm.store.people.users()
        assert await _wrong(helm, rows) == []
        assert (helm.store.config_version(), helm.store.people.users()) == before


async def test_where_keys_are_required_the_secret_opens_nothing_for_probes(tmp_path: Path) -> None:
    async with leader_for_all(tmp_path, require_node_keys=True) as helm:
        keyed = [row._replace(door="keyed node") for row in _rows() if row.door == "node"]
        assert len(keyed) == 3
        answers = {one: status or 200 for one, status in DOORS["keyed node"].items()}
        assert await _wrong(helm, [row._replace(answers=answers) for row in keyed]) == []
        others = [row for row in _rows() if row.path in ("/metrics", "/api/follower/ledgers")]
        assert await _wrong(helm, others) == []
