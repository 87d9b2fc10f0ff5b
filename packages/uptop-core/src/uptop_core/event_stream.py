"""The leader's stream of events (`/api/v1/events`), as text comes in → what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio.lowlevel
import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

T = TypeVar("T")

SILENCE_S = 45.0
"""A leader breaks the silence of a stream every 15 s; after this it is away."""


EVENT_LIMIT = 4 * 1024 * 1024
"""Bytes of one event; a stream that has longer ones is no leader's."""


class EventTooLong(Exception):
    """Raised for an event that never ends."""


class Event(Struct, frozen=True):
    """What has changed: its kind, the thing itself, and the id to go on from."""

    kind: str
    id: str
    data: msgspec.Raw

    def read(self, into: type[T]) -> T:
        """The thing. LeaderStrange is for who asks to raise: msgspec's errors come through."""
        return msgspec.json.decode(self.data, type=into)


async def lines_of(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """The lines of a stream, without their ends. Raises EventTooLong."""
    held = b""
    async for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if len(held) > EVENT_LIMIT:
            raise EventTooLong


async def read_events(lines: AsyncIterable[str]) -> AsyncIterator[Event]:
    """The events of a `text/event-stream`, line by line; see "Interpreting an event stream" in
    https://html.spec.whatwg.org/multipage/server-sent-events.html. Several lines of data are one.
    """
    fields: dict[str, str] = {}
    data: list[str] = []
    size = 0
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            size += len(line) + 1
            if size > EVENT_LIMIT:
                raise EventTooLong
            if name == "data":
                data.append(value)
            else:
                fields[name] = value
        else:
            if data:
                whole = msgspec.Raw("\n".join(data).encode())
                yield Event(fields.get("event", "message"), fields.get("id", ""), whole)
            fields, data, size = {}, [], 0
            await anyio.lowlevel.checkpoint()
