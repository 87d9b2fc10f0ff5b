"""Little real proxies, and a server of HTTP/2, for tests of the way to ask by httpx."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import anyio
import h2.config
import h2.connection
import h2.events
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.core.listeners import Handler

PAIR = "Basic " + base64.b64encode(b"me:s3:cret").decode()


class Proxy:
    """A proxy by HTTP or SOCKS5, as its handlers are served; `asked` is what it was told to do."""

    def __init__(self, names: dict[str, str] | None = None, *, wants: bool = False) -> None:
        self.asked: list[str] = []
        self._names = names or {}
        self._wants = wants

    async def by_http(self, stream: ByteStream) -> None:
        """CONNECT, or a whole URL."""
        buffered = BufferedByteReceiveStream(stream)
        head = (await buffered.receive_until(b"\r\n\r\n", 65_536)).decode("latin-1")
        first, *lines = head.split("\r\n")
        self.asked.append(first)
        if self._wants and f"Proxy-Authorization: {PAIR}" not in lines:
            await stream.send(b"HTTP/1.1 407 Credentials\r\nContent-Length: 0\r\n\r\n")
            return
        method, where, _ = first.split(" ")
        if method == "CONNECT":
            host, _, port = where.rpartition(":")
            await self._join(stream, b"HTTP/1.1 200 Connected\r\n\r\n", host, int(port))
            return
        authority, _, path = where.removeprefix("http://").partition("/")
        host, _, port = authority.rpartition(":")
        async with await self._connect(host, int(port)) as target:
            kept = [line for line in lines if not line.startswith("Proxy-")]
            await target.send("\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "", ""]).encode())
            await _copy(target, stream)

    async def by_socks(self, stream: ByteStream) -> None:
        """SOCKS5, as strict as it can be."""
        buffered = BufferedByteReceiveStream(stream)
        _, count = await buffered.receive_exactly(2)
        methods = await buffered.receive_exactly(count)
        wanted = 2 if self._wants else 0
        await stream.send(bytes([5, wanted if wanted in methods else 0xFF]))
        if wanted not in methods:
            return
        if self._wants:
            _, length = await buffered.receive_exactly(2)
            name = await buffered.receive_exactly(length)
            (length,) = await buffered.receive_exactly(1)
            right = (name, await buffered.receive_exactly(length)) == (b"me", b"s3:cret")
            await stream.send(bytes([1, 0 if right else 1]))
        _, _, _, kind = await buffered.receive_exactly(4)
        if kind == 3:
            (length,) = await buffered.receive_exactly(1)
            host = (await buffered.receive_exactly(length)).decode()
        else:
            host = ".".join(map(str, await buffered.receive_exactly(4)))
        port = int.from_bytes(await buffered.receive_exactly(2))
        self.asked.append(f"{host}:{port}")
        connected = b"\x05\x00\x00\x03\x09somewhere\x00\x50"  # by name: the longest way to say it
        await self._join(stream, connected, host, port)

    async def _connect(self, host: str, port: int) -> ByteStream:
        return await anyio.connect_tcp(self._names.get(host, host), port)

    async def _join(self, stream: ByteStream, connected: bytes, host: str, port: int) -> None:
        async with await self._connect(host, port) as target:
            for byte in connected:  # one by one: nobody may take what follows for part of it
                await stream.send(bytes([byte]))
            async with anyio.create_task_group() as both:
                both.start_soon(_copy, stream, target)
                await _copy(target, stream)
                both.cancel_scope.cancel()


async def _copy(source: ByteStream, to: ByteStream) -> None:
    try:
        async for data in source:
            await to.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass


def answering_by_http2(
    headers: list[tuple[str, str]], *pieces: bytes, on_request: Callable[[dict[str, str]], None]
) -> Handler:
    """Answer the first request by HTTP/2 with `headers`, then `pieces`."""

    async def handle(stream: ByteStream) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        await stream.send(state.data_to_send())
        async for data in stream:
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    on_request(_decoded(event.headers))
                    number = event.stream_id
                    state.send_headers(number, headers, end_stream=not pieces)
                    for piece in pieces:
                        state.send_data(number, piece, end_stream=piece is pieces[-1])
            await stream.send(state.data_to_send())

    return handle


def framed(headers: list[tuple[str, str]], body: bytes) -> bytes:
    """An answer to the first request by HTTP/2, in the frames that a server sends."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    client.send_headers(
        1, [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")], True
    )
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_connection()
    server.receive_data(client.data_to_send())
    server.send_headers(1, headers)
    server.send_data(1, body, end_stream=True)
    return server.data_to_send()


def _decoded(headers: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}
