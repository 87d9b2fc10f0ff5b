"""Speed and size against their goals: one script per row, `hatch run bench` prints the table."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One thing measured. `goal` is what it must not exceed, or with `at_least` not fall below;
    None where there is none. `peer` says what others do, and where that was measured.
    """

    what: str
    measured: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    peer: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal
