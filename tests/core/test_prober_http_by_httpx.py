"""The way to ask by httpx: the same meaning as the engine's, and what only this way can do."""

import gzip
import inspect
from pathlib import Path

import anyio
import httpcore
import msgspec
import pytest

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    days_from_now,
    greeting,
    look_at,
    repeating,
    resetting,
    serve,
    silent,
)
from uptop_core import HttpCheck, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.http import BODY_LIMIT, Request, Response
from uptop_core.prober.http_by_httpx import REASONS, exchange, failure
from uptop_core.prober.urls import parse_url

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


async def ask(handler: Handler, *, method: str = "GET", timeout: float = 5.0) -> Response:
    async with serve(handler) as server:
        look = Look(Vantage(allow_private=True), timeout)
        with anyio.fail_after(timeout):
            return await exchange(look, Request(method=method, url=parse_url(server.url)))


@pytest.mark.parametrize(
    "pieces",
    [
        (HELLO,),
        (OK + b"\r\nhel", b"lo"),
        (b"HTTP/1.0 200\r\n\r\nhello",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"\r\nhello"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hel") + gzip.compress(b"lo"),),
    ],
)
async def test_a_body_is_read_however_it_is_framed(pieces: tuple[bytes, ...]) -> None:
    response = await ask(answering(*pieces))
    assert (response.status, response.body, response.truncated) == (200, b"hello", False)


async def test_an_endless_body_stops_at_its_bound() -> None:
    response = await ask(repeating(OK + b"\r\n", b"x" * 65_536))
    assert len(response.body) == BODY_LIMIT
    assert response.truncated


@pytest.mark.parametrize(
    ("handler", "reason", "said"),
    [
        (closing, Reason.PROTOCOL_ERROR, "without an answer"),
        (resetting, Reason.RESET, "before it answered"),
        (greeting(b"SSH-2.0-OpenSSH_9.9\x1b[2J\r\n"), Reason.PROTOCOL_ERROR, "SSH-2.0"),
        (answering(OK + b"Content-Length: 99\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "99"),
        (answering(OK + b"Content-Encoding: gzip\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "gzip"),
        (repeating(OK, b"X-More: and more\r\n" * 99), Reason.PROTOCOL_ERROR, "too long"),
    ],
)
async def test_a_server_that_does_not_speak_http_is_named(
    handler: Handler, reason: Reason, said: str
) -> None:
    async with serve(handler) as server:
        outcome = await look_at(HttpCheck(url=server.url, http2=True))
    assert outcome.reason is reason
    assert said in outcome.detail
    assert outcome.detail.isprintable()


async def test_every_phase_is_timed_where_it_happens(tmp_path: Path) -> None:
    handler = answering(OK + b"\r\nhel", b"lo", pause_s=0.05)
    ca_file, ends = authority().write(tmp_path), days_from_now(5)
    async with serve(handler, tls=authority().context("localhost", ends=ends)) as server:
        look = Look(Vantage(allow_private=True, ca_file=ca_file), 5)
        url = parse_url(f"https://localhost:{server.port}/")
        await exchange(look, Request(method="GET", url=url))
    timings = msgspec.structs.asdict(look.timings())
    assert all(timings.values()), timings
    assert timings["transfer_ns"] >= 50_000_000
    assert timings["first_byte_ns"] < timings["transfer_ns"] <= timings["total_ns"]
    assert look.address == "127.0.0.1"
    assert look.cert_end == int(ends.timestamp()) * 1000


def test_no_error_of_httpcore_is_unmapped() -> None:
    every = [*vars(httpcore).values(), *vars(httpcore._exceptions).values()]
    errors = [one for one in every if inspect.isclass(one) and issubclass(one, Exception)]
    assert len(errors) >= 14
    for error in errors:
        assert any(kind in REASONS for kind in error.__mro__), error
        assert failure(error("said")).reason in Reason


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(silent) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await ask(answering(HELLO))).body == b"hello"
        assert proxy.connections == 0
