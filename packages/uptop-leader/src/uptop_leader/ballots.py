"""Step 8, second half: whose votes count for a monitor now, and what they say together.

In: a monitor, its state, where its nodes stand, now. Out: the electorate and the verdict. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.verdicts import Strategy, Tally, Verdict, decide, strategies
from uptop_core.votes import Vote, fresh_for
from uptop_core.wire import LEADER_PROOF
from uptop_leader.states import Belief, MonitorState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_core.outcomes import Reason
    from uptop_leader.nodes import Standing


class Rules(Struct, frozen=True, kw_only=True):
    """What the judge goes by: the time constants and the strategy of monitors without their own."""

    constants: TimeConstants
    strategy: str = "any-down"


class Count(Struct, frozen=True):
    """The votes of a monitor that count now: who is expected, and the fresh vote of each node."""

    expected: frozenset[str]
    fresh: Mapping[str, Vote]
    strategy: str
    min_votes: int
    aside: frozenset[str] = frozenset()
    """Nodes whose down vote is set aside: only the leader proves their line, and others see up."""
    overtaken: Mapping[str, Vote] = {}
    """What nodes have said, not long ago, that abstain now for a fault of our own."""

    def rule(self) -> Strategy:
        """The strategy itself."""
        return strategies()[self.strategy]

    def verdict(self, votes: Iterable[Vote] | None = None) -> Verdict:
        """What `votes` (default: all fresh ones) say together."""
        chosen = list(self.fresh.values() if votes is None else votes)
        down = sum(not vote.up for vote in chosen)
        tally = Tally(expected=len(self.expected), fresh=len(chosen), down=down)
        return decide(tally, self.strategy, self.min_votes)

    def is_degraded(self) -> bool:
        """Whether soft conditions fail by the same strategy that tells up from down."""
        soft = sum(vote.degraded for vote in self.fresh.values())
        if not soft:
            return False
        tally = Tally(expected=len(self.expected), fresh=len(self.fresh), down=soft)
        return decide(tally, self.strategy, self.min_votes) is Verdict.DOWN


def take_vote(state: MonitorState, vote: Vote) -> tuple[MonitorState, bool]:
    """The state with `vote` taken, and whether it may newly turn against the belief (`has_turned`
    tells once all of a pass are taken).

    Results come in any order and leave the same state. The newest of a node is its vote; a fault
    of our own says nothing about the target, so that what the node said before it still stands as
    its last word (`overtaken`). An older result changes nothing but that its node has voted, and
    perhaps spoken against the belief since the run opened.
    """
    before = state.votes.get(vote.node)
    if before is not None and before.observed > vote.observed:
        if not before.is_mute or vote.is_mute:
            return _accuse(_elect(state, vote), vote), False
        last = state.overtaken.get(vote.node)
        if last is not None and last.observed > vote.observed:
            return _accuse(_elect(state, vote), vote), False
        changed = replace(state, overtaken={**state.overtaken, vote.node: vote})
        return _take_word(changed, last, vote)
    changed = replace(state, votes={**state.votes, vote.node: vote})
    if vote.is_mute:
        if before is not None and not before.is_mute:
            changed = replace(changed, overtaken={**state.overtaken, vote.node: before})
        return changed, False
    last = before
    if before is not None and before.is_mute:
        last = state.overtaken.get(vote.node)
        kept = {node: word for node, word in state.overtaken.items() if node != vote.node}
        changed = replace(changed, overtaken=kept)
    return _take_word(changed, last, vote)


def has_only_voted(before: MonitorState, after: MonitorState) -> bool:
    """Whether a vote that was taken has changed nothing of a state but the newest votes."""
    return (
        after.electors is before.electors
        and after.accused is before.accused
        and after.confirmed is before.confirmed
        and after.settled is before.settled
        and after.overtaken is before.overtaken
        and after.run is before.run
        and after.first_vote is before.first_vote
    )


def _take_word(state: MonitorState, last: Vote | None, vote: Vote) -> tuple[MonitorState, bool]:
    """The state after a node's newest word, whose word before was `last`."""
    if vote.isolated:
        if vote.node in state.accused:
            state = replace(state, accused=state.accused - {vote.node})
        return state, False
    state = _elect(state, vote)
    if vote.up:
        if vote.node in state.accused or vote.node in state.confirmed:
            gone = {vote.node}
            state = replace(state, accused=state.accused - gone, confirmed=state.confirmed - gone)
    elif vote.node not in state.accused:
        state = replace(state, accused=state.accused | {vote.node})
    if not speaks_against(vote, state.belief):
        if vote.node in state.settled:
            state = replace(state, settled=state.settled - {vote.node})
        return state, False
    return _accuse(state, vote), not _is_against(last, state.belief)


def _accuse(state: MonitorState, vote: Vote) -> MonitorState:
    """The state in which the node of `vote` has spoken against the belief, if it does so, since
    the run opened."""
    run = state.run
    if run is None or vote.abstains or not speaks_against(vote, state.belief):
        return state
    if run.asked:
        first = min(run.first, vote.observed) if run.accusers else vote.observed
        run = replace(run, first=first)
    if vote.node not in run.accusers:
        run = replace(run, accusers=run.accusers | {vote.node})
    return state if run is state.run else replace(state, run=run)


