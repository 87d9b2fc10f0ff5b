"""A leader's place among several on one database: the rules of the lease, carried out.

Its questions go over a connection and a thread of their own, so that nothing else that waits for
the database keeps a renewal waiting.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from uptop_core.errors import StoreError
from uptop_leader.election.lease import Leasing, Move
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.clock import Clock
    from uptop_leader.election.lease import Pace, Row
    from uptop_leader.election.words import Poll, Sighting
    from uptop_leader.store.leases import Leases

T = TypeVar("T")

LOOK_S = 1.0
"""How often a node that stands by looks at the lease: one that was given up is taken within that."""
_LOOK_SHARE = 0.2  # of a beat, where that is less

log = logging.getLogger(__name__)


class Holder:
    """Whether this leader holds the lease. `me` names this process: its node's id, a space, and what
    no other process has. `is_fit` says whether it could lead: who cannot takes no lease, and gives
    up the one it has. `on_change` is called when `may_act` may have changed.
    """

    role = "leader"
    phase = ""

    def __init__(
        self,
        leases: Leases,
        clock: Clock,
        me: str,
        pace: Pace,
        *,
        is_fit: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._pace = pace
        self._is_fit = is_fit
        self._on_change = on_change
        self._alone = CapacityLimiter(1)
        self._trouble = ""
        self._has_twin = False
        self.state = Leasing(me=me, pace=pace)

    @property
    def me(self) -> str:
        """What names this process in the lease."""
        return self.state.me

    @property
    def epoch(self) -> int:
        """The epoch of its term; 0 while it has none."""
        return self.state.term.epoch if self.state.term is not None else 0

    @property
    def known_epoch(self) -> int:
        """The highest epoch it has heard of."""
        return self.state.known

    @property
    def why(self) -> str:
        """Why it acts or stands by, in words."""
        if self.may_act():
            return f"it holds the lease in epoch {self.epoch}"
        seen = self.state.seen
        holder = seen.holder.partition(" ")[0] if seen is not None else ""
        return f"{holder} holds the lease" if holder else "nobody is known to hold the lease"

    def may_act(self) -> bool:
        """Whether it may judge and send at this moment."""
        return self.state.may_act(self._clock.now())

    async def run(self) -> None:
        """Renew the lease, or watch it, until cancelled."""
        while True:
            began = self._clock.monotonic()
            is_well = await self._turn()
            look_s = min(LOOK_S, _LOOK_SHARE * self._pace.beat)
            if self._next() is Move.TAKE and is_well:
                continue
            pause = self._pace.beat if self.may_act() and is_well else look_s
            await anyio.sleep(max(look_s / 4, pause - (self._clock.monotonic() - began)))

    async def leave(self) -> None:
        """Give the lease up, when nothing is done under it any more."""
        term, self.state = self.state.term, self.state.left()
        if term is not None:
            try:
                await self._ask(lambda: self._leases.release(term))
            except StoreError as error:
                log.warning("the lease cannot be given up, others wait for its end: %s", error)

    async def polled(self, poll: Poll) -> str:
        """A follower asks: leaders that share a database have none."""
        what = "leaders on one PostgreSQL have no follower: start another leader on it instead"
        raise BadRequest("id", f"{poll.node}: {what}")

    async def told(self, sighting: Sighting) -> None:
        """A probe says what it saw of another node: here the database decides."""

    async def _turn(self) -> bool:
        """Do what is to be done now; whether the database answered."""
        if self.state.term is not None and not self._is_fit():
            log.warning("cannot lead: giving the lease up")
            await self.leave()
            self._on_change()
        asked = self._clock.now()
        try:
            state = await self._moved(asked)
        except StoreError as error:
            if self._trouble != str(error):
                log.error("the lease cannot be read: %s", error)
            self._trouble = str(error)
            self._become(self.state.unanswered(self._clock.now()))
            return False
        self._trouble = ""
        self._note_twin(self.state.seen, state.seen)
        self._become(state)
        return True

    def _note_twin(self, before: Row | None, now: Row | None) -> None:
        """Say once that another process of this node's id renews the lease: not one that has ended."""
        if before is None or now is None or now.holder in ("", self.me):
            return
        is_alive = before.holder == now.holder and before.beat != now.beat
        node = self.me.split(" ")[0]
        if is_alive and not self._has_twin and now.holder.split(" ")[0] == node:
            self._has_twin = True
            log.error("another leader on this database is %s too: set UPTOP_NODE_ID", node)

    async def _moved(self, asked: float) -> Leasing:
        state = self.state
        move, term, seen = self._next(), state.term, state.seen
        row = None
        if move is Move.RENEW and term is not None:
            row = await self._ask(lambda: self._leases.renew(term))
        elif move is Move.TAKE and seen is not None:
            epoch = state.epoch_to_take()
            row = await self._ask(lambda: self._leases.take(seen, state.me, epoch))
        if row is not None:
            return state.renewed_as(asked, row)
        row = await self._ask(lambda: self._leases.look(state.known))
        return state.looked(self._clock.now(), row)

    def _next(self) -> Move:
        move = self.state.next(self._clock.now())
        return Move.LOOK if move is Move.TAKE and not self._is_fit() else move

    async def _ask(self, question: Callable[[], T]) -> T:
        return await to_thread.run_sync(question, limiter=self._alone)

    def _become(self, state: Leasing) -> None:
        before, self.state = self.state, state
        was, has = before.term, state.term
        if (was and was.epoch) == (has and has.epoch):
            return
        if has is not None:
            log.warning("holding the lease (epoch %s)", has.epoch)
        else:
            log.warning("the lease is not ours any more (epoch %s): standing by", state.known)
        self._on_change()
