"""Servers that mean harm: they lead elsewhere, never end, or send what would move a screen."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping

import anyio
from anyio.abc import SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.system.http_listener import HttpListener, hear

Act = Callable[[SocketStream], Awaitable[None]]


class Trap(HttpListener):
    """Nobody may come here; `came` counts those who did."""

    def __init__(self, tasks: TaskGroup, address: str = "127.0.0.1") -> None:
        super().__init__(tasks, address)
        self.came = 0

    async def talk(self, stream: SocketStream) -> None:
        """Take what comes."""
        self.came += 1
        await stream.receive()


class Wild(HttpListener):
    """Does by the path of a request what `acts` says; `asked` are the paths, in their order."""

    def __init__(self, tasks: TaskGroup, acts: Mapping[str, Act]) -> None:
        super().__init__(tasks)
        self.acts = acts
        self.asked: list[str] = []

    async def talk(self, stream: SocketStream) -> None:
        """One request, and what comes of it."""
        heard = await hear(BufferedByteReceiveStream(stream))
        self.asked.append(heard.path)
        await self.acts[heard.path](stream)


def say(answer: bytes) -> Act:
    """Say just that."""

    async def act(stream: SocketStream) -> None:
        await stream.send(answer)

    return act


def lead_to(place: str) -> Act:
    """Redirect."""
    head = f"HTTP/1.1 302 Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    return say(head.encode())


def repeat(head: bytes, piece: bytes, times: int, pause_s: float = 0.0) -> Act:
    """Say the head, then `piece` so many times, however long it takes."""

    async def act(stream: SocketStream) -> None:
        await stream.send(head)
        for _ in range(times):
            await stream.send(piece)
            await anyio.sleep(pause_s)

    return act


def bomb(unpacked_bytes: int) -> Act:
    """A small body that unpacks to a large one."""
    member_bytes = 16 * 1024 * 1024
    member = gzip.compress(bytes(member_bytes))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    return repeat(head, member, max(1, unpacked_bytes // member_bytes))
