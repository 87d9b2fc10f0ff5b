"""The time of a machine that may be suspended: what is to happen there waits until it wakes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.clockwork import Clockwork, Deed
    from tests.simulation.spans import Spans


class Machine:
    """Deeds of one machine. `suspended` is when it stands still; its clock counts that time, as
    Linux has it. All that became due meanwhile happens at once when it wakes up, which is worse than
    it is: sleeps stand still in a suspend.
    """

    def __init__(self, clockwork: Clockwork, suspended: Spans) -> None:
        self._clockwork = clockwork
        self._suspended = suspended

    @property
    def now(self) -> float:
        """Seconds from the start."""
        return self._clockwork.now

    def is_awake(self, at: float) -> bool:
        """Whether it runs at a moment."""
        return at not in self._suspended

    def awake_at(self, at: float) -> float:
        """When it runs, at a moment or after it."""
        return next((end for start, end in self._suspended if start <= at < end), at)

    def at(self, when: float, deed: Deed) -> None:
        """Do `deed` at `when`, or when it wakes up after that."""
        if not self._suspended:
            self._clockwork.at(when, deed)
            return

        def do(at: float) -> None:
            if self.is_awake(at):
                deed(at)
            else:
                self._clockwork.at(self.awake_at(at), do)

        self._clockwork.at(when, do)
