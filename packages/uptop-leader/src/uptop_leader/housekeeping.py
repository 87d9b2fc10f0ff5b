"""What a leader does for its store from time to time, beside the judging, which it never ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from uptop_core.errors import UptopError
from uptop_leader.store.replays import Rulings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from uptop_core.clock import Clock
    from uptop_leader.ballots import Rules
    from uptop_leader.regional import Lately
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store
    from uptop_leader.world import World

ROLL_UP_S = 60.0
SEAL_S = 300.0
RETAIN_S = 600.0
REPLAY_S = 5.0
REPLAY_AFTER_S = 15.0  # late results come in company: the past is judged when some have come

log = logging.getLogger(__name__)


async def every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again; troubles are told once, and do not end it."""
    trouble = ""
    while True:
        try:
            await do()
            trouble = ""
        except UptopError as error:
            if str(error) != trouble:
                log.error("housekeeping waits: %s", error)
            trouble = str(error)
        except Exception as fault:  # a bug in housekeeping must not end the judging
            if repr(fault) != trouble:
                log.exception("a fault in housekeeping")
            trouble = repr(fault)
        await anyio.sleep(seconds)


def keep_copy(store: Store, settings: LeaderSettings, now: float) -> None:
    """What a copy of another leader's database needs from time to time: its own rollups, packs and
    removals; what late results tell is copied.
    """
    store.roll_up(now)
    store.seal(now)
    store.retain(now, settings.retention_raw, settings.retention_5min, settings.retention_hour)


class Housekeeping:
    """Rolls up, seals, removes what is out of date, and judges the past of late results."""

    def __init__(
        self,
        settings: LeaderSettings,
        store: Store,
        world: World,
        rules: Rules,
        clock: Clock,
        lately: Lately,
    ) -> None:
        self._settings = settings
        self._store = store
        self._world = world
        self._rules = rules
        self._clock = clock
        self._lately = lately

    def start(self, tasks: TaskGroup) -> None:
        """Begin all of it in `tasks`."""
        tasks.start_soon(every, ROLL_UP_S, self._roll_up)
        tasks.start_soon(every, SEAL_S, self._seal)
        tasks.start_soon(every, RETAIN_S, self._retain)
        tasks.start_soon(every, REPLAY_S, self._replay)

    async def _roll_up(self) -> None:
        now = self._clock.now()
        done = await to_thread.run_sync(self._store.roll_up, now)
        await self._lately.follow(self._store, self._world.nodes, now, is_new=done > 0)

    async def _seal(self) -> None:
        await to_thread.run_sync(self._store.seal, self._clock.now())

    async def _replay(self) -> None:
        rulings = Rulings(
            cluster=self._store.cluster_id,
            strategy=self._rules.strategy,
            silence_s=self._rules.constants.silence,
            unknown_s=self._rules.constants.unknown,
        )
        monitors = dict(self._world.monitors)
        now = self._clock.now()
        await to_thread.run_sync(self._store.replay, monitors, rulings, now, REPLAY_AFTER_S)

    async def _retain(self) -> None:
        settings = self._settings
        await to_thread.run_sync(
            self._store.retain,
            self._clock.now(),
            settings.retention_raw,
            settings.retention_5min,
            settings.retention_hour,
        )
        self._world.forget_ledgers(self._clock.now() - settings.retention_raw)
        self._world.terms.forget(self._clock.now() - settings.retention_raw)
