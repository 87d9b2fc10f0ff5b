"""How far this node's clocks are ahead of a leader's: measured with every exchange. Pure."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

_KEPT = 8  # exchanges, of which the one with the smallest round trip is trusted


class Ahead(Struct, frozen=True):
    """Seconds that the wall clock is ahead of the leader's, known to half of the round trip."""

    ahead_s: float
    round_trip_s: float


class Offset:
    """What the last exchanges with one leader say of the clocks.

    The steady clock is what is compared, so a wall clock that steps between two exchanges is known
    for what it is at once: it is only compared with the steady one.
    """

    def __init__(self) -> None:
        self._peer = ""
        self._exchanges: deque[Ahead] = deque(maxlen=_KEPT)

    def learn(self, peer: str, sent: float, received: float, theirs: float) -> None:
        """An exchange with `peer` between two moments of the steady clock; its clock said
        `theirs` somewhere between.
        """
        if peer != self._peer:
            self._peer = peer
            self._exchanges.clear()
        round_trip = max(0.0, received - sent)
        self._exchanges.append(Ahead(sent + round_trip / 2 - theirs, round_trip))

    def of(self, peer: str, now: float, wall: float) -> Ahead | None:
        """How far the wall clock is ahead of that of `peer`, when steady and wall clock are at
        `now` and `wall`; None while no exchange with it was had.
        """
        if peer != self._peer or not self._exchanges:
            return None
        best = min(self._exchanges, key=lambda exchange: exchange.round_trip_s)
        return Ahead(best.ahead_s + wall - now, best.round_trip_s)
