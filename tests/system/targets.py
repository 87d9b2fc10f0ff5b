"""Targets that can be switched, for everybody or for single nodes, while probes look at them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from msgspec import Struct

from tests.core.listeners import reset
from tests.system.callers import owner
from tests.system.http_listener import HttpListener, answer, hear

Mood = Literal["up", "503", "hang", "reset", "turns"]
"""`turns`: for each node 503 and up in turn."""


class Look(Struct, frozen=True):
    """One request: which node asked, and when by the wall clock."""

    node: str | None
    at: float


class Target(HttpListener):
    """A web site. `mood` is how it meets everybody, `moods` how it meets single nodes."""

    def __init__(
        self,
        tasks: TaskGroup,
        nodes: Callable[[], Mapping[str, int]],
        address: str = "127.0.0.1",
    ) -> None:
        super().__init__(tasks, address)
        self.mood: Mood = "up"
        self.moods: dict[str, Mood] = {}
        self.looks: list[Look] = []
        self._nodes = nodes

    def counts(self) -> Counter[str | None]:
        """How often each node has looked."""
        return Counter(look.node for look in self.looks)

    async def talk(self, stream: SocketStream) -> None:
        """One request, one answer."""
        await hear(BufferedByteReceiveStream(stream))
        client = str(stream.extra(SocketAttribute.remote_address)[0])
        port = stream.extra(SocketAttribute.remote_port)
        node = owner((client, port), (self.address, self.port), self._nodes())
        self.looks.append(Look(node, time.time()))
        mood = self.moods.get(node or "", self.mood)
        if mood == "turns":
            mood = "503" if self.counts()[node] % 2 else "up"
        if mood == "hang":
            await anyio.sleep_forever()
        elif mood == "reset":
            reset(stream)
        elif mood == "503":
            await stream.send(answer(503, b"no", Connection="close"))
        else:
            await stream.send(answer(200, b"fine", Connection="close"))
