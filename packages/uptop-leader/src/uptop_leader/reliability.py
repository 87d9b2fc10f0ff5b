"""Part of step 13: how reliable a monitor was within a window, from what was observed of it. Pure.

Everything is time: of the window the observed part, and of that the part in which it was down. What
was not observed counts as neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.store.intervals import intersect, length, subtract

if TYPE_CHECKING:
    from uptop_leader.store.intervals import Intervals

DAY_S = 86_400.0
RANGES = {
    "24h": DAY_S,
    "7d": 7 * DAY_S,
    "30d": 30 * DAY_S,
    "90d": 90 * DAY_S,
    "1y": 365 * DAY_S,
}
"""The windows that are told, by their names, in seconds."""


class Reliability(Struct, frozen=True, kw_only=True):
    """A window in seconds. `outages` counts those that it was seen down in; `longest_s` is the
    longest of them, as far as it lies in the window and was observed.
    """

    window_s: float
    observed_s: float
    down_s: float
    outages: int
    longest_s: float

    @property
    def up_s(self) -> float:
        """Observed and not down."""
        return self.observed_s - self.down_s

    @property
    def mttr_s(self) -> float | None:
        """Mean time to recovery: down time per outage; None without one."""
        return self.down_s / self.outages if self.outages else None

    @property
    def mtbf_s(self) -> float | None:
        """Mean time between failures: up time per outage; None without one."""
        return self.up_s / self.outages if self.outages else None


def reliability(seen: Intervals, down: Intervals, since_ms: int, until_ms: int) -> Reliability:
    """How it was in [since, until): `seen` is the observed time, `down` a part of it. They may reach
    beyond the window.

    Down times between which it was never seen up are one outage.
    """
    window = [(since_ms, until_ms)]
    up = subtract(seen, down)
    lasted = [length(intersect(stretch, window)) for stretch in outages(up, down)]
    felt = [lasting for lasting in lasted if lasting]
    return Reliability(
        window_s=(until_ms - since_ms) / 1000,
        observed_s=length(intersect(seen, window)) / 1000,
        down_s=sum(felt) / 1000,
        outages=len(felt),
        longest_s=max(felt, default=0) / 1000,
    )


def outages(up: Intervals, down: Intervals) -> list[Intervals]:
    """The down times by outage; all are sorted, so each up time is looked at once."""
    found: list[Intervals] = []
    place = 0
    for start, end in down:
        before = place
        while place < len(up) and up[place][0] < start:
            place += 1
        if found and place == before:
            found[-1].append((start, end))
        else:
            found.append([(start, end)])
    return found
