"""What this probe sees of a leader and its follower, told to each about the other.

A standby promotes itself when it cannot reach its leader, unless a probe has just seen that one;
and a leader that comes back does not act while a probe sees the follower at work. The leader is
asked first, so that what the follower is told is fresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_core.errors import LeaderError
from uptop_core.wire import Health, PeerSighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.client import LeaderClient
    from uptop_core.clock import Clock

_SHARE = 0.4  # of a beat, that an answer may take

_WAITS = ("waiting", "returning")


class Seen(Struct, frozen=True):
    """How a peer was, and when it was asked."""

    at: float
    health: Health


class Sightings:
    """Asks all peers for `node` every `beat_s` seconds; with a single peer there is nothing to tell."""

    def __init__(
        self, clients: Sequence[LeaderClient], node: str, clock: Clock, beat_s: float
    ) -> None:
        self._clients = clients
        self._node = node
        self._clock = clock
        self._beat_s = beat_s
        self._seen: dict[str, Seen] = {}
        self._roles: dict[str, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while len(self._clients) > 1:
            began = self._clock.monotonic()
            for client in sorted(self._clients, key=self._is_follower):
                await self._ask(client)
            spent = self._clock.monotonic() - began
            await anyio.sleep(max(0.05, self._beat_s - spent))

    def _is_follower(self, client: LeaderClient) -> bool:
        return self._roles.get(client.url) == "follower"

    async def _ask(self, client: LeaderClient) -> None:
        asked = self._clock.now()
        told = self._told(client, asked)
        self._seen.pop(client.url, None)
        with anyio.move_on_after(self._beat_s * _SHARE):
            try:
                health = await client.health(told=told)
            except LeaderError:
                return
            self._seen[client.url] = Seen(asked, health)
            self._roles[client.url] = health.role

    def _told(self, client: LeaderClient, now: float) -> PeerSighting | None:
        """What there is to tell a peer: how the one of the other role was."""
        role = self._roles.get(client.url)
        others = [seen for seen in self._seen.values() if role and seen.health.role != role]
        if not others:
            return None
        seen = max(others, key=lambda one: one.at)
        health = seen.health
        return PeerSighting(
            age_ms=max(0, round((now - seen.at) * 1000)),
            epoch=health.epoch,
            active=health.active and health.status == "ok",
            waits=health.phase in _WAITS,
            node=self._node,
        )
