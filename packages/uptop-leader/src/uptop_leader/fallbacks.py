"""Part of step 12: what a channel does not take goes to its fallback channel, too. Pure.

It is passed on once, under a key of its own, when the channel refuses it for good, or has been
failing for a while; what follows on the same subject goes there as well, so that whoever heard of
an outage there hears of its end. The channel itself is tried on, and gets everything in its order.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from uptop_leader.notifications import Notification

PATIENCE_S = 10.0
"""How long a new notification waits for a channel that has been failing, before it is passed on."""


def passed_on(notification: Notification, fallback: str, failed: str) -> Notification:
    """The same for the channel `fallback`, in place of the one named `failed`."""
    text = f"{notification.key}\n{fallback}"
    key = hashlib.sha256(text.encode()).hexdigest()[:32]
    message = replace(notification.message, key=key, instead_of=failed, possible_repeat=False)
    return replace(notification, key=key, channel=fallback, message=message)


def is_due(
    created: float,
    attempts: int,
    failing_since: float | None,
    fallback_s: float,
    now: float,
) -> bool:
    """Whether a notification that waits for a channel is to be passed on by now."""
    if attempts > 0 and created <= now - fallback_s:
        return True
    is_failing = failing_since is not None and failing_since <= now - fallback_s
    return is_failing and (attempts > 0 or created <= now - PATIENCE_S)
