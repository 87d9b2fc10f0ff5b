"""Heads are bounded in size and time, and a new certificate is taken up without a restart."""

from __future__ import annotations

import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
import trustme
import uvicorn
from anyio.streams.tls import TLSAttribute, TLSStream
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from uptop_leader.listening import BoundedHttp, keep_fresh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio.abc import SocketStream
    from starlette.requests import Request

pytestmark = pytest.mark.anyio

ASKS = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Hasty(BoundedHttp):
    """With bounds that a test can wait for."""

    head_limit = 2000
    head_s = 0.3


async def _say_hello(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"hello {len(body)}")


@asynccontextmanager
async def serving(**given: object) -> AsyncIterator[tuple[int, uvicorn.Config]]:
    app = Starlette(routes=[Route("/", _say_hello, methods=["GET", "POST"])])
    given = {"port": 0, "log_config": None, "lifespan": "off", "ws": "none", **given}
    config = uvicorn.Config(app, http=Hasty, **given)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        with anyio.fail_after(10):
            while not server.started:
                await anyio.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1], config
        server.should_exit = True


async def told(stream: SocketStream | TLSStream) -> bytes:
    """Everything until the other side closes."""
    said = b""
    with anyio.fail_after(5):
        try:
            while True:
                said += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return said


async def hello(
    stream: SocketStream | TLSStream, answer: bytes = b"hello 0", ask: bytes = ASKS
) -> None:
    """Ask and be answered, on a connection that stays."""
    if ask:
        await stream.send(ask)
    said = b""
    with anyio.fail_after(5):
        while not said.endswith(answer):
            said += await stream.receive()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX-Long: ", b"GET / HTTP/1.1\r\n", b"GET /"])
async def test_a_head_that_never_ends_is_refused(head: bytes) -> None:
    async with serving() as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(head)
        line = b"X-Line: more\r\n" if head.endswith(b"\r\n") else b"more"
        await stream.send(line * (Hasty.head_limit // len(line) + 1))
        assert (await told(stream)).startswith(b"HTTP/1.1 431 ")


async def test_who_sends_no_head_or_half_of_one_is_let_go() -> None:
    async with serving() as (port, _):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            assert await told(stream) == b""
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(ASKS[:20])
            assert (await told(stream)).startswith(b"HTTP/1.1 408 ")


async def test_a_slow_body_and_a_connection_that_is_kept_are_no_slow_heads() -> None:
    async with serving() as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(5):
            await anyio.sleep(Hasty.head_s / 4)
            await stream.send(b"x" * 1000)
        await hello(stream, b"hello 5000", ask=b"")
        await anyio.sleep(Hasty.head_s * 1.5)
        await hello(stream)
        await stream.send(ASKS[:20])
        assert (await told(stream)).startswith(b"HTTP/1.1 408 ")


@asynccontextmanager
async def connected(port: int, authorities: list[trustme.CA]) -> AsyncIterator[TLSStream]:
    context = ssl.create_default_context()
    for authority in authorities:
        authority.configure_trust(context)
    stream = await anyio.connect_tcp(
        "127.0.0.1", port, ssl_context=context, tls_hostname="127.0.0.1"
    )
    async with stream:
        yield stream


def certificate_of(stream: TLSStream) -> bytes | None:
    return stream.extra(TLSAttribute.peer_certificate_binary)


def issue(authority: trustme.CA, cert: Path, key: Path) -> None:
    """A certificate for this machine."""
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(key)
    cert.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))


async def test_a_stop_does_not_wait_for_who_keeps_a_connection_and_does_not_read_it(
    tmp_path: Path,
) -> None:
    cert, key, authority = tmp_path / "cert.pem", tmp_path / "key.pem", trustme.CA()
    issue(authority, cert, key)
    with anyio.fail_after(20):  # asyncio itself would wait for 30 s
        async with AsyncExitStack() as stack:
            async with serving(ssl_certfile=str(cert), ssl_keyfile=str(key)) as (port, _):
                stream = await stack.enter_async_context(connected(port, [authority]))
                await hello(stream)
            assert await told(stream) == b""


async def test_a_new_certificate_is_taken_up_and_connections_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "uptop_leader.listening")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    authorities = [trustme.CA(), trustme.CA()]

    def write(authority: trustme.CA) -> None:
        issue(authority, cert, key)

    async def comes(words: str) -> None:
        with anyio.fail_after(5):
            while words not in caplog.text:
                await anyio.sleep(0.01)

    write(authorities[0])
    async with (
        serving(ssl_certfile=str(cert), ssl_keyfile=str(key)) as (port, config),
        anyio.create_task_group() as tasks,
    ):
        assert config.ssl is not None
        tasks.start_soon(keep_fresh, config.ssl, cert, key, 0.02)
        async with connected(port, authorities) as old:
            await hello(old)
            write(authorities[1])
            key.write_text("no key at all")
            await comes("cannot be used, the old one stays")
            async with connected(port, authorities) as other:
                assert certificate_of(other) == certificate_of(old)
            write(authorities[1])
            await comes("has changed")
            async with connected(port, authorities) as new:
                assert certificate_of(new) != certificate_of(old)
                await hello(new)
            await hello(old)
        tasks.cancel_scope.cancel()
