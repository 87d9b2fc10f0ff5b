"""What the leader knows of each node, and where it stands in the vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.records import Record

if TYPE_CHECKING:
    from uptop_core.constants import TimeConstants


class Storm(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nodes that come and go, all together. Times are Unix seconds.

    `moves` are the changes told of lately, `nodes` whose they were; `since` is when those began that
    are told no more, `last` the newest of them.
    """

    moves: tuple[float, ...] = ()
    nodes: frozenset[str] = frozenset()
    since: float | None = None
    last: float | None = None


class Troubles(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a node and was told, or will be: since when (Unix seconds), or None.

    `offline` is when it was last heard, `odd` when it began to see what nobody else sees, `blind`
    when the leader's own line went; `unseen` are the monitors that have become UNKNOWN while it is
    blind. `told` counts what was told of it, for the keys. `hushed` says that nobody was told of
    its loss, since nodes come and go all the time; what is known of that stands with the leader's
    own node, as `storm`.
    """

    offline: float | None = None
    odd: float | None = None
    blind: float | None = None
    unseen: frozenset[str] = frozenset()
    told: int = 0
    hushed: bool = False
    storm: Storm = Storm()


class Node(Struct, frozen=True, kw_only=True):
    """A probe, or the leader itself. Times are Unix seconds on the leader's clock.

    `rank` is its place in the order of joining: it never changes, so a joining node moves no
    other's ticks. `heard` is when it last spoke. `offset_ms` is its wall clock minus ours, as last
    seen; `record` how it keeps up. `rival` is when another process of its id was last refused.
    """

    id: str
    name: str
    region: str
    rank: int
    version: str = ""
    instance: str = ""
    kinds: tuple[str, ...] = ()
    joined: float
    heard: float
    stopping: bool = False
    own: bool = False
    offset_ms: int | None = None
    record: Record = Record()
    address: str = ""
    rival: float | None = None
    troubles: Troubles = Troubles()


class Ledger(Struct, frozen=True, kw_only=True):
    """Which seqs of one instance of a node have been stored: sorted, disjoint, inclusive ranges."""

    node: str
    instance: str
    ranges: tuple[tuple[int, int], ...] = ()
    touched: float = 0.0


class Standing(Struct, frozen=True):
    """Where a node stands now, as the judge sees it."""

    live: bool
    """Heard within the last 20 s: it holds a long poll, so it has our rechecks."""
    offline: bool
    """Unheard for 60 s: its votes are gone."""
    left: bool
    """Said `stopping`, or silent for 5 min: it is expected no more."""


def standing(node: Node, constants: TimeConstants, silent_since: float, now: float) -> Standing:
    """Where `node` stands. Silence is counted from `silent_since` (the start of this leader) at
    the earliest, so that a restart of the leader does not look like a loss of all nodes.
    """
    if node.own:
        return Standing(live=True, offline=False, left=node.stopping)
    silence = now - max(node.heard, silent_since)
    return Standing(
        live=silence <= constants.instance and not node.stopping,
        offline=silence > constants.offline or node.stopping,
        left=node.stopping or silence > constants.silence,
    )
