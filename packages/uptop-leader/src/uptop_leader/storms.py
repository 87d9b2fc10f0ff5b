"""Part of step 10, of nodes: nodes that come and go all the time are told of once, not each time. Pure.

As with a monitor that is flapping (`flapping`), the fourth change within half an hour is told as
what it is; after that nothing, until it has been quiet for a while; then how things stand. It counts
over all nodes, since what makes one come and go usually is not the node. What changes within a
minute is one change: a line that is cut takes all behind it at once, and that is no storm.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.flapping import MOVES, WITHIN_S

if TYPE_CHECKING:
    from uptop_leader.nodes import Storm

_AT_ONCE_S = 60.0


class Telling(Enum):
    """What people are told of a change."""

    TOLD = auto()
    """The change itself."""
    BEGINS = auto()
    """That a storm has begun."""
    HUSHED = auto()
    """Nothing."""


def changed(storm: Storm, node: str, now: float) -> tuple[Storm, Telling]:
    """A node was lost, or is heard again."""
    if storm.since is not None:
        return replace(storm, last=now, nodes=storm.nodes | {node}), Telling.HUSHED
    moves = tuple(at for at in storm.moves if now - at < WITHIN_S)
    nodes = storm.nodes | {node} if moves else frozenset({node})
    if moves and now - moves[-1] < _AT_ONCE_S:
        return replace(storm, moves=moves, nodes=nodes), Telling.TOLD
    after = replace(storm, moves=(*moves, now), nodes=nodes)
    if len(after.moves) < MOVES:
        return after, Telling.TOLD
    return replace(after, since=after.moves[0], last=now), Telling.BEGINS


def is_over(storm: Storm, quiet_s: float, now: float) -> bool:
    """Whether a storm has been quiet for long enough."""
    return storm.since is not None and storm.last is not None and now >= storm.last + quiet_s
