"""The http seam: what comes back from servers that behave and from those that do not."""

import gzip
import zlib

import anyio
import httpcore
import pytest
from anyio.abc import ByteStream

from tests.core.listeners import (
    Handler,
    answering,
    closing,
    greeting,
    look_at,
    repeating,
    resetting,
    serve,
    silent,
)
from uptop_core import HttpCheck, Outcome, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober.http import BODY_LIMIT, Request, Response, load
from uptop_core.prober.http_by_httpx import REASONS, failure
from uptop_core.prober.urls import parse_url

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"


async def ask(handler: Handler, *, method: str = "GET", timeout: float = 5.0) -> Response:
    async with serve(handler) as server:
        look = Look(Vantage(allow_private=True), timeout)
        with anyio.fail_after(timeout):
            request = Request(method=method, url=parse_url(server.url))
            return await load(request)(look, request)


async def outcome_of(handler: Handler, *, timeout: float = 5.0) -> Outcome:
    async with serve(handler) as server:
        return await look_at(HttpCheck(url=server.url), timeout=timeout)


@pytest.mark.parametrize(
    "pieces",
    [
        (OK + b"Content-Length: 5\r\n\r\nhello",),
        (OK + b"\r\nhel", b"lo"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello",),
        (b"HTTP/1.0 200\r\n\r\nhello",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"\r\nhello"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),),
        (OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello"),),
        (OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello", wbits=-15),),
    ],
)
async def test_a_body_is_read_however_it_is_framed(pieces: tuple[bytes, ...]) -> None:
    response = await ask(answering(*pieces))
    assert (response.status, response.body, response.truncated) == (200, b"hello", False)


async def test_names_of_headers_are_lower_case_and_values_joined() -> None:
    response = await ask(answering(OK + b"X-A: 1\r\nx-a: 2\r\nServer: \xe9\r\n\r\n"))
    assert response.headers == {"x-a": "1, 2", "server": "é"}


async def test_a_head_has_no_body_and_a_204_neither() -> None:
    assert (await ask(answering(OK + b"Content-Length: 9\r\n\r\n"), method="HEAD")).body == b""
    assert (await ask(answering(b"HTTP/1.1 204 No Content\r\n\r\n"))).status == 204


async def test_every_phase_is_timed_where_it_happens() -> None:
    async with serve(answering(OK + b"\r\nhel", b"lo", pause_s=0.05)) as server:
        url = f"http://localhost:{server.port}/"
        timings = (await look_at(HttpCheck(url=url))).timings
    assert timings.dns_ns is not None
    assert timings.connect_ns is not None
    assert timings.tls_ns is None
    assert timings.first_byte_ns is not None
    assert timings.transfer_ns is not None
    assert timings.transfer_ns >= 50_000_000
    assert timings.first_byte_ns < timings.transfer_ns <= timings.total_ns


@pytest.mark.parametrize(
    ("handler", "reason", "said"),
    [
        (closing, Reason.PROTOCOL_ERROR, "without an answer"),
        (resetting, Reason.RESET, "before it answered"),
        (greeting(b"SSH-2.0-OpenSSH_9.9\x1b[2J\r\n"), Reason.PROTOCOL_ERROR, "SSH-2.0"),
        (answering(OK + b"Content-Length: 99\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "99"),
        (answering(OK + b"Content-Le"), Reason.PROTOCOL_ERROR, "not a whole HTTP answer"),
        (answering(OK + b"Content-Length: x\r\n\r\n"), Reason.PROTOCOL_ERROR, "Content-Length"),
        (
            answering(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            Reason.PROTOCOL_ERROR,
            "not a whole HTTP answer",
        ),
        (answering(OK + b"Content-Encoding: gzip\r\n\r\nhello"), Reason.PROTOCOL_ERROR, "gzip"),
        (answering(OK + b"no colon\r\n\r\n"), Reason.PROTOCOL_ERROR, "not a whole HTTP answer"),
        (repeating(OK, b"X-More: and more\r\n" * 99), Reason.PROTOCOL_ERROR, "too long"),
    ],
)
async def test_a_server_that_does_not_speak_http_is_named(
    handler: Handler, reason: Reason, said: str
) -> None:
    outcome = await outcome_of(handler)
    assert outcome.reason is reason
    assert said in outcome.detail
    assert outcome.detail.isprintable()


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (silent, "no answer within 0.4 s"),
        (repeating(OK + b"X-", b"1", pause_s=0.1), "not complete within 0.4 s"),
        (repeating(OK + b"\r\n", b"x", pause_s=0.1), "not complete within 0.4 s"),
        (repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.01), "not complete"),
    ],
)
async def test_a_slow_server_is_cut_off_in_time(handler: Handler, said: str) -> None:
    outcome = await outcome_of(handler, timeout=0.4)
    assert outcome.reason is Reason.TIMEOUT
    assert said in outcome.detail
    assert outcome.timings.total_ns < 1_500_000_000


async def test_an_endless_body_stops_at_its_bound() -> None:
    response = await ask(repeating(OK + b"\r\n", b"x" * 65_536))
    assert len(response.body) == BODY_LIMIT
    assert response.truncated


async def test_a_body_of_just_the_bound_is_whole() -> None:
    head = OK + f"Content-Length: {BODY_LIMIT}\r\n\r\n".encode()
    response = await ask(answering(head, b"x" * BODY_LIMIT))
    assert len(response.body) == BODY_LIMIT
    assert not response.truncated


async def test_a_bomb_is_unpacked_to_the_bound_only() -> None:
    bomb = gzip.compress(bytes(64 * BODY_LIMIT))
    response = await ask(answering(OK + b"Content-Encoding: gzip\r\n\r\n" + bomb))
    assert response.body == bytes(BODY_LIMIT)
    assert response.truncated


async def test_an_answer_sent_before_the_request_was_read_counts() -> None:
    async def refusing(stream: ByteStream) -> None:
        await stream.receive(10)
        await stream.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await anyio.sleep(0.2)

    async with serve(refusing) as server:
        check = HttpCheck(url=server.url, method="POST", body="x" * 100_000)
        outcome = await look_at(check)
    assert outcome.status_code == 413


async def test_a_header_that_cannot_be_sent_is_our_own_fault_and_not_repeated() -> None:
    async with serve(silent) as server:
        outcome = await look_at(HttpCheck(url=server.url, bearer="s3cret\n"))
    assert outcome.reason is Reason.INTERNAL_ERROR
    assert "s3cret" not in outcome.detail


def test_no_error_of_the_engine_is_unmapped() -> None:
    named = [getattr(httpcore, name) for name in httpcore.__all__]
    errors = [one for one in named if isinstance(one, type) and issubclass(one, Exception)]
    assert len(errors) >= 14
    for error in errors:
        assert any(kind in REASONS for kind in error.__mro__), error
        assert failure(error("said")).reason in Reason


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(silent) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await outcome_of(answering(OK + b"\r\n"))).up
        assert proxy.connections == 0
