"""The outbox of a store: what its worker claims, sends and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.notifications import Claimed, Pace
from uptop_leader.store import outbox

if TYPE_CHECKING:
    from collections.abc import Collection

    from uptop_leader.channels import ChannelHealth
    from uptop_leader.store.connections import Connections
    from uptop_leader.store.outbox import OutboxDepth


class Outgoing:
    """What is asked of the store by who delivers. See `Store`."""

    _connections: Connections

    def claim(
        self,
        now: float,
        seconds: float,
        limit: int,
        busy_channels: Collection[str] = (),
        pace: Pace = Pace(),  # noqa: B008  frozen
    ) -> list[Claimed]:
        """Claim notifications that are due, at most `limit`, for `seconds`."""
        with self._connections.writing(flush=True) as connection:
            return outbox.claim(connection, now, seconds, limit, busy_channels, pace)

    def has_waiting(self) -> bool:
        """Whether there is any notification that is not done with, due or not."""
        with self._connections.reading() as connection:
            return outbox.has_waiting(connection)

    def mark_sent(self, number: int, now: float) -> None:
        """A claimed notification was delivered."""
        with self._connections.writing(flush=True) as connection:
            outbox.mark_sent(connection, number, now)

    def mark_failed(
        self,
        number: int,
        error: str,
        retry_at: float | None,
        now: float,
        *,
        unknown: bool = False,
        oldest: float | None = None,
    ) -> None:
        """A claimed notification was not delivered; `retry_at` None gives it up, `oldest` those
        of its list that were made before.

        `unknown`: it may have been, so the next try is a possible repeat.
        """
        with self._connections.writing(flush=True) as connection:
            outbox.mark_failed(
                connection, number, error, retry_at, now, unknown=unknown, oldest=oldest
            )

    def release(self, number: int) -> None:
        """Give back a claim of which nothing was sent."""
        with self._connections.writing() as connection:
            outbox.release(connection, number)

    def lapse_claims(self, now: float) -> None:
        """For the start of the leader: what a killed one had claimed is free, as possible repeat."""
        with self._connections.writing() as connection:
            outbox.lapse_claims(connection, now)

    def outbox_depth(self, now: float) -> OutboxDepth:
        """How many notifications wait, and for how long."""
        with self._connections.reading() as connection:
            return outbox.depth(connection, now)

    def channel_health(self) -> list[ChannelHealth]:
        """How every channel has been doing."""
        with self._connections.reading() as connection:
            return outbox.channel_health(connection)