def last_word(state: MonitorState, node: str) -> Vote | None:
    """The newest result of a node that is no fault of our own."""
    vote = state.votes.get(node)
    return state.overtaken.get(node) if vote is not None and vote.is_mute else vote


def _is_against(word: Vote | None, belief: Belief) -> bool:
    return word is not None and not word.abstains and speaks_against(word, belief)


def has_turned(before: MonitorState | None, after: MonitorState) -> bool:
    """Whether a node's last word is against the belief, and was not before these votes came."""
    return any(
        _is_against(last_word(after, node), after.belief)
        and (before is None or not _is_against(last_word(before, node), after.belief))
        for node in after.votes
    )


def _elect(state: MonitorState, vote: Vote) -> MonitorState:
    """The state in which the node of `vote` has voted, unless it abstains."""
    if vote.abstains:
        return state
    if vote.node not in state.electors:
        state = replace(state, electors=state.electors | {vote.node})
    if state.first_vote is None or vote.observed < state.first_vote:
        state = replace(state, first_vote=vote.observed)
    return state


def speaks_against(vote: Vote, belief: Belief) -> bool:
    """Whether a vote contradicts the belief; PENDING counts as UP."""
    return vote.up if belief is Belief.DOWN else not vote.up


def settle(state: MonitorState) -> MonitorState:
    """The state when a run is over: who speaks against the belief now says nothing new by it."""
    against = frozenset(
        node for node in state.votes if _is_against(last_word(state, node), state.belief)
    )
    return state if against == state.settled else replace(state, settled=against)


def prune(
    state: MonitorState, assigned: Collection[str], standings: Mapping[str, Standing]
) -> MonitorState:
    """The state without what nodes said that are no longer assigned, or have left."""
    gone = {node for node in state.votes if node not in assigned}
    left = {node for node in state.electors if node not in assigned or standings[node].left}
    if not gone and not left:
        return state
    return replace(
        state,
        votes={node: vote for node, vote in state.votes.items() if node not in gone},
        overtaken={node: vote for node, vote in state.overtaken.items() if node not in gone},
        electors=state.electors - left,
        accused=state.accused - left,
        confirmed=state.confirmed - left,
        settled=state.settled - left,
    )


def count_votes(
    monitor: Monitor,
    state: MonitorState,
    assigned: Collection[str],
    standings: Mapping[str, Standing],
    rules: Rules,
    now: float,
) -> Count:
    """Whose votes count for `monitor` now. `assigned` are the nodes it is assigned to."""
    expected = state.electors
    settled = settled_at(monitor, state)
    if settled is not None and now < settled:
        expected = frozenset(node for node in assigned if not standings[node].left)
    oldest = now - fresh_for(monitor)
    fresh = {
        node: vote
        for node, vote in state.votes.items()
        if vote.observed >= oldest
        and not vote.abstains
        and node in expected
        and not standings[node].offline
    }
    aside = _set_aside(fresh)
    words = state.overtaken.items()
    fresh = {node: vote for node, vote in fresh.items() if node not in aside}
    return Count(
        expected=expected,
        fresh=fresh,
        strategy=monitor.aggregation or rules.strategy,
        min_votes=monitor.min_votes,
        aside=aside,
        overtaken={
            node: word for node, word in words if node in expected and word.observed >= oldest
        },
    )


def _set_aside(fresh: Mapping[str, Vote]) -> frozenset[str]:
    """Network failures whose node could reach the leader only, while another node sees it up."""
    weak = frozenset(
        node for node, vote in fresh.items() if not vote.up and vote.proof == LEADER_PROOF
    )
    if weak and any(vote.up for vote in fresh.values()):
        return weak
    return frozenset()


def settled_at(monitor: Monitor, state: MonitorState) -> float | None:
    """Until when a PENDING monitor waits for all its nodes to be heard: a while after its first
    vote. None where it does not."""
    if state.belief is not Belief.PENDING or state.first_vote is None:
        return None
    return state.first_vote + min(monitor.interval, 30.0) + monitor.effective_timeout + 10.0


def verdict_now(count: Count, state: MonitorState) -> Verdict:
    """The verdict of all fresh votes. Where one down vote suffices, silence alone recovers
    nothing: a node that said down must say up, or leave, before the verdict can be UP.
    """
    verdict = count.verdict()
    return silence_is_no_recovery(verdict, count, state)


def silence_is_no_recovery(verdict: Verdict, count: Count, state: MonitorState) -> Verdict:
    """UNKNOWN in place of an UP that rests on the silence of a node that said down."""
    if verdict is Verdict.UP and state.belief is Belief.DOWN and count.rule().one_suffices:
        owed = (state.accused & count.expected) - count.aside
        return Verdict.UNKNOWN if owed else verdict
    return verdict


def reason_words(votes: Iterable[Vote]) -> str:
    """Why the down votes say down: "2 × timeout, 1 × HTTP 503"."""
    counts: dict[str, int] = {}
    for vote in votes:
        if not vote.up and not vote.abstains:
            words = _why(vote.reason, vote.status_code)
            counts[words] = counts.get(words, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} × {words}" for words, number in ranked)


def _why(reason: Reason | None, status_code: int | None) -> str:
    if reason == "status_mismatch" and status_code is not None:
        return f"HTTP {status_code}"
    return reason.value.replace("_", " ") if reason is not None else "down"
