"""The leader's pulse: whether it turns and its store takes what is written, and in which numbers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anyio import to_thread

from uptop_core.wire import Health
from uptop_leader.gauges import Gauges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.clock import Clock
    from uptop_core.runner import Runner
    from uptop_leader.engine import Engine
    from uptop_leader.gauges import Sendings
    from uptop_leader.store.store import Store

ALIVE_S = 5.0  # how often it beats
STEP_S = 5.0  # the wall clock was set when it moves by more than this between two beats

log = logging.getLogger(__name__)


class Pulse:
    """Beats into `store`, and tells of `engine` and of the `runner` of the leader's own checks.

    Something must have been written, and the engine must have turned, within `bound_s`.
    """

    def __init__(
        self, store: Store, engine: Engine, runner: Runner, clock: Clock, bound_s: float
    ) -> None:
        self._store = store
        self._engine = engine
        self._runner = runner
        self._clock = clock
        self._bound_s = bound_s
        self._alive = clock.now()
        self._missed = 0
        self._lag_s = 0.0
        self._wall_ahead_s = 0.0

    async def beat(self) -> None:
        """Write down that this leader is alive, and take what has come together since."""
        self._follow_wall_clock()
        now = self._clock.now()
        await to_thread.run_sync(self._store.alive, now)
        self._alive = now
        pressure = self._runner.take_pressure()
        self._missed += pressure.missed
        self._lag_s = pressure.lag_s

    def _follow_wall_clock(self) -> None:
        """Come nearer to the wall clock, and tell when that was set."""
        before, self._wall_ahead_s = self._wall_ahead_s, self._clock.follow()
        if abs(self._wall_ahead_s - before) > STEP_S and abs(self._wall_ahead_s) > STEP_S:
            log.warning(
                "the wall clock is %.0f s from where it was: what is written down follows it by"
                " 1 s in 50, or at a restart",
                self._wall_ahead_s,
            )

    def health(self) -> Health:
        """ok while the engine turns and the store takes what is written; else why not."""
        now, engine = self._clock.now(), self._engine
        reason = ""
        if engine.trouble:
            reason = engine.trouble
        elif engine.faulty:
            reason = f"monitors that cannot be judged: {len(engine.faulty)}; the log says why"
        elif (silence := now - max(self._alive, engine.last_write)) > self._bound_s:
            reason = f"nothing was stored for {silence:.0f} s"
        elif now - engine.last_turn > self._bound_s:
            reason = f"the scheduler stands still for {now - engine.last_turn:.0f} s"
        return Health(status="unavailable" if reason else "ok", reason=reason)

    def gauges(self, sendings: Mapping[str, Sendings]) -> Gauges:
        """The program's own health in numbers; `sendings` are by channel id."""
        counters = self._engine.counters
        return Gauges(
            queue_depth=self._engine.depth,
            results_total=counters.results,
            duplicates_total=counters.duplicates,
            rejected_total=counters.rejected,
            schedule_lag_s=self._lag_s,
            missed_ticks_total=self._missed,
            wall_ahead_s=self._wall_ahead_s,
            breaches=dict(self._engine.breaches.counts),
            notifications=dict(sendings),
        )
