"""Step 2: assignments and the time → the next ticks. Pure; leader and probe use the same.

Ticks stand at (k + phase) × interval of the clock that is passed in, so a restart changes nothing,
and phases are spread so that neither many monitors nor the nodes of one come at once. What was
missed while the machine stood still is counted and not made up for all at once.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.wire import Assignment

LATE_S = 5.0  # a tick found this late is missed: nobody was there to run it
_COMPANY_SHARE = 0.05  # of its interval, that a tick may wait for others
_MAKE_UP_S = 600.0  # within how long even a rare monitor is looked at after its tick was missed


class Tick(Struct, frozen=True):
    """One planned moment of one assignment; `at` in seconds of the scheduling clock."""

    assignment: Assignment
    at: float


def phase(monitor_id: str, rank: int) -> float:
    """Where in its interval a monitor is looked at by the node of that `rank` (0, 1, …): [0, 1).

    The hash spreads the monitors; the van der Corput sequence of base 2 (0, 1/2, 1/4, 3/4, …)
    spreads the nodes of one monitor evenly, however many there are, and moves none when one joins.
    """
    digest = hashlib.blake2b(monitor_id.encode(), digest_size=6).digest()
    return math.fmod(int.from_bytes(digest, "big") / 2**48 + van_der_corput(rank), 1.0)


def van_der_corput(n: int) -> float:
    """The n-th member of the sequence in base 2: the binary digits of n, mirrored at the point."""
    value, place = 0.0, 0.5
    while n:
        value += place * (n & 1)
        n, place = n >> 1, place / 2
    return value


def next_tick(interval: float, phase: float, after: float) -> float:
    """The first moment (k + phase) × interval after `after`.

    A moment that `after` equals but for rounding is over.
    """
    return (math.floor(after / interval - phase + 1e-6) + 1 + phase) * interval


class Schedule:
    """The planned ticks of one node. `soon_s` is within how long a new monitor is first looked at.

    `missed` counts the ticks that were skipped because nobody asked for them in time.
    """

    def __init__(self, soon_s: float = 30.0) -> None:
        self.missed = 0
        self._soon_s = soon_s
        self._planned: dict[str, Tick] = {}
        self._heap: list[tuple[float, str]] = []  # one entry for each of _planned

    def __len__(self) -> int:
        return len(self._planned)

    def get(self, monitor_id: str) -> Assignment | None:
        """The assignment of a monitor, if it is planned here."""
        tick = self._planned.get(monitor_id)
        return tick.assignment if tick is not None else None

    def update(self, assignments: Iterable[Assignment], now: float) -> None:
        """Plan these and no others. What kept its interval and phase keeps its next tick; what is
        `soon` and new, or changed, comes within `soon_s`, spread by its phase.
        """
        self._planned = {
            assignment.id: Tick(assignment, self._first(assignment, now))
            for assignment in assignments
        }
        self._heap = [(tick.at, monitor_id) for monitor_id, tick in self._planned.items()]
        heapq.heapify(self._heap)

    def due(self, now: float) -> list[Tick]:
        """The ticks whose moment has come, in their order; each is given out once."""
        ticks: list[Tick] = []
        while self._heap and self._heap[0][0] <= now:
            at, monitor_id = self._heap[0]
            tick = self._planned[monitor_id]
            assignment = tick.assignment
            if now - at <= min(LATE_S, assignment.interval):
                ticks.append(tick)
                following = next_tick(assignment.interval, assignment.phase, now)
            else:
                self.missed += 1 + math.floor((now - at) / assignment.interval)
                within = max(2 * self._soon_s, min(_MAKE_UP_S, assignment.interval / 2))
                following = _within(assignment, now, within)
            self._planned[monitor_id] = Tick(assignment, following)
            heapq.heapreplace(self._heap, (following, monitor_id))
        return ticks

    def next_at(self, most: int = 1, within_s: float = 0.0) -> float | None:
        """When to ask again: at the next tick, or, where `most` are to be begun together, at the
        last of these for which none waits more than `within_s`, nor more than a small share of its
        interval. None when nothing is planned.
        """
        if not self._heap:
            return None
        last, latest = self._heap[0][0], math.inf
        # What follows an entry of a heap stands below it: so only a few are looked at.
        following = [(last, 0)]
        for _ in range(most):
            at, place = heapq.heappop(following)
            if at > latest:
                break
            interval = self._planned[self._heap[place][1]].assignment.interval
            last, latest = at, min(latest, at + min(within_s, interval * _COMPANY_SHARE))
            below = range(2 * place + 1, min(2 * place + 3, len(self._heap)))
            for each in below:
                heapq.heappush(following, (self._heap[each][0], each))
            if not following:
                break
        return last

    def _first(self, assignment: Assignment, now: float) -> float:
        """The next tick of an assignment as it is now given."""
        regular = next_tick(assignment.interval, assignment.phase, now)
        soon = _within(assignment, now, self._soon_s) if assignment.soon else regular
        old = self._planned.get(assignment.id)
        if old is None:
            return soon
        before = old.assignment
        kept = (before.interval, before.phase) == (assignment.interval, assignment.phase)
        at = old.at if kept else regular
        changed = not kept or before.check != assignment.check or not before.soon
        return min(at, soon) if changed else at


def _within(assignment: Assignment, now: float, within: float) -> float:
    """The next regular tick if it is that near; else an extra one, spread over `within` seconds."""
    regular = next_tick(assignment.interval, assignment.phase, now)
    return regular if regular - now <= within else now + assignment.phase * within
