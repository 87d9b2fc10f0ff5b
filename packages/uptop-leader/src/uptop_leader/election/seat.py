"""A leader's place in the election: the pure rules, kept on disk, and what others are told of them.

What must outlive the process (epochs, that there is a follower) is written before it is acted on.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.errors import StoreError
from uptop_leader.election.leading import Leading
from uptop_leader.election.reasons import why_leading
from uptop_leader.election.words import Phase
from uptop_leader.refusals import BadRequest
from uptop_leader.store.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.clock import Clock
    from uptop_leader.election.words import Pace, Poll, Sighting
    from uptop_leader.store.store import Store

TICK_S = 1.0
_SEEN_S = 60.0  # how long a follower that polls keeps another one out

log = logging.getLogger(__name__)


class Seat:
    """Whether this leader may act, and what its follower and the probes make of that.

    `is_healthy` is asked at every tick. `on_change` is called when `may_act` may have changed.
    """

    role = "leader"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        pace: Pace,
        *,
        is_healthy: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._is_healthy = is_healthy
        self._on_change = on_change
        self._lock = anyio.Lock()
        place = store.place()
        self._follower = place.follower
        self._can_be_followed = store.copies.keeps_log
        self._polled: tuple[str, float] | None = None
        self.state = Leading.begin(
            clock.now(),
            epoch=place.epoch,
            known=place.known,
            has_follower=bool(place.follower),
            pace=pace,
        )

    @property
    def phase(self) -> str:
        """How far this leader is; empty while no follower has ever asked."""
        return self.state.phase if self.state.has_follower else ""

    @property
    def epoch(self) -> int:
        """Its own epoch."""
        return self.state.epoch

    @property
    def known_epoch(self) -> int:
        """The highest epoch it has heard of."""
        return self.state.known

    @property
    def is_paired(self) -> bool:
        """Whether a follower has ever polled it."""
        return self.state.has_follower

    @property
    def why(self) -> str:
        """Why it acts or stands by, in words."""
        polled_at = None if self._polled is None else self._polled[1]
        return why_leading(self.state, self._clock.now(), self._follower, polled_at)

    def may_act(self) -> bool:
        """Whether it may judge and send at this moment."""
        return self.state.may_act(self._clock.now())

    async def run(self) -> None:
        """Have the rules come round every second, until cancelled."""
        while True:
            async with self._lock:
                now = self._clock.now()
                await self._become(self.state.tick(now, healthy=self._is_healthy()))
            await anyio.sleep(min(TICK_S, self.state.pace.stall / 4))

    async def polled(self, poll: Poll) -> str:
        """A follower asks; returns the token for its next poll. Raises BadRequest for a second
        follower while the first one polls.
        """
        async with self._lock:
            if not self._can_be_followed:
                raise BadRequest("id", "a leader on PostgreSQL has no follower: see clustering.md")
            now = self._clock.now()
            known, at = self._polled or (poll.node, now)
            if known != poll.node and now - at < _SEEN_S:
                raise BadRequest("id", f"this leader has a follower already: {known}")
            if known != poll.node or self._polled is None:
                log.info("follower %s polls", poll.node)
            self._polled = (poll.node, now)
            self._follower = poll.node
            state, answer = self.state.polled(now, poll, secrets.token_hex(8))
            await self._become(state)
            return answer.token

    async def told(self, sighting: Sighting) -> None:
        """A probe says what it saw of the follower."""
        async with self._lock:
            await self._become(self.state.told(self._clock.now(), sighting))

    async def _become(self, state: Leading) -> None:
        """Go over to `state`. What cannot be written is not gone over to: it comes again."""
        before = self.state
        kept = (state.epoch, state.known, state.has_follower)
        if kept != (before.epoch, before.known, before.has_follower):
            place = Place(state.epoch, state.known, self._follower)
            try:
                await to_thread.run_sync(self._store.put_place, place)
            except StoreError as error:
                log.error("the election cannot be noted: %s", error)
                self.state = replace(before, ticked=state.ticked)
                return
        self.state = state
        if state.phase is not before.phase:
            log.log(
                logging.INFO if state.phase is Phase.ACTIVE else logging.WARNING,
                "%s (epoch %s)", _WORDS[state.phase], state.epoch,
            )  # fmt: skip
            self._on_change()


_WORDS = {
    Phase.ACTIVE: "active",
    Phase.WAITING: "standing by until the follower says that it does not act, or is gone",
    Phase.RETURNING: "the follower is active: taking back from it",
    Phase.UNFIT: "not well: the follower may take over",
}
