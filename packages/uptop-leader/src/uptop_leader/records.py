"""What a node tells of its own work with each batch: its clock, what it lost, what it missed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.wire import Canaries

if TYPE_CHECKING:
    from uptop_core.wire import ResultsBatch


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a node keeps up, as last told. Times are Unix seconds on the leader's clock.

    `rtt_ms` is the round trip of the exchange that its clock was measured with, `samples` is kept
    for `offsets`. `missed` are the ticks that it could not start in time, and `lag_ms` the worst
    delay of those that it started. `dropped` are the results it lost to a full spool, observed
    between `lost_from` and `lost_until`. `told_…` are what this instance has told of both.
    `waiting` results stayed behind in its spool (None: it does not tell), and its `canaries` were
    asked last at `canaries_asked`.
    """

    rtt_ms: int | None = None
    samples: tuple[int, ...] = ()
    missed: int = 0
    lag_ms: int = 0
    dropped: int = 0
    lost_from: float | None = None
    lost_until: float | None = None
    told_dropped: int = 0
    told_missed: int = 0
    waiting: int | None = None
    canaries: Canaries | None = None
    canaries_asked: float | None = None

    def of_a_new_instance(self) -> Record:
        """The record as another process of the node goes on with it."""
        return Record(
            missed=self.missed,
            dropped=self.dropped,
            lost_from=self.lost_from,
            lost_until=self.lost_until,
        )

    def after(self, batch: ResultsBatch, samples: tuple[int, ...], received: float) -> Record:
        """The record with what `batch` tells.

        A batch whose acknowledgement was lost is told again with the same numbers, so totals are
        what is counted; where a node gives none, what is since its last batch is added.
        """
        dropped, told_dropped = _counted(
            self.dropped, self.told_dropped, batch.dropped_total, batch.dropped
        )
        missed, told_missed = _counted(
            self.missed, self.told_missed, batch.missed_total, batch.missed
        )
        lost_from, lost_until = self.lost_from, self.lost_until
        if batch.lost_ages_ms is not None:
            oldest, newest = batch.lost_ages_ms
            lost_from, lost_until = _ago(oldest, received), _ago(newest, received)
        return Record(
            rtt_ms=batch.rtt_ms,
            samples=samples,
            missed=missed,
            lag_ms=batch.lag_ms,
            dropped=dropped,
            lost_from=lost_from,
            lost_until=lost_until,
            told_dropped=told_dropped,
            told_missed=told_missed,
            waiting=batch.waiting,
            canaries=batch.canaries,
            canaries_asked=_asked(batch.canaries, received),
        )


def _asked(canaries: Canaries | None, received: float) -> float | None:
    if canaries is None or canaries.age_ms is None:
        return None
    return _ago(canaries.age_ms, received)


def _ago(age_ms: int, received: float) -> float:
    """A moment so long ago; an age from outside may be absurd."""
    return max(0.0, received - age_ms / 1000)


def _counted(known: int, told: int, total: int | None, more: int) -> tuple[int, int]:
    """The count of all instances, and of this one, after it has told `total`, or `more`."""
    if total is None:
        return known + more, told + more
    return known + total - told, total
