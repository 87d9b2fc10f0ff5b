"""A receiver of webhooks that keeps every message with its key, and answers as it is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from anyio.abc import SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from msgspec import Struct

from tests.system.http_listener import HttpListener, answer, hear


class Told(Struct):
    """One message as it arrived; `key` is its Idempotency-Key, if it has one. `status` is what it
    was answered, None as long as it was not.
    """

    path: str
    key: str
    body: dict[str, Any]
    at: float
    status: int | None = None

    @property
    def event(self) -> str:
        """What it tells: down, up, …"""
        return str(self.body.get("event"))

    @property
    def monitor(self) -> str:
        """Whose news it is."""
        return str(self.body.get("monitor"))

    @property
    def news(self) -> list[dict[str, Any]]:
        """What is told in it: the message itself, or those that it lists."""
        return self.body["messages"] if self.event == "digest" else [self.body]

    @property
    def is_refused(self) -> bool:
        """Whether it was answered that it is not taken."""
        return self.status is not None and self.status >= 400

    @property
    def is_marked(self) -> bool:
        """Whether it says of itself that it may be a repeat."""
        return bool(self.body.get("possible_repeat"))


async def _at_once(told: Told) -> int:
    return 200


class Receiver(HttpListener):
    """Keeps what it is told. `respond` gives the status of the answer, when it pleases."""

    def __init__(self, tasks: TaskGroup) -> None:
        super().__init__(tasks)
        self.told: list[Told] = []
        self.respond: Callable[[Told], Awaitable[int]] = _at_once

    def events(self, monitor: str | None = None) -> list[str]:
        """What was told, in order, of one monitor or of all; lists are taken apart."""
        return [
            str(news.get("event"))
            for told in self.told
            for news in told.news
            if monitor in (None, news.get("monitor"))
        ]

    def monitors(self) -> list[str]:
        """Whose news was told, in order; lists are taken apart."""
        return [str(news.get("monitor")) for told in self.told for news in told.news]

    def repeats(self) -> dict[str, int]:
        """The keys that came more than once, and how often."""
        counts = Counter(told.key for told in self.told)
        return {key: count for key, count in counts.items() if count > 1}

    def at_once(self) -> None:
        """Answer 200 to everything again."""
        self.respond = _at_once

    async def talk(self, stream: SocketStream) -> None:
        """Message after message of one connection."""
        incoming = BufferedByteReceiveStream(stream)
        while True:
            request = await hear(incoming)
            key = request.headers.get("idempotency-key", "")
            told = Told(request.path, key, request.json, time.time())
            self.told.append(told)
            status = await self.respond(told)
            told.status = status
            await stream.send(answer(status, b"{}"))
