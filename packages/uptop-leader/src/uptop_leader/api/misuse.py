"""Node keys that are shown where they open nothing: they may be stolen, so it is written down."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError
from uptop_leader.configuration import Actor

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader
    from uptop_leader.store.node_keys import NodeKey

_AGAIN_S = 600.0  # how often the same misuse is written down
_MOST = 1000  # of how many the last time is remembered
_LENGTH = 200  # of what was done

log = logging.getLogger("uptop.api")


class Misuse:
    """Writes into the audit log, each thing from time to time."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._noted: dict[str, float] = {}

    async def note(self, key: NodeKey, source: str, what: str) -> None:
        """Somebody at `source` did that. It is refused also where that cannot be written."""
        now, about = self._leader.clock_now(), f"{key.node} {what[:_LENGTH]}"
        if now - self._noted.get(about, -_AGAIN_S) < _AGAIN_S:
            return
        self._noted.pop(about, None)
        self._noted[about] = now
        if len(self._noted) > _MOST:
            del self._noted[next(iter(self._noted))]
        actor = Actor(name=f"node {key.node}", source=source)
        try:
            await self._leader.note(actor, "node key refused", key.node, what[:_LENGTH])
        except StoreError as error:
            log.warning("a refused node key was not written down: %s", error)
