"""Who may do what."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, cast

import httpx
import msgspec
import pytest
from starlette.requests import Request

from tests.leader.credentials import Beside
from tests.leader.stage_memory import ADMIN, EDITOR, VIEWER
from tests.leader.stages import NOW, SECRET, Stage, client
from uptop_core.wire import POLL_HEADER, SIGHTING_HEADER, PeerPoll, PeerSighting
from uptop_leader.api.access import source_of
from uptop_leader.api.app import build_app
from uptop_leader.seal import token_hash
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.node_keys import NodeKey

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader, Pairing

pytestmark = pytest.mark.anyio

_REGISTRATION = {"id": "n1", "region": "eu"}


def _without_secret() -> Stage:
    return Stage(LeaderSettings(status_enabled=True))


async def test_health_is_open_without_a_header() -> None:
    async with client(Stage()) as http:
        answer = await http.get("/api/health")
    assert answer.status_code == 200
    # As DESIGN and docs/clustering.md have it, for who looks for `"active":true` in the text.
    assert answer.text == '{"status":"ok","role":"leader","active":true,"epoch":0}'


@pytest.mark.parametrize("header", ["X-Upkeep-Secret", "X-Uptop-Secret"])
async def test_health_refuses_a_wrong_secret(header: str) -> None:
    async with client(Stage()) as http:
        assert (await http.get("/api/health", headers={header: "wrong"})).status_code == 401
        assert (await http.get("/api/health", headers={header: SECRET})).status_code == 200


async def test_a_sick_leader_says_503_and_why() -> None:
    stage = Stage()
    stage.sick = "the store was last written 20 s ago"
    async with client(stage) as http:
        response = await http.get("/api/health")
    assert response.status_code == 503
    assert response.json()["reason"] == "the store was last written 20 s ago"


@pytest.mark.parametrize("secret", [None, "wrong", "", "\x80\xff"])
async def test_a_probe_needs_the_secret_where_there_is_one(secret: str | None) -> None:
    stage = Stage()
    headers = [] if secret is None else [(b"X-Upkeep-Secret", secret.encode("latin-1"))]
    async with client(stage) as http:
        response = await http.post("/api/probe/register", json=_REGISTRATION, headers=headers)
    assert response.status_code == 401
    assert stage.nodes == {}


async def test_a_probe_needs_none_where_there_is_none() -> None:
    async with client(_without_secret()) as http:
        response = await http.post("/api/probe/register", json=_REGISTRATION)
    assert response.status_code == 200


_PAGES = (
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Host": "rebound.example:8080", "Accept-Language": "en"},  # its own origin, so it names none
)


@pytest.mark.parametrize("page", _PAGES)
async def test_a_web_page_may_not_speak_for_a_node_of_an_open_leader(page: dict[str, str]) -> None:
    stage = _without_secret()
    async with client(stage) as http:
        response = await http.post("/api/probe/register", json=_REGISTRATION, headers=page)
        stage.add_node("n1", "eu")
        asked = await http.get("/api/probe/assignments?node_id=n1", headers=page)
    assert (response.status_code, asked.status_code) == (403, 403)
    assert list(stage.nodes) == ["n1"]


@pytest.mark.parametrize("page", [{}, *_PAGES])
async def test_a_web_page_says_nothing_between_two_open_leaders(page: dict[str, str]) -> None:
    said: list[object] = []

    class Pair(Beside):
        def __init__(self) -> None:
            """It has nothing to copy."""

        async def polled(self, poll: PeerPoll) -> str:
            said.append(poll)
            return ""

        async def told(self, sighting: PeerSighting) -> None:
            said.append(sighting)

    stage = _without_secret()
    app = build_app(cast("Leader", stage), Pair())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
        for header, words in (
            (POLL_HEADER, '{"id":"f","epoch":9}'),
            (SIGHTING_HEADER, '{"age_ms":1}'),
        ):
            assert (
                await http.get("/api/health", headers={header: words, **page})
            ).status_code == 200
    assert len(said) == (0 if page else 2)


@pytest.mark.parametrize("path", ["/metrics", "/api/backup/export"])
async def test_without_a_secret_metrics_and_backup_need_an_admin_token(path: str) -> None:
    stage = _without_secret()
    async with client(stage) as http:
        assert (await http.get(path)).status_code == 401
    async with client(stage, secret="anything") as http:
        assert (await http.get(path)).status_code == 401
    async with client(stage, token=EDITOR) as http:
        assert (await http.get(path)).status_code == 403
    async with client(stage, token=ADMIN) as http:
        assert (await http.get(path)).status_code == 200


async def test_the_secret_opens_metrics_and_backup() -> None:
    async with client(Stage(), secret=SECRET) as http:
        assert (await http.get("/metrics")).status_code == 200
        assert (await http.get("/api/backup/export")).status_code == 200


async def test_metrics_are_open_when_they_are_public() -> None:
    async with client(Stage(LeaderSettings(metrics_public=True))) as http:
        assert (await http.get("/metrics")).status_code == 200


async def test_a_viewer_reads_and_changes_nothing() -> None:
    stage = Stage()
    async with client(stage, token=VIEWER) as http:
        assert (await http.get("/api/v1/monitors")).status_code == 200
        refused = await http.post("/api/v1/apply", content=b"monitors: []")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "this needs the role editor, the token has viewer"
    assert stage.changes == []


async def test_an_unknown_token_is_told_so_and_asked_for_another() -> None:
    async with client(Stage(), token="nobody's") as http:
        response = await http.get("/api/v1/monitors")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["detail"] == "the API token is not known, or has expired"


async def test_a_wrong_secret_is_not_saved_by_a_right_token() -> None:
    async with client(Stage(), secret="wrong", token=ADMIN) as http:
        assert (await http.get("/api/v1/monitors")).status_code == 401


@pytest.mark.parametrize(
    ("client", "forwarded", "source"),
    [
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["not an address"], "10.0.0.1"),
        ("10.0.0.1", [", ".join(["192.0.2.1", *["10.0.0.2"] * 40])], "10.0.0.2"),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
def test_a_proxy_is_believed_as_far_as_the_first_that_is_not_trusted(
    client: str, forwarded: list[str], source: str
) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    request = Request({"type": "http", "client": (client, 1), "headers": headers})
    assert source_of(request, [ip_network("10.0.0.0/8")]) == source


class Told:
    """The other one of a pair, as far as probes tell of it."""

    def __init__(self) -> None:
        self.by: list[str] = []

    async def told(self, sighting: PeerSighting) -> None:
        self.by.append(sighting.node)


@pytest.mark.parametrize(
    ("shown", "node", "needs_keys", "counts"),
    [
        ({"X-Uptop-Secret": SECRET}, "any", False, True),
        ({"X-Uptop-Secret": SECRET}, "any", True, False),
        ({"Authorization": "Bearer un_n"}, "n", True, True),
        ({"Authorization": "Bearer un_n"}, "other", False, False),
        ({}, "n", False, False),
    ],
)
async def test_what_a_probe_saw_counts_with_its_key_or_the_secret(
    shown: dict[str, str], node: str, needs_keys: bool, counts: bool
) -> None:
    stage = Stage(LeaderSettings(cluster_secret=SECRET, require_node_keys=needs_keys))
    key = NodeKey(node="n", region="", prefix="un_n", created=NOW)
    stage.store.node_keys.known[token_hash("un_n")] = key
    other = Told()
    app = build_app(cast("Leader", stage), cast("Pairing", other))
    transport = httpx.ASGITransport(app=app)
    sighting = {"Uptop-Sighting": msgspec.json.encode(PeerSighting(age_ms=1, node=node)).decode()}
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
        answer = await http.get("/api/health", headers={**shown, **sighting})
    assert answer.status_code == 200
    assert other.by == ([node] if counts else [])
