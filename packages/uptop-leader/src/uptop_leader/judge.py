"""Step 9, second half: belief, status and transition of a monitor that nodes check.

In: a monitor, its state (with the newest votes taken), where its nodes stand, now. Out: the new
state, the transition if there is one, and when time alone may change it again. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.verdicts import Verdict
from uptop_core.votes import fresh_for
from uptop_leader.ballots import (
    Count,
    Rules,
    count_votes,
    prune,
    reason_words,
    settle,
    settled_at,
    verdict_now,
)
from uptop_leader.incidents import Transition
from uptop_leader.invariants import Breach, unproven_down
from uptop_leader.rounds import End, Progress, advance, contradicts, open_run, retries
from uptop_leader.states import Belief, MonitorState, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from uptop_core.monitors import Monitor
    from uptop_leader.nodes import Standing

_AGAIN_S = 0.1  # after a run has closed, look once more whether the next one opens


class Judged(Struct, frozen=True):
    """A judgement: the state it leaves, the transition it made, when to look again (Unix s), and
    what was not believed since it would have broken an invariant."""

    state: MonitorState
    transition: Transition | None
    due: float | None
    breach: Breach | None = None


def judge(
    monitor: Monitor,
    state: MonitorState,
    assigned: Collection[str],
    standings: Mapping[str, Standing],
    rules: Rules,
    now: float,
    *,
    turned: bool = False,
) -> Judged:
    """Judge `monitor` by its votes. `turned` says that a vote newly turned against the belief."""
    before = state
    state = prune(state, assigned, standings)
    count = count_votes(monitor, state, assigned, standings, rules, now)
    verdict = verdict_now(count, state)
    state = _follow(state, verdict, now)
    at, due = now, None
    if state.belief is Belief.PENDING and verdict is Verdict.UP:
        at = min(vote.observed for vote in count.fresh.values() if vote.up)
        state = replace(state, belief=Belief.UP, since=at)
    believed = state
    contrary = contradicts(verdict, state.belief)
    if contrary and not retries(monitor, count):
        run = state.run or open_run(state, count, now)
        state, at = _change(state, count, run.first)
        state = settle(state)
    elif state.run is None and (contrary or turned):
        run = open_run(state, count, now)
        state = replace(state, run=run) if run.accusers else state  # who turned may not count
    if state.run is not None:
        progress = advance(
            monitor, state, state.run, count, assigned, standings, rules.constants, now
        )
        state, at = _settle(state, state.run.first, progress, count, at)
        due = now + _AGAIN_S if progress.end else progress.due
        state = settle(state) if progress.end else state
    breach = None
    if state.belief is Belief.DOWN and believed.belief is not Belief.DOWN:
        breach = unproven_down(monitor.id, count)
    if breach is not None:
        state, at = replace(believed, run=None), now
    bound = max(3 * monitor.interval, rules.constants.unknown)
    status = _status(state, count, bound, now)
    if status is Status.UNKNOWN and state.unknown_since is not None:
        at = state.unknown_since
    state, transition = shift(before, state, status, at, now, count=count)
    return Judged(state, transition, _soonest(due, monitor, state, count, bound, now), breach)


def _follow(state: MonitorState, verdict: Verdict, now: float) -> MonitorState:
    """Keep since when the verdict is UNKNOWN, and forget a tie once somebody has a majority."""
    if verdict is Verdict.UNKNOWN:
        return state if state.unknown_since is not None else replace(state, unknown_since=now)
    if state.unknown_since is not None:
        state = replace(state, unknown_since=None)
    return replace(state, tied=False) if state.tied and verdict is Verdict.UP else state


def _change(state: MonitorState, count: Count, at: float) -> tuple[MonitorState, float]:
    """The opposite belief since `at`; the run is over, and has confirmed who still says down."""
    down = frozenset(node for node, vote in count.fresh.items() if not vote.up)
    if state.belief is Belief.DOWN:
        up = replace(state, belief=Belief.UP, since=at, run=None, tied=False, confirmed=down)
        return up, at
    changed = replace(
        state, belief=Belief.DOWN, since=at, run=None, tied=False,
        confirmed=down, confirmed_before=state.confirmed,
    )  # fmt: skip
    return changed, at


def _settle(
    state: MonitorState, first: float, progress: Progress, count: Count, at: float
) -> tuple[MonitorState, float]:
    """The state after what became of the run, and when what changed happened."""
    if progress.end is None:
        return replace(state, run=progress.run), at
    if progress.end is End.CHANGED:
        return _change(state, count, first)
    state = replace(state, run=None)
    if state.belief is not Belief.DOWN:
        confirmed = state.confirmed | progress.confirmed
        state = replace(state, confirmed=confirmed)
        if progress.end is End.TIED:
            since = first if state.belief is Belief.PENDING else state.since
            state = replace(state, tied=True, belief=Belief.UP, since=since)
        return state, at
    down = {node for node, vote in count.fresh.items() if not vote.up}
    if progress.end is End.TIED and down <= state.confirmed_before:
        return replace(state, belief=Belief.UP, since=first, tied=True), first
    return state, at


def _status(state: MonitorState, count: Count, bound: float, now: float) -> Status:
    """What is shown: the belief and what qualifies it."""
    if state.unknown_since is not None and now - state.unknown_since >= bound:
        return Status.UNKNOWN
    if state.belief is not Belief.UP:
        return Status(state.belief.value)
    seen_down = any(node in count.fresh and not count.fresh[node].up for node in state.confirmed)
    if seen_down or state.tied:
        return Status.PARTIAL
    waits = state.run is not None and state.status is Status.DEGRADED  # until it is decided
    return Status.DEGRADED if waits or count.is_degraded() else Status.UP


def shift(
    before: MonitorState,
    state: MonitorState,
    status: Status,
    at: float,
    now: float,
    *,
    cause: str = "votes",
    detail: str = "",
    count: Count | None = None,
) -> tuple[MonitorState, Transition | None]:
    """The state showing `status`, and the transition from `before` if anything visible moved."""
    if status is state.status and state.belief is before.belief:
        return state, None
    if status is not state.status:
        state = replace(state, status=status, status_since=at)
    votes = tuple(state.votes[node] for node in sorted(state.votes)) if count else ()
    fresh_down = [vote for vote in (count.fresh.values() if count else ()) if not vote.up]
    transition = Transition(
        monitor=state.monitor,
        at=at,
        known=now,
        belief_from=before.belief,
        belief_to=state.belief,
        status_from=before.status,
        status_to=status,
        cause=cause,
        reasons=reason_words(fresh_down),
        detail=detail or next((vote.detail for vote in fresh_down if vote.detail), ""),
        evidence=votes,
        incident=before.incident,
    )
    return state, transition


def _soonest(
    due: float | None,
    monitor: Monitor,
    state: MonitorState,
    count: Count,
    bound: float,
    now: float,
) -> float | None:
    """When time alone may change the judgement: a round ends, a vote goes stale, UNKNOWN shows,
    or a new monitor waits no longer for nodes that have not voted yet."""
    times = [] if due is None else [due]
    if count.fresh:
        times.append(min(v.observed for v in count.fresh.values()) + fresh_for(monitor) + 0.01)
    if state.unknown_since is not None and state.status is not Status.UNKNOWN:
        times.append(state.unknown_since + bound)
    if (settled := settled_at(monitor, state)) is not None and settled > now:
        times.append(settled)
    return min(times, default=None)
