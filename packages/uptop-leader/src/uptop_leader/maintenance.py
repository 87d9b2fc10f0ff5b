"""Maintenance: a planned time in which transitions make no notifications. Pure.

One that recurs begins at a wall-clock time of its zone, also over a change to daylight-saving time,
and lasts for its duration in elapsed time.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from uptop_leader.recurrences import ANCHOR, starts
from uptop_leader.zones import instant, wall_clock, zone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from uptop_core.monitors import Monitor

LONGEST_S = 31 * 86_400.0  # of one that recurs
_OUT_OF_ORDER = timedelta(hours=26)  # no zone has ever skipped or repeated more local time


class Span(Struct, frozen=True, order=True):
    """A time from `start` until `end` (Unix seconds), which is not in it any more."""

    start: float
    end: float


class Maintenance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When, and for which monitors. `name` is unique. Times are Unix seconds, durations seconds.

    Either from `start` to `end`, or each time `rrule` comes true in `timezone` for `duration`; then
    `start` is when it can be first. `monitors` and `groups` are ids, a group meaning all in it.
    """

    id: str
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    start: float | None = None
    end: float | None = None
    rrule: str | None = None
    duration: float | None = None
    timezone: str = "UTC"
    monitors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    all: bool = False

    def covers(self, monitor: Monitor, groups: Collection[str]) -> bool:
        """Whether it is for a monitor that stands in these groups (ids, the outer ones too)."""
        return (
            self.all
            or monitor.id in self.monitors
            or monitor.id in self.groups
            or not set(self.groups).isdisjoint(groups)
            or not set(self.tags).isdisjoint(monitor.tags)
        )

    def spans(self, since: float) -> Iterator[Span]:
        """Its times that end after `since`, in order; those that overlap or touch are one, as long
        as that is not longer than `LONGEST_S`.
        """
        if self.rrule is None:
            if self.start is not None and self.end is not None and self.end > since:
                yield Span(self.start, self.end)
            return
        yield from (span for span in self._joined(since) if span.end > since)

    def _joined(self, since: float) -> Iterator[Span]:
        span: Span | None = None
        duration = self.duration or 0.0
        for start in self._starts(since - duration):
            if span is not None and start <= span.end and start - span.start < LONGEST_S:
                span = Span(span.start, start + duration)
                continue
            if span is not None:
                yield span
            span = Span(start, start + duration)
        if span is not None:
            yield span

    def _starts(self, since: float) -> Iterator[float]:
        """When it begins, in order, from some time before `since` on.

        Wall-clock times need not be in the order of the instants they mean where a clock was put
        forward: half past two, that was skipped, is after three.
        """
        where = zone(self.timezone)
        first = ANCHOR if self.start is None else wall_clock(self.start, where)
        near = wall_clock(since, where) - 2 * _OUT_OF_ORDER
        waiting: list[tuple[float, datetime]] = []
        for local in starts(self.rrule or "", first, where, near):
            if local < near:
                continue
            while waiting and local - waiting[0][1] > _OUT_OF_ORDER:
                yield heapq.heappop(waiting)[0]
            heapq.heappush(waiting, (instant(local, where), local))
        while waiting:
            yield heapq.heappop(waiting)[0]
