"""Little real servers on 127.0.0.1 for tests of checks: each says exactly what it is told to."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from uptop_core import Outcome, Vantage, run_check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from anyio.abc import AnyByteStream, Listener

    from uptop_core import Check

Handler = Callable[[ByteStream], Awaitable[None]]


class Server:
    """A running listener: where it listens, how many came, and what they sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.heads: list[str] = []

    @property
    def url(self) -> str:
        """The URL of its root, by http."""
        return f"http://127.0.0.1:{self.port}/"


class Authority:
    """A certificate authority for tests; the same for all tests of a process, since keys cost."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def write(self, folder: Path) -> str:
        """The path of its PEM, for `Vantage.ca_file`."""
        path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(path))
        return str(path)

    def context(self, *names: str, ends: datetime | None = None) -> ssl.SSLContext:
        """A server's context with a certificate for `names` that ends at `ends`."""
        begins = ends - timedelta(days=30) if ends else None
        certificate = self._ca.issue_cert(*names, not_before=begins, not_after=ends)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    def chained(self, *names: str) -> ssl.SSLContext:
        """A server's context whose certificate is by an authority between it and this one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.create_child_ca().issue_cert(*names).configure_cert(context)
        return context

    def der(self, ends: datetime) -> bytes:
        """The DER of a certificate that ends at `ends`."""
        begins = ends - timedelta(days=30)
        pem = self._ca.issue_cert("der.example", not_before=begins, not_after=ends)
        return ssl.PEM_cert_to_DER_cert(pem.cert_chain_pems[0].bytes().decode())


@cache
def authority() -> Authority:
    """The authority that tests trust when they say so."""
    return Authority()


def days_from_now(days: float) -> datetime:
    """A moment relative to now, in whole seconds as certificates have them."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


@asynccontextmanager
async def serve(
    handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """Listen on a free port of `host`; each connection is given to `handler`, then closed."""
    plain = await anyio.create_tcp_listener(local_host=host, local_port=0)
    server = Server(plain.extra(SocketAttribute.local_port))
    listener: Listener[Any] = plain
    if tls is not None:
        listener = _Quiet(plain, tls, standard_compatible=False)

    async def handle(stream: ByteStream) -> None:
        server.connections += 1
        try:
            await handler(_Noting(server, stream))
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
            pass  # the check has gone: nothing is owed to it
        finally:
            await anyio.aclose_forcefully(stream)

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield server
        group.cancel_scope.cancel()


class _Quiet(TLSListener):
    """A listener that says nothing of handshakes that fail: failing them is what tests do."""

    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: AnyByteStream) -> None:
        await anyio.aclose_forcefully(stream)


class _Noting(anyio.abc.ByteStream):
    """Notes the heads of requests in the server."""

    def __init__(self, server: Server, stream: ByteStream) -> None:
        self.server = server
        self._stream = stream

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = await self._stream.receive(max_bytes)
        self.server.heads.append(data.decode("latin-1"))
        return data

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


def answering(*pieces: bytes, pause_s: float = 0.0) -> Handler:
    """Read something, send `pieces` with pauses between them, close."""

    async def handle(stream: ByteStream) -> None:
        await stream.receive()
        for piece in pieces:
            await stream.send(piece)
            await anyio.sleep(pause_s)

    return handle


def greeting(data: bytes) -> Handler:
    """Send `data` at once, then wait until the other side goes."""

    async def handle(stream: ByteStream) -> None:
        await stream.send(data)
        await stream.receive()

    return handle


def repeating(head: bytes, piece: bytes, pause_s: float = 0.0) -> Handler:
    """Read something, send `head`, then `piece` without end."""

    async def handle(stream: ByteStream) -> None:
        await stream.receive()
        await stream.send(head)
        while True:
            await stream.send(piece)
            await anyio.sleep(pause_s)

    return handle


async def silent(stream: ByteStream) -> None:
    """Read, never answer."""
    while True:
        await stream.receive()


async def closing(stream: ByteStream) -> None:
    """Read something and close without an answer."""
    await stream.receive()


async def resetting(stream: ByteStream) -> None:
    """Read something and reset the connection."""
    await stream.receive()
    reset(stream)


def reset(stream: ByteStream) -> None:
    """Reset the connection."""
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with Path(os.devnull).open() as nothing:  # now, before some version of anyio ends it politely
        os.dup2(nothing.fileno(), raw.fileno())


async def look_at(
    check: Check, *, timeout: float = 3.0, allow_private: bool = True, ca_file: str | None = None
) -> Outcome:
    """Run `check` from a place that may reach loopback."""
    vantage = Vantage(allow_private=allow_private, ca_file=ca_file)
    return await run_check(check, timeout=timeout, vantage=vantage)
