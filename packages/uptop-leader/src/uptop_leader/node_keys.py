"""Node keys as a running leader knows them: a book in memory that follows the database."""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.errors import StoreError
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uptop_leader.store.node_keys import NodeKey, NodeKeys

BEGINS = "un_"
"""How every node key begins, so that it is known from other tokens, and leaked ones can be found."""
PREFIX_LENGTH = 12
"""How much of a key may be shown."""
LOOK_S = 1.0  # how often the database is asked whether keys have changed
_USED_S = 600.0  # how old `last_used` may be before it is written again: nodes always ask

log = logging.getLogger(__name__)


def new_key() -> str:
    """A new node key."""
    return BEGINS + secrets.token_urlsafe(32)


class KeyBook:
    """All keys, as they were a second ago at most, and never older than the configuration that the
    engine follows (its `version`): a node whose key was revoked has left by then, and must not come
    back with it. While the database cannot be asked those that are known stay in force. `steady` is
    a monotonic clock.
    """

    def __init__(
        self,
        store: NodeKeys,
        version: Callable[[], int],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._version = version
        self._steady = steady
        self._keys: dict[str, NodeKey] = {}
        self._edition: tuple[int, int] | None = None
        self._looked, self._seen = -LOOK_S, -1
        self._trouble = ""
        self._one_at_a_time = anyio.Lock()

    def look_again(self) -> None:
        """Keys were changed here: the next question is answered by the database."""
        self._looked = -LOOK_S

    async def all(self) -> Mapping[str, NodeKey]:
        """All keys by their hashes. Raises StoreError where none were ever read."""
        if self._is_old():
            async with self._one_at_a_time:
                if self._is_old():
                    await self._read()
        return self._keys

    async def find(self, key: str) -> NodeKey | None:
        """The key as it was made, good or not; None where nobody made it. Raises StoreError."""
        return (await self.all()).get(token_hash(key))

    async def note_use(self, key: str, now: float) -> None:
        """Note that a good key was used. That it cannot be written is no reason to refuse anybody."""
        hashed = token_hash(key)
        known = self._keys.get(hashed)
        if known is None or (known.last_used is not None and now - known.last_used < _USED_S):
            return
        self._keys[hashed] = replace(known, last_used=now)
        try:
            await to_thread.run_sync(self._store.note_use, hashed, now)
        except StoreError as error:
            log.warning("the use of a node key was not written down: %s", error)

    def _is_old(self) -> bool:
        return self._steady() - self._looked >= LOOK_S or self._version() != self._seen

    async def _read(self) -> None:
        seen = self._version()
        try:
            edition = await to_thread.run_sync(self._store.edition)
            if edition != self._edition:
                self._keys = await to_thread.run_sync(self._store.by_hash)
                self._edition = edition
            self._trouble = ""
        except StoreError as error:
            if self._edition is None:
                raise
            if self._trouble != str(error):
                log.warning("whether node keys have changed cannot be asked: %s", error)
            self._trouble = str(error)
        self._looked, self._seen = self._steady(), seen
