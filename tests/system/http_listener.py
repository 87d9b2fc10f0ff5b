"""What targets, receivers and gateways have in common: HTTP/1.1 by hand on a port of loopback.

By hand, because they must be able to do what no server library does: never answer, break off in
the middle, count every byte.
"""

from __future__ import annotations

import gzip
from typing import Any

import anyio
import msgspec
from anyio.abc import SocketAttribute, SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.stapled import MultiListener

Listener = MultiListener[SocketStream]

_HEAD_LIMIT = 65_536
BROKEN = (
    anyio.EndOfStream,
    anyio.IncompleteRead,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)


class Heard(msgspec.Struct):
    """One request or answer as it came: its first line, its headers and its body."""

    first: str
    headers: dict[str, str]
    body: bytes
    raw_head: bytes

    @property
    def path(self) -> str:
        """The path of a request, with its query."""
        return self.first.split(" ")[1]

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.first.split(" ")[1])

    @property
    def text(self) -> bytes:
        """The body, unpacked."""
        return gzip.decompress(self.body) if "content-encoding" in self.headers else self.body

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.text)


async def hear(stream: BufferedByteReceiveStream) -> Heard:
    """The next request or answer of a connection. An answer without a length has no body."""
    raw = await stream.receive_until(b"\r\n\r\n", _HEAD_LIMIT)
    first, *lines = raw.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await stream.receive_exactly(int(headers.get("content-length", 0)))
    return Heard(first, headers, body, raw + b"\r\n\r\n")


def answer(status: int, body: bytes = b"", kind: str = "application/json", **more: str) -> bytes:
    """An answer, whole."""
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), **more}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class HttpListener:
    """Listens on a free port of `address` until told to `leave`; `talk` is what it does."""

    def __init__(self, tasks: TaskGroup, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = 0
        self._tasks = tasks
        self._scope = anyio.CancelScope()
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.address}:{self.port}"

    async def come(self) -> None:
        """Listen; on the same port as before, if it has listened before."""
        listener = await anyio.create_tcp_listener(
            local_host=self.address, local_port=self.port, reuse_port=False
        )
        self.port = listener.extra(SocketAttribute.local_port)
        self._listener, self._scope = listener, anyio.CancelScope()
        self._tasks.start_soon(self._serve, listener, self._scope)

    async def leave(self) -> None:
        """Connections are refused from now on, and the open ones break off."""
        self._scope.cancel()
        if self._listener is not None:
            await self._listener.aclose()

    async def _serve(self, listener: Listener, scope: anyio.CancelScope) -> None:
        with scope:
            async with listener, anyio.create_task_group() as talks:
                await listener.serve(self._begin, talks)

    async def _begin(self, stream: SocketStream) -> None:
        async with stream:
            try:
                await self.talk(stream)
            except BROKEN:
                pass

    async def talk(self, stream: SocketStream) -> None:
        """Everything between accepting a connection and closing it."""
        raise NotImplementedError
