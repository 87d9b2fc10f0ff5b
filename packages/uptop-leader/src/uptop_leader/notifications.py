"""One message about one transition to one channel: a row of the outbox."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from uptop_leader.messages import Message


class Notification(Struct, frozen=True, kw_only=True):
    """A message that has to reach a channel. Times are Unix seconds.

    `subject` is the incident, or the monitor where there is none: notifications of one subject
    and channel keep their order (`number`, given by the store).
    """

    key: str
    channel: str
    subject: str
    monitor: str
    event: str
    message: Message
    created: float


class Claimed(Struct, frozen=True, kw_only=True):
    """A notification that a worker has claimed until `until`, and how often it was tried.

    A digest stands for `count` of them, the newest made at `newest`; it is marked by the `number`
    of its first, and was tried as often as the one of them that was tried least.
    """

    number: int
    notification: Notification
    attempts: int
    until: float
    newest: float
    possible_repeat: bool = False
    count: int = 1


class Pace(Struct, frozen=True, kw_only=True):
    """How fast a channel is told: after a message, what comes within `digest_s` seconds goes as one
    list (0: never); what has failed for `fallback_s` goes to the fallback channel too."""

    digest_s: float = 0.0
    fallback_s: float = 300.0


def notification_key(subject: str, event: str, ordinal: int, channel: str) -> str:
    """The key under which this message is sent, however often: hash of what it is about."""
    text = "\n".join((subject, event, str(ordinal), channel))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
