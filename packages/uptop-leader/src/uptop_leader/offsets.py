"""Part of step 7: how far a node's clock is off, and when its results were observed on ours. Pure.

A node that gives ages counts them on its steady clock, and nothing that happens to its wall clock
matters. Where it gives a moment of its wall clock only, that is corrected by the offset; a moment
that cannot be corrected is no ground for a vote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.wire import ResultsBatch, WireResult
    from uptop_leader.nodes import Node

OFF_MS = 5000
"""An offset above this is told, and a change of it is a step of the node's clock."""

_SETTLED_MS = 4000  # an offset that was told is over below this
_KEPT = 8  # exchanges that an offset is taken from where the node does not measure it itself


class Reading(Struct, frozen=True):
    """A node's wall clock as one batch shows it, Unix milliseconds against ours.

    `offset_ms` is None where nothing tells; `stepped` says that it is not what it was at the
    exchange before; `samples` are what the last exchanges said, where they are counted here.
    """

    offset_ms: int | None = None
    stepped: bool = False
    samples: tuple[int, ...] = ()


class Placed(Struct, frozen=True, gc=False):
    """When a result was observed, Unix seconds on our clock.

    `may_vote` is false where that is a guess; `is_proven` is true where a past can be rebuilt on
    it, however long ago it is.
    """

    observed: float
    may_vote: bool = True
    is_proven: bool = True


def read_clock(node: Node, batch: ResultsBatch, received: float) -> Reading:
    """The wall clock of `node` as `batch`, received at a moment of ours, shows it.

    The node's own measure knows the round trip and is taken as it is. Else the way of the batch
    only ever makes the clock look slow, so the most of the last exchanges is nearest to the truth.
    """
    if batch.offset_ms is not None:
        return Reading(batch.offset_ms, _is_step(batch.offset_ms, node.offset_ms))
    if batch.sent_at is None:
        return Reading()
    sample = batch.sent_at - round(received * 1000)
    if node.record.samples and _is_step(sample, max(node.record.samples)):
        return Reading(sample, True, (sample,))
    samples = (*node.record.samples, sample)[-_KEPT:]
    return Reading(max(samples), False, samples)


def unread_s(batch: ResultsBatch, received: float, stood_s: float) -> float:
    """For how many seconds `batch` lay here until it was read at `received`, of the `stood_s` that
    we stood still before: its ages are of the moment it was sent.

    Where the node measures the offset that moment is known, whatever happens to its wall clock.
    """
    if not stood_s or batch.sent_at is None or batch.offset_ms is None:
        return 0.0
    sent = (batch.sent_at - batch.offset_ms) / 1000
    return min(stood_s, max(0.0, received - sent))


def place(result: WireResult, clock: Reading, received: float) -> Placed:
    """When `result` was observed.

    By its age; else by its corrected moment; else it is of now, as the small form has it. What
    cannot be corrected (the clock has stepped since the exchange before, or says what is still to
    come) is placed at its receipt, and is no vote. Where no offset is known, a moment that has
    passed is believed as long as it is fresh, and proves nothing afterwards.
    """
    if result.age_ms is not None:
        return Placed(received - result.age_ms / 1000)
    if result.checked_at is None:
        return Placed(received)
    observed = (result.checked_at - (clock.offset_ms or 0)) / 1000
    if clock.stepped or observed > received + OFF_MS / 1000:
        return Placed(received, may_vote=False, is_proven=False)
    return Placed(min(observed, received), is_proven=clock.offset_ms is not None)


class OffClocks:
    """Which nodes' clocks are off, so that each is told once when it begins and when it ends."""

    def __init__(self) -> None:
        self._off: set[str] = set()

    def notice(self, nodes: Iterable[Node]) -> list[str]:
        """One line for each of `nodes` whose clock went off, or is right again."""
        lines: list[str] = []
        for node in nodes:
            off = abs(node.offset_ms or 0)
            if node.id not in self._off and off > OFF_MS:
                self._off.add(node.id)
                way = "ahead of" if (node.offset_ms or 0) > 0 else "behind"
                lines.append(
                    f"the clock of node {node.id} is {off / 1000:.1f} s {way} this leader's:"
                    " its results are corrected"
                )
            elif node.id in self._off and off < _SETTLED_MS:
                self._off.discard(node.id)
                lines.append(f"the clock of node {node.id} is right again")
        return lines


def _is_step(offset_ms: int, before_ms: int | None) -> bool:
    return before_ms is not None and abs(offset_ms - before_ms) > OFF_MS
