"""The leader's own checks: a node like any other, whose results take the shortest way in.

It fetches its assignments, runs them with the runner that probes use, and reports in batches that
enter the flow at step 7 like anybody's.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
import msgspec

from uptop_core.alarm import Alarm
from uptop_core.errors import UptopError
from uptop_core.line_ups import Line
from uptop_core.prober.sockets import SharedSockets
from uptop_core.run_check import run_check
from uptop_core.runner import RanResult, Runner, to_wire
from uptop_core.wire import ResultsBatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.clock import Clock
    from uptop_core.looks import Vantage
    from uptop_core.outcomes import Outcome
    from uptop_core.wire import Assignment
    from uptop_leader.engine import Engine

_BATCH = 1000
_GATHER_S = (
    0.75  # how long a result waits for company: a pass of the engine costs more than a check
)
_NEWS_S = 0.05  # the same where it may be news
_RETRY_S = 1.0
_LIMIT = 50_000  # results kept while the store cannot be written

log = logging.getLogger(__name__)


class OwnChecks:
    """Runs what is assigned to this leader and feeds its engine. `instance` is this start's."""

    def __init__(
        self,
        engine: Engine,
        vantage: Vantage,
        clock: Clock,
        *,
        concurrency: int,
        instance: str,
        canaries: Iterable[str] = (),
    ) -> None:
        self.dropped = 0
        self._engine = engine
        self._node = engine.world.own.id
        self._instance = instance
        self._vantage = vantage
        self._sockets = SharedSockets()
        self._clock = clock
        self._results: list[tuple[int, RanResult]] = []
        self._seq = 0
        self._alarm = Alarm()
        self._has_news = False
        constants = engine.world.constants
        self._line = Line(
            self._look, canaries=canaries, answer_s=constants.answer, clock=clock,
            ask_leader=None,  # that this process hears itself proves no line
            on_result=self._keep,
        )  # fmt: skip
        self.runner = Runner(
            self._look, concurrency=concurrency, clock=clock, on_result=self._line.take,
            soon_s=constants.soon,
        )  # fmt: skip

    async def run(self) -> None:
        """Until cancelled."""
        with self._sockets:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.runner.run)
                tasks.start_soon(self._line.run)
                tasks.start_soon(self._follow)
                tasks.start_soon(self._feed)

    async def _look(self, assignment: Assignment) -> Outcome:
        return await run_check(
            assignment.check,
            timeout=assignment.timeout,
            vantage=self._vantage,
            sockets=self._sockets,
        )

    def _keep(self, ran: RanResult) -> None:
        self._seq += 1
        self._results.append((self._seq, ran))
        if len(self._results) > _LIMIT:
            del self._results[0]
            self.dropped += 1
        if not ran.outcome.up or ran.outcome.failed or ran.recheck is not None:
            self._has_news = True
        if self._has_news or len(self._results) == 1:
            self._alarm.ring()

    async def _follow(self) -> None:
        """Keep the runner's assignments and rechecks those of the world."""
        world, node, known = self._engine.world, self._node, ""
        assigned: tuple[Assignment, ...] | None = None
        while True:
            rechecks = self._engine.rechecks(node, known)
            if rechecks is None:
                known, given = world.assignments(node)
                if given.monitors != assigned:
                    assigned = given.monitors
                    self._line.update(assigned)
                    self.runner.update(assigned, given.recheck)
                else:
                    self.runner.ask(given.recheck)
            else:
                known = world.orders.etag(node)
                self.runner.ask(rechecks.recheck)
            await self._engine.own_assignments_changed(known)

    async def _feed(self) -> None:
        """Hand results to the engine; keep them until it has stored them."""
        while True:
            await self._company()
            while self._results:
                batch = self._results[:_BATCH]
                try:
                    await self._engine.submit(self._batch(batch))
                except UptopError as error:
                    log.debug("own results wait: %s", error)
                    await anyio.sleep(_RETRY_S)
                    continue
                sent = {seq for seq, _ in batch}
                self._results = [item for item in self._results if item[0] not in sent]

    async def _company(self) -> None:
        """Wait for results, and a while for more of them: only shortly where there is news."""
        while not self._results:
            await self._alarm.rings()
        until = self._clock.monotonic() + _GATHER_S - _NEWS_S
        while not self._has_news and (left := until - self._clock.monotonic()) > 0:
            await self._alarm.rings(within_s=left)
        await anyio.sleep(_NEWS_S)
        self._has_news = False

    def _batch(self, results: list[tuple[int, RanResult]]) -> ResultsBatch:
        now = self._clock.now()
        return ResultsBatch(
            node_id=self._node,
            dropped_total=self.dropped,
            instance=self._instance,
            results=tuple(
                msgspec.Raw(msgspec.json.encode(to_wire(ran, seq=seq, now=now)))
                for seq, ran in results
            ),
            waiting=max(0, len(self._results) - len(results)),
            canaries=self._line.canaries(),
        )
