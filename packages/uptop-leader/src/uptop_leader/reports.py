"""The most frequent input by far: a batch of results, and what its votes do to the states.

A vote that says what all believe already takes the short way: it is put into the state, and nobody
is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core import wire
from uptop_leader.ballots import has_only_voted, take_vote
from uptop_leader.ingest import Observation, have, ingest
from uptop_leader.inputs import refuse_second
from uptop_leader.invariants import backward
from uptop_leader.nodes import Node
from uptop_leader.offsets import Reading, read_clock, unread_s
from uptop_leader.refusals import Unregistered
from uptop_leader.repeats import is_mistakable, is_repeat
from uptop_leader.states import Belief, MonitorState, Status

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor
    from uptop_core.votes import Vote
    from uptop_core.wire import ResultsAnswer, ResultsBatch
    from uptop_leader.changes import StoredResult
    from uptop_leader.drafts import Draft


class Report(Struct, frozen=True):
    """A batch of results, received at a moment (Unix seconds) from which its ages are counted.
    `stood_s` is for how long we had stood still then. Answer: the `ResultsAnswer` that acknowledges
    it."""

    batch: ResultsBatch
    received: float
    stood_s: float = 0.0

    def enter(self, draft: Draft) -> ResultsAnswer:
        """Step 7 for the batch, then its votes into the states."""
        batch, world = self.batch, draft.world
        node = draft.node(batch.node_id)
        if node is None:
            raise Unregistered(batch.node_id)
        if (batch.instance or node.own) and batch.instance != node.instance:
            refuse_second(node, batch.instance, draft)
            raise Unregistered(batch.node_id)

        received = min(self.received, draft.now)
        received -= unread_s(batch, received, self.stood_s)
        clock = read_clock(node, batch, received)
        ledger = draft.ledger(node.id, batch.instance)
        done = ingest(batch, world.given_to(node.id), ledger, draft.now, clock, received)
        for observation in done.observations:
            _observe(draft, observation)
        if batch.instance:
            draft.changes.ledgers[node.id, batch.instance] = done.ledger
        _hear(draft, node, batch, clock, received)
        return wire.ResultsAnswer(
            ok=True,
            accepted=len(done.observations),
            duplicates=done.duplicates,
            rejected=done.rejected,
            have={batch.instance: have(done.ledger)} if batch.instance else {},
            now=round(draft.now * 1000),
        )


def _hear(draft: Draft, node: Node, batch: ResultsBatch, clock: Reading, received: float) -> None:
    heard = replace(
        node,
        heard=draft.now,
        offset_ms=clock.offset_ms if clock.offset_ms is not None else node.offset_ms,
        record=node.record.after(batch, clock.samples, received),
        stopping=batch.stopping,
    )
    draft.put_node(heard)
    if batch.stopping:
        draft.touched |= {
            monitor for monitor, nodes in draft.world.assigned.items() if node.id in nodes
        }


def _observe(draft: Draft, observation: Observation) -> None:
    """One result into history, and its vote into the state."""
    result = observation.result
    draft.changes.results.append(result)
    monitor_id, monitor = result.monitor, observation.monitor
    if monitor is None and monitor_id not in draft.world.monitors:
        return  # it was deleted, and what was seen of it before stays history
    if observation.is_late or result.observed < draft.world.since:
        draft.put_late(monitor_id, result.observed)
    if monitor is None:
        return
    state = draft.state(monitor_id)
    if observation.vote is not None:
        state = _vote(draft, state, observation.vote)
    else:
        _tell_apart(draft, state.votes.get(result.node), result)
    end = result.cert_end
    if end is not None and (
        end != state.cert_end or _is_to_be_warned_of(monitor, state, end, draft)
    ):
        draft.put(replace(state, cert_end=end))
        draft.touched.add(monitor_id)


def _vote(draft: Draft, state: MonitorState, vote: Vote) -> MonitorState:
    """The state with a vote in it, which is put into the draft with all that follows from it."""
    monitor, before = state.monitor, state.votes.get(vote.node)
    after, turned = take_vote(state, vote)
    breach = backward(monitor, before, after.votes[vote.node])
    if breach is not None:
        draft.breaches.append(breach)
        return state
    if after is state:
        return state
    draft.note_voter(monitor, vote)
    if after.votes[vote.node] is vote and not is_repeat(vote, before, monitor):
        draft.changes.votes[monitor, vote.node] = vote
        draft.changes.settled.pop((monitor, vote.node), None)  # that was of the vote before
    if not turned and _is_quiet(state, after, vote):
        draft.put_votes(after)
        return after
    draft.put(after)
    draft.touched.add(monitor)
    if turned:
        draft.turned.add(monitor)
    return after


def _tell_apart(draft: Draft, vote: Vote | None, result: StoredResult) -> None:
    """Have it written that a result is no vote, where one could think so."""
    if vote is not None and is_mistakable(result, vote):
        draft.changes.votes[result.monitor, vote.node] = vote
        draft.changes.settled[result.monitor, vote.node] = result.observed


def _is_to_be_warned_of(monitor: Monitor, state: MonitorState, end: int, draft: Draft) -> bool:
    """Whether a certificate that is known has come near its end since it was last seen."""
    days = monitor.check.certificate_warning_days()
    if days is None or end in state.cert_told:
        return False
    return end / 1000 - draft.now < days * 86_400


def _is_quiet(before: MonitorState, after: MonitorState, vote: Vote) -> bool:
    """Whether a vote changes nothing that a judge would look at, nor anything but the votes: one
    more UP where all is well."""
    return (
        vote.up
        and not vote.degraded
        and before.status is Status.UP
        and before.belief is Belief.UP
        and before.run is None
        and before.unknown_since is None
        and has_only_voted(before, after)
    )
