"""Part of step 12: many messages to one channel become a list. Pure.

The first one goes at once; what comes within the next seconds waits, and goes as one list. A channel
that fails gets what waits as a list too, so that it is not stormed. Paging services get no lists.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader import wording
from uptop_leader.messages import Message
from uptop_leader.notifications import Notification

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGEST = "digest"
LONGEST = 200  # notifications in one list


def is_quiet_time(last_sent: float | None, digest_s: float, now: float) -> bool:
    """Whether a channel has had a message so lately that what comes now waits."""
    return last_sent is not None and last_sent <= now < last_sent + digest_s


def goes_in_list(
    created: float, last_sent: float | None, failing_since: float | None, digest_s: float
) -> bool:
    """Whether a notification that was made at `created` takes along what else waits: it came while
    its channel was not to be disturbed, or the channel does not get through."""
    if failing_since is not None:
        return True
    return last_sent is not None and created < last_sent + digest_s


def combined(notifications: Sequence[Notification]) -> Notification:
    """One notification for all of them, in their order; a single one stays itself.

    Its key is computed from theirs, so a list that is sent again has the same one.
    """
    first = notifications[0]
    if len(notifications) == 1:
        return first
    messages = tuple(one.message for one in notifications)
    key = digest_key([one.key for one in notifications])
    counts = Counter(wording.heading(one) for one in messages)
    message = Message(
        key=key,
        event=DIGEST,
        monitor=f"{len(messages)} notifications",
        at=max(one.at for one in messages),
        status=", ".join(f"{count} × {heading}" for heading, count in counts.most_common()),
        url=messages[0].url,
        lines=tuple(line(one) for one in messages),
        messages=messages,
    )
    return replace(first, key=key, subject="", monitor="", event=DIGEST, message=message)


def digest_key(keys: Sequence[str]) -> str:
    """The key of the list of these notifications."""
    return hashlib.sha256("\n".join((DIGEST, *keys)).encode()).hexdigest()[:32]


def line(message: Message) -> str:
    """One message in one line: its title, with what makes it short work to judge."""
    why = message.reasons or message.detail
    closed = message.ended_at is not None or not why
    return wording.title(message) if closed else f"{wording.title(message)} — {why}"
