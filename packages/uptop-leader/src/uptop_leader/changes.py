"""What one pass of the engine decided: everything that is written in one transaction."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.incidents import Incident, Transition
from uptop_leader.nodes import Ledger, Node
from uptop_leader.notifications import Notification
from uptop_leader.states import MonitorState


class Bearing(IntEnum):
    """What a result of the past has to say when it is judged later: see `late`."""

    FULL = 0
    WEAK = 1
    """A network failure of a node that could reach the leader: nothing against one that sees up."""
    ISOLATED = 2
    """A network failure of a node whose own line nothing proved: nothing at all."""
    UNPLACED = 3
    """When it was observed is not sure: a latency, and nothing about any moment."""


class StoredResult(Struct, frozen=True, kw_only=True, gc=False):
    """A result on its way into history. `observed` is Unix seconds; `reason` None means up."""

    monitor: str
    node: str
    observed: float
    latency_ns: int
    reason: Reason | None = None
    cert_end: int | None = None
    seq: int | None = None
    instance: str = ""
    bearing: Bearing = Bearing.FULL


class Changes(Struct, kw_only=True):
    """Collected while a pass decides; the store writes it whole or not at all.

    `states` carries everything of a changed state but its votes; `votes` are the newest ones by
    (monitor id, node id), where they say more than the results do (`repeats`). `amended` are open incidents of
    which something else became known, `closed` are incidents with their end filled in.
    """

    results: list[StoredResult] = []
    states: dict[str, MonitorState] = {}
    votes: dict[tuple[str, str], Vote] = {}
    settled: dict[tuple[str, str], float] = {}
    """Until when the results of a node are known to stand for no newer vote than that in `votes`."""
    nodes: dict[str, Node] = {}
    ledgers: dict[tuple[str, str], Ledger] = {}
    transitions: list[Transition] = []
    opened: list[Incident] = []
    amended: list[Incident] = []
    closed: list[Incident] = []
    notifications: list[Notification] = []
    forgotten: list[str] = []
    """Monitors that were deleted: their states and votes go, their history stays."""
    gone: set[str] = set()
    """Nodes that are forgotten: their history stays."""
    late: dict[str, tuple[float, float]] = {}
    """From when to when results of a monitor were observed that came too late to vote."""
    former: dict[tuple[str, str], float] = {}
    """Until when a monitor was assigned to a node that does not have it any more."""
    gaps: list[tuple[float, float]] = []
    """Times in which this leader stood still."""

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.results
            or self.states
            or self.votes
            or self.nodes
            or self.ledgers
            or self.transitions
            or self.opened
            or self.amended
            or self.closed
            or self.notifications
            or self.forgotten
            or self.gone
            or self.late
            or self.former
            or self.gaps
        )

    def is_weighty(self) -> bool:
        """Whether the commit must survive a power cut: a belief moved, or somebody will be told."""
        return bool(self.transitions or self.notifications)
