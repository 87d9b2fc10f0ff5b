"""From votes to a verdict (DESIGN 9): the tally, and what every strategy has in common."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.outcomes import Reason


class Verdict(StrEnum):
    """What the votes of one monitor say together. TIED and UNKNOWN change no belief."""

    UP = "UP"
    DOWN = "DOWN"
    TIED = "TIED"
    UNKNOWN = "UNKNOWN"


class Ballot(Protocol):
    """Anything that says up or down and why: an `Outcome`, a `Vote`."""

    @property
    def up(self) -> bool: ...
    @property
    def reason(self) -> Reason | None: ...


class Tally(Struct, frozen=True):
    """Votes counted: how many are expected (E), fresh (F) and down (D)."""

    expected: int
    fresh: int
    down: int

    @property
    def up(self) -> int:
        """Fresh votes that say up."""
        return self.fresh - self.down

    @property
    def quorum(self) -> int:
        """More than half of those expected: floor(E / 2) + 1."""
        return self.expected // 2 + 1

    @property
    def is_quorate(self) -> bool:
        """Whether enough fresh votes are in."""
        return self.fresh >= self.quorum


class Strategy:
    """A rule that makes a verdict of a tally. One subclass, in one file of the folder, each."""

    name: ClassVar[str]
    one_suffices: ClassVar[bool] = False
    """True where a single down vote decides, so that silence alone must not bring recovery."""

    def decide(self, tally: Tally) -> Verdict:
        """The verdict; never called with F = 0."""
        raise NotImplementedError  # what a strategy is, each says for itself


@cache
def strategies() -> dict[str, Strategy]:
    """Every known strategy by its name."""
    from uptop_core import aggregation, plugins

    found = plugins.find(aggregation, Strategy, "uptop.strategies")
    return {strategy.name: strategy() for strategy in found}


def decide(tally: Tally, strategy: str = "any-down", min_votes: int = 1) -> Verdict:
    """The verdict of `strategy` (a KeyError names an unknown one); UNKNOWN below `min_votes`."""
    known = strategies()
    if strategy not in known:
        raise KeyError(f"there is no strategy {strategy!r}: known are {', '.join(sorted(known))}")
    if tally.fresh < max(1, min_votes):
        return Verdict.UNKNOWN
    return known[strategy].decide(tally)


def aggregate(
    votes: Iterable[Ballot], strategy: str = "any-down", expected: int | None = None
) -> Verdict:
    """Combine what several places saw into one verdict.

    `votes` are outcomes or votes; those that say nothing about the target (`internal_error`,
    `blocked_target`) abstain. `expected` is how many nodes should have voted (default: all of
    `votes`, the abstaining included). Raises KeyError for an unknown strategy.
    """
    ballots = list(votes)
    heard = [vote for vote in ballots if vote.reason is None or not vote.reason.abstains]
    down = sum(not vote.up for vote in heard)
    total = len(ballots) if expected is None else expected
    return decide(Tally(expected=total, fresh=len(heard), down=down), strategy)
