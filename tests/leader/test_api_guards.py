"""What stands before every handler."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.fuzz.asks import Ask
from tests.fuzz.in_process import answered
from tests.leader.stages import SECRET, Stage, app_of, client
from uptop_core.errors import StoreError
from uptop_core.logs import TextLines
from uptop_leader.api.guards import PIECE, Guards

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Message

pytestmark = pytest.mark.anyio


async def _stuck(request: Request) -> Response:
    await anyio.sleep_forever()
    return PlainTextResponse("never")


async def _broken(request: Request) -> Response:
    raise RuntimeError("the secret is hunter2")


def _guarded(answer_s: float) -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route("/stuck", _stuck), Route("/api/push/{token}", _broken)],
        middleware=[Middleware(Guards, answer_s=answer_s)],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://leader")


async def test_a_handler_that_takes_too_long_is_cut_off_with_503() -> None:
    async with _guarded(0.05) as http:
        response = await http.get("/stuck")
    assert (response.status_code, response.json()["code"]) == (503, "timeout")


async def test_a_bug_is_a_500_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        async with _guarded(5) as http:
            response = await http.get("/api/push/a-token")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text
    assert caplog.records[0].exc_info is not None


async def test_the_log_of_a_bug_shows_no_push_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        async with _guarded(5) as http:
            await http.get("/api/push/a-token")
    assert "a-token" not in TextLines().format(caplog.records[0])
    assert "path=/api/push" in TextLines().format(caplog.records[0])


async def _pieces(length: int, send_s: float, answer_s: float) -> list[bytes]:
    """How a body of that length is handed over to somebody who takes so long for each piece."""
    taken: list[bytes] = []

    async def send(message: Message) -> None:
        await anyio.sleep(send_s)
        taken.append(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "http_version": "1.1", "query_string": b""}
    await Guards(Response(b"x" * length), answer_s)(
        {**scope, "headers": [(b"host", b"h")]}, receive, send
    )
    return taken[1:]


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 5])
async def test_a_long_answer_is_handed_over_by_pieces(length: int) -> None:
    pieces = await _pieces(length, 0, 5)
    assert b"".join(pieces) == b"x" * length
    assert max(map(len, pieces)) <= PIECE
    assert len(pieces) == max(1, -(-length // PIECE))


async def test_who_takes_a_long_answer_slowly_has_longer_for_it() -> None:
    assert len(await _pieces(4 * PIECE, 0.05, 0.1)) == 4


async def test_who_takes_an_answer_too_slowly_is_let_go_without_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await _pieces(100, 30, 0.1) == []
    assert caplog.records == []


@pytest.mark.parametrize("path", ["/api/health", "/status", "/status/json", "/nowhere", "/metrics"])
async def test_every_answer_has_the_security_headers(path: str) -> None:
    async with client(Stage(), secret=SECRET) as http:
        headers = (await http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "host",
    [
        "[",
        "[::1",
        "a/b?c",
        "a@b",
        "a b",
        "a:b",
        "a:999999",
        "\xff",
        "a\x7f",
        "[::1%]",
    ],
)
async def test_a_host_that_is_none_is_refused(host: str) -> None:
    async with client(Stage()) as http:
        answer = await http.get("/status/feed.atom", headers={b"Host": host.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "host",
    [
        "a",
        "a.example:8080",
        "192.0.2.1",
        "[::1]:80",
        "a_b.example.",
        "[fe80::1%eth0]:80",
        "[fe80::1%25eth0]",
    ],
)
async def test_a_host_is_a_name_or_an_address(host: str) -> None:
    async with client(Stage()) as http:
        assert (await http.get("/api/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "query", "told"),
    [
        ((), b"", "there must be one Host header"),
        (((b"host", b"a"), (b"host", b"b")), b"", "there must be one Host header"),
        (((b"host", b"a"),), b"a=\xb2", "what is not ASCII in a query must be percent-encoded"),
    ],
)
async def test_a_request_that_two_servers_may_read_each_in_its_way_is_refused(
    headers: tuple[tuple[bytes, bytes], ...], query: bytes, told: str
) -> None:
    one = Ask(0, "GET", b"/api/health", query, headers, (), "none")
    answer = await answered(one, app_of(Stage()))
    assert answer.status == 400
    assert told.encode() in answer.body


async def test_a_store_that_cannot_be_read_is_a_503_and_not_a_bug() -> None:
    stage = Stage()
    stage.store.trouble = StoreError("disk I/O error")
    async with client(stage, secret=SECRET) as http:
        for path in ("/status", "/api/v1/monitors", "/metrics"):
            response = await http.get(path)
            assert (response.status_code, response.json()["code"]) == (503, "store")
