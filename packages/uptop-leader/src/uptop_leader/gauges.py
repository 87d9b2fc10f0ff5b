"""The program's own health, as metrics show it."""

from __future__ import annotations

from msgspec import Struct


class Sendings(Struct, frozen=True):
    """How many notifications one channel took, and how many it did not."""

    sent: int = 0
    failed: int = 0


class Gauges(Struct, frozen=True, kw_only=True):
    """Totals count since the start of the process; `notifications` are by channel id."""

    role: str = "leader"
    epoch: int = 0
    queue_depth: int = 0
    results_total: int = 0
    duplicates_total: int = 0
    rejected_total: int = 0
    schedule_lag_s: float = 0.0
    missed_ticks_total: int = 0
    wall_ahead_s: float = 0.0
    breaches: dict[str, int] = {}
    """Invariants that did not hold, by name."""
    notifications: dict[str, Sendings] = {}
