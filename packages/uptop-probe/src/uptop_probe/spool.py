"""Step 5: results are kept until a leader has acknowledged them. Pure: no clock, no wire.

What is live goes first, what is oldest is dropped when the spool is full, and what was
acknowledged stays in a ring for a while, for a leader that turns out to lack it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from uptop_core.runner import RanResult, to_wire

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

BATCH_RESULTS = 1000
BATCH_BYTES = 768 * 1024  # of the results in one batch; a leader takes bodies up to 1 MiB
LIVE_S = 30.0  # results that began within this are live
_OVERHEAD = 24  # bytes that a result takes in a batch beside its own: its age, a comma

_encode = msgspec.json.Encoder().encode


class Kept(Struct, frozen=True, gc=False):
    """One result in its encoded form (half the memory, and its size is known), without its age."""

    seq: int
    began: float
    data: bytes

    def at(self, now: float) -> msgspec.Raw:
        """The result as sent at `now`: with its age."""
        age_ms = max(0, round((now - self.began) * 1000))
        return msgspec.Raw(b'%s,"age_ms":%d}' % (self.data[:-1], age_ms))


class Batch(Struct, frozen=True):
    """Results to send, and how many were dropped since the last batch that was acknowledged."""

    seqs: tuple[int, ...]
    results: tuple[msgspec.Raw, ...]
    dropped: int


class _Acknowledged(Struct, frozen=True):
    kept: Kept
    at: float
    peer: str


class Spool:
    """The results of one instance. Times are in seconds of one steady clock.

    `capacity` is how many wait at most, and how many of the acknowledged are kept at most; these
    are kept for `ring_s`. `dropped` counts those lost since the last acknowledged batch, `lost` all,
    and `lost_between` holds when the oldest and the newest of them began.
    """

    def __init__(self, capacity: int, *, ring_s: float = 900.0) -> None:
        self.dropped = self.lost = 0
        self.lost_between: tuple[float, float] | None = None
        self._capacity = capacity
        self._ring_s = ring_s
        self._seq = 0
        self._waiting: OrderedDict[int, Kept] = OrderedDict()  # by seq, ascending
        self._ring: OrderedDict[int, _Acknowledged] = OrderedDict()  # by time of acknowledgement
        self._have: dict[str, int] = {}  # what each peer last said that it has
        self._last_peer = ""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, ran: RanResult) -> None:
        """Keep a result under the next seq; the oldest is dropped when there is no room."""
        self._seq += 1
        data = _encode(to_wire(ran, seq=self._seq, now=None))
        self._waiting[self._seq] = Kept(self._seq, ran.began, data)
        if len(self._waiting) > self._capacity:
            _, oldest = self._waiting.popitem(last=False)
            self._lose(oldest)

    def batch(self, now: float, *, results: int = BATCH_RESULTS, size: int = BATCH_BYTES) -> Batch:
        """What to send next, at least one if any waits: live results in their order, then the
        oldest. All of it waits on until it is acknowledged.
        """
        chosen: list[Kept] = []
        for kept in self._by_urgency(now):
            size -= len(kept.data) + _OVERHEAD
            if len(chosen) == results or (chosen and size < 0):
                break
            chosen.append(kept)
        return Batch(
            tuple(kept.seq for kept in chosen),
            tuple(kept.at(now) for kept in chosen),
            self.dropped,
        )

    def acknowledge(
        self, batch: Batch, *, peer: str, have: int | None, rejected: Collection[int], now: float
    ) -> int:
        """A leader has taken `batch`, but for the seqs it has `rejected`, which are over too.

        `have` is the seq up to which it says to have all of this instance. Returns how many
        results it turned out to lack, which now wait again.
        """
        self.dropped -= batch.dropped
        for seq in batch.seqs:
            kept = self._waiting.pop(seq, None)
            if kept is None:
                self._count(-1)  # dropped while it was on its way, and arrived all the same
            elif seq not in rejected:
                self._ring[seq] = _Acknowledged(kept, now, peer)
        self._forget(now)
        again = self._lacking(batch, peer, have)
        self._offer_again(again)
        return len(again)

    def discard(self, batch: Batch) -> None:
        """Give up these results: no leader will ever take them."""
        for seq in batch.seqs:
            if (kept := self._waiting.pop(seq, None)) is not None:
                self._lose(kept)

    def _lose(self, kept: Kept) -> None:
        first, last = self.lost_between or (kept.began, kept.began)
        self.lost_between = (min(first, kept.began), max(last, kept.began))
        self._count(1)

    def _count(self, lost: int) -> None:
        self.dropped += lost
        self.lost += lost

    def _by_urgency(self, now: float) -> Iterator[Kept]:
        live: list[Kept] = []
        for kept in reversed(self._waiting.values()):
            if now - kept.began > LIVE_S or len(live) == BATCH_RESULTS:
                break
            live.append(kept)
        yield from reversed(live)
        oldest_live = live[-1].seq if live else self._seq + 1
        for kept in self._waiting.values():
            if kept.seq >= oldest_live:
                return
            yield kept

    def _forget(self, now: float) -> None:
        while self._ring:
            oldest = next(iter(self._ring.values()))
            if now - oldest.at <= self._ring_s and len(self._ring) <= self._capacity:
                return
            self._ring.popitem(last=False)

    def _lacking(self, batch: Batch, peer: str, have: int | None) -> list[Kept]:
        """What was acknowledged and yet is not there.

        A peer that has less than it once said has lost something; to a peer that is new goes what
        another has acknowledged. (Its `have` alone proves nothing: it is also low while older
        results still wait here, and for ever after some were dropped.)
        """
        if have is None:
            return []
        lost = have < self._have.get(peer, 0)
        moved = peer != self._last_peer
        self._have[peer], self._last_peer = have, peer
        if not (lost or moved):
            return []
        just_sent = frozenset(batch.seqs)
        return [
            acknowledged.kept
            for seq, acknowledged in self._ring.items()
            if seq > have and seq not in just_sent and (lost or acknowledged.peer != peer)
        ]

    def _offer_again(self, again: list[Kept]) -> None:
        if not again:
            return
        for kept in again:
            del self._ring[kept.seq]
        room = self._capacity - len(self._waiting)
        returned = sorted(again, key=lambda kept: kept.seq)[-room:] if room > 0 else []
        merged = sorted([*returned, *self._waiting.values()], key=lambda kept: kept.seq)
        self._waiting = OrderedDict((kept.seq, kept) for kept in merged)
