"""Node keys that are shown where they open nothing: they may be stolen, so it is written down."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from uptop_core.errors import StoreError
from uptop_core.escaping import escape
from uptop_leader.api.limits import NOTES
from uptop_leader.configuration import Actor

if TYPE_CHECKING:
    from uptop_leader.api.leader import Leader
    from uptop_leader.api.limits import Limits
    from uptop_leader.store.node_keys import NodeKey

_AGAIN_S = 600.0  # how often the same misuse is written down
_MOST = 1000  # of how many the last time is remembered
_LENGTH = 200  # of what was done

log = logging.getLogger("uptop.api")


class Misuse:
    """Writes into the audit log, each thing from time to time, and of a node only so much."""

    def __init__(self, leader: Leader, limits: Limits) -> None:
        self._leader = leader
        self._limits = limits
        self._noted: dict[str, float] = {}

    async def note(self, key: NodeKey, source: str, what: str) -> None:
        """Somebody at `source` did that. It is refused also where that cannot be written."""
        now, what = self._leader.clock_now(), escape(what, _LENGTH)
        about = f"{key.node} {what}"
        if now - self._noted.get(about, -_AGAIN_S) < _AGAIN_S:
            return
        if not self._limits.has_room("audit", key.node, NOTES):
            return
        self._noted.pop(about, None)
        self._noted[about] = now
        if len(self._noted) > _MOST:
            del self._noted[next(iter(self._noted))]
        actor = Actor(name=f"node {key.node}", source=source)
        try:
            await self._leader.note(actor, "node key refused", key.node, what)
        except StoreError as error:
            log.warning("a refused node key was not written down: %s", error)
