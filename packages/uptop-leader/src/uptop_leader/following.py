"""Following the configuration: what people have set up comes from the store into the world, and what
that means for the states goes through the engine like any other input."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_leader.inputs import Reconfigure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_core.monitors import Monitor
    from uptop_leader.configuration import Configuration
    from uptop_leader.store.store import Store
    from uptop_leader.world import World

log = logging.getLogger(__name__)


class Following:
    """Keeps a world at the configuration of a store. `enter` has the engine take an input."""

    def __init__(
        self, world: World, store: Store, enter: Callable[[Reconfigure], Awaitable[object]]
    ) -> None:
        self._world = world
        self._store = store
        self._enter = enter
        self._applied = dict(world.monitors)
        self._is_applied = False  # whether the states have followed the configuration yet
        self._one_at_a_time = anyio.Lock()

    async def follow(self) -> bool:
        """Take the configuration over if it is newer; the first time in any case, since it may have
        changed while the leader was away. Whether it was. Raises StoreError, SealError, Behind; the
        next call then tries again.
        """
        async with self._one_at_a_time:
            version = await to_thread.run_sync(self._store.config_version)
            if self._is_applied and version == self._world.version:
                return False
            configuration = await self._at(version)
            before = self._applied | await self._deleted_while_away(configuration)
            self._world.configure(replace(configuration, version=self._world.version))
            await self._enter(Reconfigure(before, configuration))
            self._applied = dict(self._world.monitors)
            self._is_applied = True
            self._world.version = configuration.version
            self._world.configuration = None  # all that is needed of it has been taken over
            log.info("configuration %s: %s monitors", version, len(configuration.monitors))
            return True

    async def _at(self, version: int) -> Configuration:
        """The configuration, read only where it is another than is known: at a start it was read
        a moment ago, and while ten thousand monitors are read no check gets on.
        """
        known = self._world.configuration
        if known is not None and version == self._world.version == known.version:
            return known
        return await to_thread.run_sync(self._store.load_config)

    async def _deleted_while_away(self, configuration: Configuration) -> dict[str, Monitor]:
        """Monitors that have a state and are not in the configuration, nor known from before."""
        kept = {monitor.id for monitor in configuration.monitors}
        gone = self._world.states.keys() - kept - self._applied.keys()
        if not gone:
            return {}
        monitors = await to_thread.run_sync(self._store.load_deleted, gone)
        return {monitor.id: monitor for monitor in monitors}
