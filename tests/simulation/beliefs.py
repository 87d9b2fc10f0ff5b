"""What somebody believed of a monitor over time: a change to DOWN or to UP, and when it was known."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Turn:
    """`known` is when the belief changed, `began` the observation that it is dated from."""

    down: bool
    began: float
    known: float


@dataclass
class Beliefs:
    """The turns of one monitor, in order, and how many messages they made."""

    turns: list[Turn] = field(default_factory=list)

    @property
    def is_down(self) -> bool:
        """What is believed last."""
        return bool(self.turns) and self.turns[-1].down

    def turn(self, down: bool, began: float, known: float) -> None:
        """Believe something else, or the same as before."""
        if down != self.is_down:
            self.turns.append(Turn(down, began, known))
