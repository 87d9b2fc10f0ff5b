"""A channel: where people are told."""

from __future__ import annotations

from msgspec import Struct

from uptop_leader.provider import Provider


class Channel(Struct, frozen=True, kw_only=True):
    """Where people are told, by which provider. `name` is unique.

    `fallback` is the id of the channel that is told too when this one does not get through.
    `title` and `body` are templates that replace the default texts.
    """

    id: str
    name: str
    provider: Provider
    fallback: str | None = None
    title: str | None = None
    body: str | None = None


class ChannelHealth(Struct, frozen=True, kw_only=True):
    """How a channel has been doing. Times are Unix seconds; errors carry no URL and no token.

    `failing_since` is when it failed first after it last got through; `passed_on` counts the
    notifications that went to its fallback channel.
    """

    channel: str
    last_sent: float | None = None
    last_error: str = ""
    last_failed: float | None = None
    failing_since: float | None = None
    sent: int = 0
    failed: int = 0
    passed_on: int = 0
