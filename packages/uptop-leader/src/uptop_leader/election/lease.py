"""Who of several leaders on one database acts: the rules of the lease. Pure.

The lease is one row: who holds it, at which epoch, and a counter that the holder raises. Each node
counts seconds on a clock of its own that only goes forward, and no two clocks are compared: the
holder stops `fence` seconds after it *asked* for its last renewal, and a candidate takes the lease
over when it has *seen* no renewal for `lease` seconds, which are more. Whatever a node says of the
row it says with the row that it knew, so a row that has changed since refuses (compare-and-set).

Every epoch is above all that were ever used, as far as anybody remembers: the row holds the highest
that was told to it, and each node the highest that it has seen, also when the database has gone
back to what it was some time ago. Whoever acts under what it has lost finds that out at its next
renewal, and tells; so on a server that has started anew, or another one, everybody looks for
`lease` seconds first, and so does the former holder, unless its fence is not over yet.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace


class Row(Struct, frozen=True, kw_only=True):
    """The lease as it stands. `holder` is empty when nobody has it; `server` says since when the
    database runs, in whatever words: what it held in memory is lost when that changes.
    """

    holder: str = ""
    epoch: int = 0
    beat: int = 0
    highest: int = 0
    server: str = ""


class Pace(Struct, frozen=True, kw_only=True):
    """Seconds: `beat` between two renewals; `fence` after how long without one the holder stops;
    `lease` after how long without one another takes over.
    """

    beat: float = 5.0
    fence: float = 12.0
    lease: float = 15.0


class Move(Enum):
    """What a node is to do next."""

    LOOK = "look"
    RENEW = "renew"
    TAKE = "take"


class Leasing(Struct, frozen=True, kw_only=True):
    """What a node knows. `me` names this process and no other one, ever.

    `term` is the row as this node last renewed it, None while it does not hold the lease;
    `renewed` is when it last asked for that. `seen` is the row as it was last seen, at first at
    `since`; `moved` when it is still as it was found on another server than before. `known` is the
    highest epoch that it knows of.
    """

    me: str
    pace: Pace
    term: Row | None = None
    renewed: float = 0.0
    seen: Row | None = None
    since: float = 0.0
    moved: bool = False
    known: int = 0

    def may_act(self, now: float) -> bool:
        """Whether this node may judge and send at this moment."""
        return self.term is not None and now - self.renewed < self.pace.fence

    def next(self, now: float) -> Move:
        """What is to be done now."""
        if self.term is not None:
            return Move.RENEW
        return Move.TAKE if self._may_take(now) else Move.LOOK

    def epoch_to_take(self) -> int:
        """The epoch under which to take the lease: above all that were ever used."""
        return max(self.known, self.seen.highest if self.seen else 0) + 1

    def looked(self, now: float, row: Row) -> Leasing:
        """The row was read, or could not be had: this is how it stands. It is not ours to act
        under, however it looks.
        """
        anew = self.seen is not None and row.server != self.seen.server
        changed = anew or self.seen is None or _mark(row) != _mark(self.seen)
        return replace(
            self,
            term=None,
            seen=row,
            since=now if changed else self.since,
            moved=anew if changed else self.moved,
            known=max(self.known, row.epoch, row.highest),
        )

    def renewed_as(self, asked: float, row: Row) -> Leasing:
        """The lease is ours as of when it was `asked` for: taken anew, or renewed. A term ends when
        the database has started anew, since what it had not yet written down is lost, or when a
        higher epoch than ours is known.
        """
        known = max(self.known, row.epoch, row.highest)
        anew = self.term is not None and row.server != self.term.server
        ours = replace(self, seen=row, since=asked, moved=anew, known=known)
        if anew or known > row.epoch:
            return replace(ours, term=None)
        return replace(ours, term=row, renewed=asked)

    def unanswered(self, now: float) -> Leasing:
        """The database does not answer. Who holds the lease goes on until its fence."""
        return self if self.may_act(now) else replace(self, term=None)

    def left(self) -> Leasing:
        """It is given up."""
        return replace(self, term=None)

    def _may_take(self, now: float) -> bool:
        if self.seen is None:
            return False
        if self.seen.epoch < self.known:  # it has gone back: who acts may know of a later one
            return now - self.since > self.pace.lease
        is_free = not self.seen.holder and not self.moved
        is_mine = self.seen.holder == self.me and now - self.renewed < self.pace.fence
        return is_free or is_mine or now - self.since > self.pace.lease


def _mark(row: Row) -> tuple[str, int, int]:
    return row.holder, row.epoch, row.beat
