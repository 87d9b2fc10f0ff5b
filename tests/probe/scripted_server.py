"""A small real HTTP server on loopback that can misbehave: half an answer, no answer, a hang."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class Request(Struct, frozen=True):
    """What was asked; header names are lower case, the body is unpacked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Reply(Struct, frozen=True, kw_only=True):
    """What is answered. `cut` sends only so many bytes of the body and closes; `lost` closes
    without a word.
    """

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    cut: int | None = None
    lost: bool = False


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON reply."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status=status, headers=named, body=json.dumps(value).encode())


def page(status: int = 200) -> Reply:
    """What a proxy in between says."""
    body = b"<!doctype html><title>Sign in</title>"
    return Reply(status=status, headers={"Content-Type": "text/html"}, body=body)


class ScriptedServer:
    """Answers with what `handle` returns and keeps every request."""

    def __init__(self, handle: Callable[[Request], Awaitable[Reply]]) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.url = ""
        self._handle = handle
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[ScriptedServer]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        self.requests.append(request)
        reply = await self._handle(request)
        if reply.lost:
            return False
        lines = [f"HTTP/1.1 {reply.status} Reason"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines.append(f"Content-Length: {len(reply.body)}")
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body[: reply.cut])
        await writer.drain()
        return reply.cut is None


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
