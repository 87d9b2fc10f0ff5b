"""What is left of a simulated leader when its process ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.nodes import Ledger, Node
from uptop_leader.repeats import meaning

if TYPE_CHECKING:
    from uptop_leader.changes import Changes, StoredResult
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.notifications import Notification
    from uptop_leader.states import MonitorState


class Memory:
    """What has been written: all that is left of a leader when its process ends. `known` are the
    moments of the transitions, in seconds from the start, whatever the leader's clock showed."""

    def __init__(self) -> None:
        self.states: dict[str, MonitorState] = {}
        self.nodes: dict[str, Node] = {}
        self.ledgers: dict[tuple[str, str], Ledger] = {}
        self.incidents: dict[str, Incident] = {}
        self.transitions: list[Transition] = []
        self.known: list[float] = []
        self.notifications: list[Notification] = []
        self._settled: dict[tuple[str, str], float] = {}

    def write(self, changes: Changes, at: float) -> None:
        """Step 11, without a disk."""
        for monitor, state in changes.states.items():
            known = self.states.get(monitor)
            self.states[monitor] = replace(state, votes=known.votes if known is not None else {})
        for (monitor, node), vote in changes.votes.items():
            self.states[monitor].votes[node] = vote
            self._settled[monitor, node] = changes.settled.get((monitor, node), vote.observed)
        for result in changes.results:
            self._bring_up_to_date(result)
        self.nodes.update(changes.nodes)
        self.ledgers.update(changes.ledgers)
        for incident in changes.opened:
            self.incidents[incident.id] = incident
        for incident in changes.closed:
            self.incidents.pop(incident.id, None)
        self.transitions += changes.transitions
        self.known += [at] * len(changes.transitions)
        self.notifications += changes.notifications

    def _bring_up_to_date(self, result: StoredResult) -> None:
        """What the store does when it reads votes back: a result may stand for the vote in it."""
        state = self.states.get(result.monitor)
        vote = state.votes.get(result.node) if state is not None else None
        if state is None or vote is None or meaning(vote) != (result.reason, result.bearing):
            return
        if result.observed > max(vote.observed, self._settled[state.monitor, vote.node]):
            state.votes[vote.node] = replace(
                vote, observed=result.observed, latency_ns=result.latency_ns
            )
