"""Step 13 for votes: what each node last saw of a monitor, and why a vote does not count. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from uptop_core.views import VoteView
from uptop_core.votes import fresh_for
from uptop_leader.ballots import Count, count_votes
from uptop_leader.nodes import Standing
from uptop_leader.phases import phases_view
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor
    from uptop_core.votes import Vote
    from uptop_leader.nodes import Node
    from uptop_leader.states import MonitorState
    from uptop_leader.views import Snapshot

_FORGOTTEN = Standing(live=False, offline=True, left=True)  # of a node that is not known any more


def vote_views(snapshot: Snapshot, monitor: Monitor, state: MonitorState) -> tuple[VoteView, ...]:
    """What each node last saw, in the order the nodes joined; fresh is what the judge counts."""
    voters = (*state.votes, *state.electors)
    standings = {node: snapshot.standings.get(node, _FORGOTTEN) for node in voters}
    count = count_votes(monitor, state, standings, standings, snapshot.rules, snapshot.now)
    oldest = snapshot.now - fresh_for(monitor)

    def place(vote: Vote) -> tuple[float, str]:
        node = snapshot.nodes.get(vote.node)
        return (node.rank if node is not None else math.inf, vote.node)

    return tuple(
        vote_view(
            vote,
            snapshot.nodes.get(vote.node),
            fresh=vote.node in count.fresh,
            aside=_why_aside(vote, count, standings[vote.node], oldest),
        )
        for vote in sorted(state.votes.values(), key=place)
    )


def vote_view(
    vote: Vote, node: Node | None, *, fresh: bool = False, aside: str | None = None
) -> VoteView:
    """One vote, with the name and region its node has now. Without `aside` only what the vote
    itself says of that is told."""
    return VoteView(
        node=vote.node,
        name=node.name if node else vote.node,
        region=node.region if node else "",
        up=vote.up,
        fresh=fresh,
        observed=to_ms(vote.observed),
        reason=vote.reason.value if vote.reason else None,
        detail=vote.detail,
        latency_ms=round(vote.latency_ns / 1e6, 3) if vote.latency_ns else None,
        phases=None if vote.timings is None else phases_view(vote.timings),
        status_code=vote.status_code,
        address=vote.address,
        failed=vote.failed,
        proof=vote.proof,
        aside=_abstention(vote) if aside is None else aside,
    )


def _why_aside(vote: Vote, count: Count, standing: Standing, oldest: float) -> str:
    """Why a vote does not count; empty where it does."""
    if vote.node in count.fresh:
        return ""
    if vote.abstains:
        return _abstention(vote)
    if vote.node in count.aside:
        return "outweighed"
    if standing.offline:
        return "offline"
    return "stale" if vote.observed < oldest else "not_expected"


def _abstention(vote: Vote) -> str:
    if vote.isolated:
        return "isolated"
    return "fault" if vote.is_mute else ""
