"""Bodies are bounded while they arrive and while they unpack, and wrong ones change nothing."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.leader.stages import SECRET, Stage, client
from uptop_core.wire import BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio

_POSTS = ("/api/probe/register", "/api/probe/results", "/api/backup/import", "/api/v1/apply")
_BOMB = gzip.compress(b"[" * (64 * 1024 * 1024), compresslevel=9)


@pytest.fixture
def stage() -> Stage:
    """A leader with a node and a monitor."""
    stage = Stage()
    stage.add_node("n1", "eu")
    return stage


@pytest.fixture
async def http(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the secret, and a look that nothing was changed."""
    async with client(stage, secret=SECRET) as opened:
        yield opened
    assert (stage.batches, stage.changes, list(stage.nodes)) == ([], [], ["n1"])


@pytest.mark.parametrize("path", _POSTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2]", b'"text"', b"\xff\xfe{}", b"[" * 60_000])
async def test_a_body_that_is_not_what_it_should_be_is_a_400(
    http: httpx.AsyncClient, path: str, body: bytes
) -> None:
    response = await http.post(path, content=body)
    assert response.status_code == 400, response.text
    assert response.json()["detail"]


@pytest.mark.parametrize("path", _POSTS)
async def test_a_body_over_the_limit_is_a_413(http: httpx.AsyncClient, path: str) -> None:
    response = await http.post(path, content=b" " * (9 * 1024 * 1024))
    assert response.status_code == 413
    assert "at most" in response.json()["detail"]


@pytest.mark.parametrize("length", [b"9" * 5000, b"99999999999999999999"])
async def test_a_length_that_no_number_holds_is_too_large(
    http: httpx.AsyncClient, length: bytes
) -> None:
    answer = await http.post("/api/v1/apply", content=b"{}", headers={b"Content-Length": length})
    assert answer.status_code == 413


@pytest.mark.parametrize("length", [b"\xb2", b"-1", b"+1", b""])
async def test_a_length_that_is_no_number_is_not_believed(
    http: httpx.AsyncClient, length: bytes
) -> None:
    answer = await http.post("/api/v1/apply", content=b"[1]", headers={b"Content-Length": length})
    assert answer.status_code == 400


async def test_a_body_without_a_length_is_counted_as_it_comes(http: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (BODY_LIMIT // 10)

    response = await http.post("/api/probe/results", content=pieces())
    assert response.status_code == 413


@pytest.mark.parametrize("path", _POSTS)
async def test_a_gzip_bomb_is_a_413(http: httpx.AsyncClient, path: str) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = await http.post(path, content=_BOMB, headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"{}", mtime=0)[:-6], gzip.compress(b"{}", mtime=0) + b"more"],
)
async def test_broken_gzip_is_a_400(http: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = await http.post("/api/probe/results", content=body, headers=headers)
    assert response.status_code == 400
    assert "gzip" in response.json()["detail"]


async def test_another_encoding_is_a_415_that_names_the_one(http: httpx.AsyncClient) -> None:
    headers = {"Content-Encoding": "br"}
    response = await http.post("/api/probe/results", content=b"x", headers=headers)
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("/api/probe/register", b"{}", "id", "is needed"),
        ("/api/probe/register", b'{"id": 5}', "id", "expected `str`, got `int`"),
        ("/api/probe/results", b'{"results": []}', "node_id", "is needed"),
        (
            "/api/probe/results",
            b'{"node_id": "n1", "dropped": "x"}',
            "dropped",
            "expected `int`, got `str`",
        ),
    ],
)
async def test_a_wrong_field_is_named(
    http: httpx.AsyncClient, path: str, body: bytes, field: str, message: str
) -> None:
    response = await http.post(path, content=body)
    assert response.status_code == 400
    assert response.json()["problems"] == [{"field": field, "message": message}]
    assert response.json()["detail"] == f"{field}: {message}"


async def test_a_batch_of_too_many_results_is_a_413(http: httpx.AsyncClient) -> None:
    body = {"node_id": "n1", "results": [0] * 5001}
    response = await http.post("/api/probe/results", json=body)
    assert response.status_code == 413
    assert "5000 results" in response.json()["detail"]
