"""Part of step 9: which monitors are in which maintenance, and when that changes.

A calendar is made of a configuration. What it answers depends on nothing but that; what it has
worked out of recurring times it keeps, so that a pass in which nothing begins or ends costs nothing.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.maintenance import Maintenance, Span

log = logging.getLogger(__name__)

CHANGES_LIMIT = 1000  # of one maintenance, that are gone through after an absence


class Calendar:
    """The maintenance of a configuration from `since` (Unix seconds) on."""

    def __init__(
        self,
        maintenances: Iterable[Maintenance],
        monitors: Mapping[str, Monitor],
        since: float,
    ) -> None:
        self._tracks = {one.id: _Track(one, since) for one in maintenances}
        self.covered: dict[str, tuple[str, ...]] = {
            one.id: _covered(one, monitors) for one in self.maintenances
        }
        """The monitors (ids) of each maintenance."""
        self._of: dict[str, list[str]] = {}
        for maintenance, ids in self.covered.items():
            for monitor in ids:
                self._of.setdefault(monitor, []).append(maintenance)
        self._next = -math.inf  # nothing changes before that

    @property
    def maintenances(self) -> tuple[Maintenance, ...]:
        """All of them."""
        return tuple(track.maintenance for track in self._tracks.values())

    def under(self, monitor: str, at: float) -> tuple[str, ...]:
        """The names of the maintenances that a monitor is in at `at`."""
        tracks = (self._tracks[one] for one in self._of.get(monitor, ()))
        return tuple(track.maintenance.name for track in tracks if track.active(at))

    def changes(self, after: float, until: float) -> list[tuple[float, list[str]]]:
        """When one begins or ends in (after, until], in order, and for which monitors (ids)."""
        if until < self._next:
            return []
        found: dict[float, dict[str, None]] = {}
        for track in self._tracks.values():
            for moment in track.changes(after, until):
                concerned = dict.fromkeys(self.covered[track.maintenance.id])
                found.setdefault(moment, {}).update(concerned)
        return [(moment, list(found[moment])) for moment in sorted(found)]

    def next_span(self, maintenance: str, at: float) -> Span | None:
        """The time of a maintenance (id) that is now, or else the next one."""
        return self._tracks[maintenance].next_span(at)

    def forget(self, before: float) -> None:
        """What changed until a moment has been followed, and will not be asked for again."""
        if before < self._next:
            return
        tracks = self._tracks.values()
        for track in tracks:
            track.forget(before)
        self._next = min((track.next_change(before) for track in tracks), default=math.inf)


class _Track:
    """The spans of one maintenance, worked out as far as they were asked for."""

    def __init__(self, maintenance: Maintenance, since: float) -> None:
        self.maintenance = maintenance
        self._coming = maintenance.spans(since)
        self._spans: deque[Span] = deque()
        self._is_over = False

    def active(self, at: float) -> bool:
        self._reach(at)
        return any(span.start <= at < span.end for span in self._spans)

    def next_change(self, after: float) -> float:
        self._reach(after)
        moments = (at for span in self._spans for at in (span.start, span.end) if at > after)
        return min(moments, default=math.inf)

    def changes(self, after: float, until: float) -> list[float]:
        self._reach(until)
        moments = {at for span in self._spans for at in (span.start, span.end)}
        return sorted(at for at in moments if after < at <= until)[-CHANGES_LIMIT:]

    def next_span(self, at: float) -> Span | None:
        self._reach(at)
        return next((span for span in self._spans if span.end > at), None)

    def forget(self, before: float) -> None:
        while self._spans and self._spans[0].end <= before:
            self._spans.popleft()

    def _reach(self, at: float) -> None:
        """Have all spans that begin until `at`, and one more."""
        while not self._is_over and (not self._spans or self._spans[-1].start <= at):
            span = self._next_to_come()
            if span is None:
                self._is_over = True
            else:
                self._spans.append(span)

    def _next_to_come(self) -> Span | None:
        try:
            return next(self._coming, None)
        except ValueError as error:  # a zone that was known when it was set up, and is no more
            log.error("maintenance %s is left out: %s", self.maintenance.name, error)
            return None


def _covered(maintenance: Maintenance, monitors: Mapping[str, Monitor]) -> tuple[str, ...]:
    return tuple(
        monitor.id
        for monitor in monitors.values()
        if maintenance.covers(monitor, _groups_of(monitor, monitors))
    )


def _groups_of(monitor: Monitor, monitors: Mapping[str, Monitor]) -> set[str]:
    """The groups around a monitor."""
    found: set[str] = set()
    parent = monitor.parent
    while parent is not None and parent not in found and parent in monitors:
        found.add(parent)
        parent = monitors[parent].parent
    return found
