"""The way back: a follower that hands over sends its leader what it has decided and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from anyio import to_thread

from uptop_leader.copying.words import Gift
from uptop_leader.store.copies import NOBODYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.client import LeaderClient
    from uptop_leader.copying.ring import ResultRing
    from uptop_leader.store.store import Store


class Giver:
    """Gives `leader` decisions from `store` and results from `ring`, in the newest `epoch` that
    this node knows. One that does not mirror works independently: what it has is its own.
    """

    def __init__(
        self,
        leader: LeaderClient,
        store: Store,
        ring: ResultRing,
        *,
        mirrors: bool,
        epoch: Callable[[], int],
    ) -> None:
        self._leader = leader
        self._copies = store.copies
        self._ring = ring
        self._mirrors = mirrors
        self._epoch = epoch

    async def give_back(self) -> None:
        """Send the leader what it lacks; nothing, where this node's database is no copy of its.
        Raises LeaderError, StoreError.
        """
        whose, base = await to_thread.run_sync(self._copies.cursor)
        if self._mirrors and whose not in NOBODYS:
            await self._give_decisions(whose, base)
            await self._give_results(whose)

    async def _give_decisions(self, whose: str, base: int) -> None:
        more = True
        while more:
            page = await to_thread.run_sync(self._copies.ungiven)
            if page.changes:
                await self._give(
                    Gift(epoch=self._epoch(), cluster=whose, base=base, changes=page.changes)
                )
            await to_thread.run_sync(self._copies.given, page.upto)
            more = page.more

    async def _give_results(self, whose: str) -> None:
        boot, after, more = self._ring.boot, self._ring.given, True
        while more:
            part = self._ring.after(boot, after)
            if part.results:
                gift = Gift(
                    epoch=self._epoch(), cluster=whose, results=part.results, ledgers=part.ledgers
                )
                await self._give(gift)
            after, more = part.upto, part.more
            self._ring.given = after

    async def _give(self, gift: Gift) -> None:
        await self._leader.post_json("/api/follower/give", msgspec.json.encode(gift))
