"""Shares of time in percent, as they are shown: cut and not rounded, so that 100 means all of it."""

from __future__ import annotations

import math
from typing import Protocol


class Observed(Protocol):
    """The uptime of a monitor over some window: seconds, by time and not by checks."""

    @property
    def up_s(self) -> float: ...
    @property
    def down_s(self) -> float: ...
    @property
    def observed_s(self) -> float: ...
    @property
    def window_s(self) -> float: ...


def uptime_percent(observed: Observed | None) -> tuple[float | None, float | None]:
    """Uptime and covered, in percent, cut (not rounded) to 3 places: 100 means all of it.

    Uptime is None where nothing was observed; unobserved time counts as neither up nor down.
    """
    if observed is None or observed.window_s <= 0:
        return None, None
    covered = cut_percent(observed.observed_s, observed.window_s)
    return cut_percent(observed.up_s, observed.up_s + observed.down_s), covered


def cut_percent(part: float, whole: float) -> float | None:
    """`part` of `whole` in percent, cut to 3 places: 100 means all of it; None of nothing."""
    return min(100.0, math.floor(part / whole * 100_000 + 1e-9) / 1000) if whole > 0 else None
