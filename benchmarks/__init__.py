"""Speed and size against their goals: one script per row, `hatch run bench` prints the table."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One thing measured. `goal` is what it must not exceed, or with `at_least` not fall below;
    None where there is none. `measured` is None when it could not be: `peer` then says why. `peer`
    says what others do, and where that was measured; `ratio` is ours by the peer's, from pairs of
    one run.
    """

    what: str
    measured: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    peer: str = ""
    ratio: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one, or without a measurement."""
        if self.goal is None or self.measured is None:
            return None
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal
