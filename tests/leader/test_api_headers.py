"""What every answer says to browsers and caches: a table of all endpoints, asked with all there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.routing import Route

from tests.leader.credentials import PUSH, Beside, leader_for_all, shown
from tests.leader.stages import SECRET, Stage, app_of
from uptop_leader.api.app import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.leader.helms import Helm

pytestmark = pytest.mark.anyio

CLOSED = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
KNOWN = {
    "monitors": "m", "channels": "c", "nodes": "n", "users": "viewer", "tokens": "viewer",
    "{token}": PUSH, "{signal}": "success", "static": "uptop.css", "badges": "overall",
}  # fmt: skip
"""Something that is there, by what stands before it, or by its own name."""

CACHES = {
    **dict.fromkeys(("/status", "/status/json", "/status/history"), "no-cache"),
    **dict.fromkeys(("/status/incidents/{id}", "/status/monitors/{id}"), "no-cache"),
    **dict.fromkeys(("/status/badges/{name}.svg", "/status/{name}"), "no-cache"),
    **dict.fromkeys(("/static/{name}", "/favicon.ico"), "public, max-age=86400"),
    "/": None,
}
"""What caches are told where anybody may ask. All else is for who asked, or not kept at all."""


@pytest.fixture
async def helm(tmp_path: Path) -> AsyncIterator[Helm]:
    async with leader_for_all(tmp_path) as helm:
        yield helm


def _paths(app: Starlette) -> Iterator[tuple[str, str, str]]:
    """Method, path as written, and path with something that is there."""
    for route in app.routes:
        assert isinstance(route, Route)
        parts = route.path.split("/")
        for at, part in enumerate(parts):
            if part in KNOWN:
                parts[at] = KNOWN[part]
            elif "{" in part:
                there = "feed.atom" if route.path == "/status/{name}" else "none"
                parts[at] = re.sub(r"\{.*\}", KNOWN.get(route.path.split("/")[at - 1], there), part)
        for method in sorted(route.methods or ()):
            yield method, route.path, "/".join(parts)


@pytest.mark.parametrize("credential", ["none", "secret", "viewer", "node key", "expired"])
async def test_every_answer_of_every_endpoint_has_its_headers(helm: Helm, credential: str) -> None:
    headers, _ = shown(credential)
    seen: set[int] = set()
    for method, path, place in _paths(build_app(helm.leader, Beside(helm))):
        app = build_app(helm.leader, Beside(helm))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
            asked = f"{place}?node_id=n" if path == "/api/probe/assignments" else place
            if method == "DELETE":
                asked = asked.replace("/viewer", "/none")
            answer = await http.request(method, asked, headers=headers)
        seen.add(answer.status_code)
        where = f"{method} {asked} with {credential}: {answer.status_code} {answer.headers}"
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS, where
        assert answer.headers["content-security-policy"] == (PAGE if is_page else CLOSED), where
        kept = answer.headers.get("cache-control")
        if answer.status_code < 400 and path in CACHES:
            assert kept == CACHES[path], where
        else:
            assert kept in ("no-store", "private, no-cache"), where
        assert not {"set-cookie", "server", "x-powered-by"} & set(answer.headers), where
        assert "access-control-allow-origin" not in answer.headers, where
    assert 200 in seen
    assert seen & {400, 401, 403, 404}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/status/../nothing", {}, 404),
        ("DELETE", "/status", {}, 405),
        ("GET", "/api/health", {"Host": "["}, 400),
        ("POST", "/api/v1/apply", {"Content-Encoding": "br", "X-Uptop-Secret": SECRET}, 415),
        ("POST", "/api/v1/apply", {"Content-Length": "9" * 12, "X-Uptop-Secret": SECRET}, 413),
        ("GET", "/api/v1/monitors", {"X-Uptop-Secret": "wrong"}, 401),
    ],
)
async def test_every_error_has_its_headers(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    stage = Stage()
    transport = httpx.ASGITransport(app=app_of(stage))
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
        answer = await http.request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert answer.headers["content-security-policy"] == CLOSED
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_no_page_runs_or_shows_anything_that_stands_in_it(helm: Helm) -> None:
    """The policy forbids it, so it would not work; and nothing asks for it."""
    app = build_app(helm.leader, Beside(helm))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://leader") as http:
        for place in ("/status", "/status/history", "/status/monitors/m"):
            text = (await http.get(place)).text
            assert re.search(r"<script(?![^>]*\ssrc=)", text) is None, place
            assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) is None, place
            assert re.search(r"(src|href)=[\"'](https?:)?//", text) is None, place
