"""What comes back after a restart."""

from __future__ import annotations

from msgspec import Struct

from uptop_leader.configuration import Configuration
from uptop_leader.incidents import Incident
from uptop_leader.nodes import Ledger, Node
from uptop_leader.states import MonitorState


class Saved(Struct, frozen=True, kw_only=True):
    """Everything the engine needs to go on as if it had never stopped.

    `states` are whole, votes included, by monitor id; there may be some of monitors that were
    deleted while the leader was away. `open_incidents` are by id. `last_alive` is the newest
    heartbeat in Unix seconds, None on the first start. `former` says until when a monitor was
    assigned to a node that does not have it any more, by both ids.
    """

    configuration: Configuration
    states: dict[str, MonitorState]
    open_incidents: dict[str, Incident]
    nodes: dict[str, Node]
    ledgers: dict[tuple[str, str], Ledger]
    former: dict[tuple[str, str], float] = {}
    epoch: int
    last_alive: float | None
