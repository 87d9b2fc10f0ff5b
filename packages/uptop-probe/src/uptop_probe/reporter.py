"""Step 6, second half: sends what the spool holds to the leader the link has found.

Only a leader's own acknowledgement takes a result out of the spool; anything else means that it
is sent again.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from typing import TYPE_CHECKING

import anyio

from uptop_core.alarm import Alarm
from uptop_core.errors import LeaderBusy, LeaderError, LeaderRefused
from uptop_core.logs import event
from uptop_core.runner import Pressure
from uptop_core.wire import Rejected, ResultsBatch
from uptop_probe.link import backoff
from uptop_probe.offset import Offset
from uptop_probe.spool import BATCH_RESULTS, Batch, Spool

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.client import LeaderClient
    from uptop_core.clock import Clock
    from uptop_core.runner import RanResult
    from uptop_core.wire import Canaries
    from uptop_probe.link import Link

_LONGEST_WAIT_S = 60.0  # whatever a leader asks for
_NOT_ADMITTED = (401, 403, 409)  # it is about who this node is: register again

_log = logging.getLogger(__name__)


class Reporter:
    """Takes results with `add` and reports them, at most every `flush_s` seconds unless a whole
    batch waits. `pressure` tells what the runner could not do since it was last asked, `canaries`
    what the node's canaries said last.
    """

    def __init__(
        self,
        spool: Spool,
        link: Link,
        *,
        node_id: str,
        instance: str,
        clock: Clock,
        flush_s: float,
        pressure: Callable[[], Pressure],
        canaries: Callable[[], Canaries | None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._link = link
        self._node_id = node_id
        self._instance = instance
        self._clock = clock
        self._flush_s = flush_s
        self._pressure = pressure
        self._canaries = canaries
        self._jitter = jitter
        self._untold = Pressure(0, 0.0)
        self._missed = 0
        self._offset = Offset()
        self._limit = BATCH_RESULTS
        self._failures = 0
        self._alarm = Alarm()
        self._is_full = False

    def add(self, ran: RanResult) -> None:
        """Keep a result until it is acknowledged."""
        dropped = self._spool.dropped
        self._spool.add(ran)
        if self._spool.dropped > dropped and not self._is_full:
            event(_log, logging.ERROR, "the spool is full, the oldest results are dropped")
        self._is_full = self._spool.dropped > dropped
        # One that is neither the first nor fills a batch changes nothing for who waits.
        if len(self._spool) == 1 or len(self._spool) >= self._limit:
            self._alarm.ring()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await self._something()
            leader = await self._link.leader()
            sent = self._clock.monotonic()
            await anyio.sleep(await self._attempt(leader))
            await self._pause(sent)

    async def finish(self) -> None:
        """Send all that is left, and say that this node stops. Ends when that is acknowledged, or
        at once when no leader knows this node; the caller sets the deadline.
        """
        while (leader := self._link.current) is not None:
            batch = self._next()
            is_last = len(batch.seqs) == len(self._spool)
            try:
                await self._send(leader, batch, stopping=is_last)
            except LeaderRefused as error:
                if not self._shrink(error, batch):
                    event(_log, logging.WARNING, "the last results were refused", why=str(error))
                    return
            except LeaderError as error:
                event(_log, logging.WARNING, "the last results did not get through", why=str(error))
                await anyio.sleep(_pause_of(error) or backoff(1, self._jitter()))
            else:
                if not len(self._spool):  # it may have asked for more with its answer
                    return

    async def _something(self) -> None:
        """Wait until a result waits."""
        while not len(self._spool):
            await self._alarm.rings()

    async def _pause(self, since: float) -> None:
        """Wait for company, but not when a whole batch waits already."""
        while len(self._spool) < self._limit:
            left = since + self._flush_s - self._clock.monotonic()
            if left <= 0:
                return
            await self._alarm.rings(within_s=left)

    async def _attempt(self, leader: LeaderClient) -> float:
        """Send one batch. Returns how many seconds to wait before the next."""
        batch = self._next()
        try:
            await self._send(leader, batch)
        except LeaderRefused as error:
            if self._shrink(error, batch):
                return 0.0
            if error.status in _NOT_ADMITTED:
                self._link.lost(leader, error)
            return self._failed(error)
        except LeaderError as error:
            if self._link.has_choice and not _is_throttled(error):
                self._link.lost(leader, error)
            return self._failed(error)
        if self._failures:
            self._failures = 0
            event(_log, logging.INFO, "results are taken again", waiting=len(self._spool))
        self._limit = min(BATCH_RESULTS, self._limit * 2)
        return 0.0

    def _next(self) -> Batch:
        return self._spool.batch(self._clock.now(), results=self._limit)

    async def _send(self, leader: LeaderClient, batch: Batch, *, stopping: bool = False) -> None:
        pressure = self._pressure()
        self._missed += pressure.missed
        self._untold = _sum(self._untold, pressure)
        sent = self._clock.now()
        answer = await leader.report(self._told(leader, batch, sent, stopping=stopping))
        self._offset.learn(leader.url, sent, self._clock.now(), answer.now / 1000)
        self._untold = Pressure(0, 0.0)
        self._tell_rejected(answer.rejected)
        again = self._spool.acknowledge(
            batch,
            peer=leader.url,
            have=answer.have.get(self._instance),
            rejected=_seqs(batch, answer.rejected),
            now=self._clock.now(),
        )
        if again:
            event(_log, logging.INFO, "sending again what the leader lacks", results=again)

    def _told(
        self, leader: LeaderClient, batch: Batch, now: float, *, stopping: bool
    ) -> ResultsBatch:
        """The batch as it is sent at `now`, with how this node is doing."""
        wall = self._clock.wall()
        offset = self._offset.of(leader.url, now, wall)
        lost = self._spool.lost_between if self._spool.lost else None
        return ResultsBatch(
            node_id=self._node_id,
            results=batch.results,
            instance=self._instance,
            sent_at=int(wall * 1000),
            dropped=batch.dropped,
            missed=self._untold.missed,
            lag_ms=round(self._untold.lag_s * 1000),
            stopping=stopping,
            offset_ms=None if offset is None else round(offset.ahead_s * 1000),
            rtt_ms=None if offset is None else round(offset.round_trip_s * 1000),
            dropped_total=max(0, self._spool.lost),
            missed_total=self._missed,
            lost_ages_ms=None if lost is None else (_age_ms(lost[0], now), _age_ms(lost[1], now)),
            waiting=max(0, len(self._spool) - len(batch.seqs)),
            canaries=self._canaries(),
        )

    def _shrink(self, error: LeaderRefused, batch: Batch) -> bool:
        """On 413 send less at once; a single result that is too large alone is given up."""
        if error.status != 413:
            return False
        if len(batch.seqs) > 1:
            self._limit = len(batch.seqs) // 2
            return True
        self._spool.discard(batch)
        event(
            _log,
            logging.ERROR,
            "a result is too large for the leader, it is dropped",
            seq=",".join(map(str, batch.seqs)),
        )
        return True

    def _failed(self, error: LeaderError) -> float:
        """Log the first failure of a row; the link tells of lasting trouble."""
        self._failures += 1
        if self._failures == 1:
            event(
                _log,
                logging.WARNING,
                "results not acknowledged, keeping them",
                why=str(error),
                waiting=len(self._spool),
            )
        return max(_pause_of(error), backoff(self._failures, self._jitter()))

    def _tell_rejected(self, rejected: tuple[Rejected, ...]) -> None:
        """One line for each monitor and reason: of one that was removed there may be thousands."""
        for (monitor, why), count in Counter((one.monitor_id, one.why) for one in rejected).items():
            event(
                _log,
                logging.WARNING,
                "the leader rejected results, they are dropped",
                monitor=monitor or None,
                results=count,
                why=why,
            )


def _is_throttled(error: LeaderError) -> bool:
    """429 is about this node's own rate: another peer would say the same."""
    return isinstance(error, LeaderBusy) and error.status == 429


def _pause_of(error: LeaderError) -> float:
    """How long the leader itself asks to wait."""
    asked = error.retry_after_s if isinstance(error, LeaderBusy) else None
    return min(asked or 0.0, _LONGEST_WAIT_S)


def _seqs(batch: Batch, rejected: tuple[Rejected, ...]) -> frozenset[int]:
    """The seqs of rejected results; their place in the batch tells where the seq is missing."""
    places = (result.index for result in rejected)
    return frozenset(batch.seqs[place] for place in places if 0 <= place < len(batch.seqs))


def _age_ms(moment: float, now: float) -> int:
    return max(0, round((now - moment) * 1000))


def _sum(one: Pressure, other: Pressure) -> Pressure:
    return Pressure(one.missed + other.missed, max(one.lag_s, other.lag_s))
