"""Step 9, first half: the rounds that confirm or deny a change of belief (DESIGN 9).

In: the votes as counted now and the open run, if any. Out: what became of the run. Pure.

A run opens when the verdict contradicts the belief or a node newly turns against it. In each of
its rounds all nodes of the monitor are asked again. `max_retries` rounds in a row against the
belief change it; one round for it closes the run; a third one neither way closes it too.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.verdicts import Verdict
from uptop_core.votes import Vote, fresh_for
from uptop_leader.ballots import Count, silence_is_no_recovery, speaks_against
from uptop_leader.states import Belief, MonitorState, Run

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from uptop_core.constants import TimeConstants
    from uptop_core.monitors import Monitor
    from uptop_leader.nodes import Standing

NEUTRAL_LIMIT = 3  # rounds in a row that go neither way


class End(Enum):
    """How a run ended."""

    CHANGED = auto()
    KEPT = auto()
    TIED = auto()
    UNKNOWN = auto()


class Progress(Struct, frozen=True, kw_only=True):
    """What became of a run: still open as `run`, or closed by `end`. `due` is when time alone can
    change that; `confirmed` are the nodes whose down vote the closing round confirmed.
    """

    run: Run | None
    end: End | None = None
    due: float | None = None
    confirmed: frozenset[str] = frozenset()


def contradicts(verdict: Verdict, belief: Belief) -> bool:
    """Whether the verdict is the opposite of what is believed; PENDING counts as UP."""
    return verdict is (Verdict.UP if belief is Belief.DOWN else Verdict.DOWN)


def retries(monitor: Monitor, count: Count) -> int:
    """Rounds that a change needs: as written, else 1, or 2 while one node alone votes."""
    if monitor.max_retries is not None:
        return monitor.max_retries
    return 2 if len(count.expected) == 1 else 1


def open_run(state: MonitorState, count: Count, now: float) -> Run:
    """A run that starts its first round now; those who speak against the belief opened it. What it
    may change began with the first of them who did not speak so all along.
    """
    heard = {
        node: vote
        for node, vote in state.votes.items()
        if node in count.fresh or node in count.aside
    }
    against = {
        node: vote
        for node, vote in {**heard, **count.overtaken}.items()
        if not vote.abstains and speaks_against(vote, state.belief)
    }
    new = [vote.observed for node, vote in against.items() if node not in state.settled]
    first = min(new or (vote.observed for vote in against.values()), default=now)
    accusers = frozenset(against)
    run_id = _run_id(state, now)
    return Run(id=run_id, opened=now, first=first, began=now, accusers=accusers, earlier=accusers)


def ask(state: MonitorState, now: float) -> Run:
    """A run that nobody's word has opened: to find out now what the next ticks would show."""
    return Run(id=_run_id(state, now), opened=now, first=now, began=now, asked=True)


def _run_id(state: MonitorState, now: float) -> str:
    return f"{state.monitor}.{round(now * 1000)}"


def advance(
    monitor: Monitor,
    state: MonitorState,
    run: Run,
    count: Count,
    assigned: Collection[str],
    standings: Mapping[str, Standing],
    constants: TimeConstants,
    now: float,
) -> Progress:
    """Take the run as far as the votes and the time allow."""
    if run.pause_until is not None:
        if now < run.pause_until:
            return Progress(run=run, due=run.pause_until)
        run = replace(run, round=run.round + 1, began=now, pause_until=None, earlier=run.accusers)
    if run.asked and run.accusers and not run.earlier and count.rule().one_suffices:
        # The first word against the belief opens what a tick's would: all are asked to confirm it.
        run = replace(run, round=run.round + 1, began=now, earlier=run.accusers)
    counted = _counted(run, state.belief, count)
    verdict = silence_is_no_recovery(count.verdict(counted.values()), count, state)
    if contradicts(verdict, state.belief):
        return _lost(monitor, run, count, now)
    over_at = _over_at(monitor, state, run, count, assigned, standings, constants)
    if now < over_at:
        return Progress(run=run, due=over_at)
    down = frozenset(node for node, vote in counted.items() if not vote.up)
    if verdict is (Verdict.DOWN if state.belief is Belief.DOWN else Verdict.UP):
        return Progress(run=None, end=End.KEPT, confirmed=down)
    return _neutral(monitor, run, verdict, down, now)


def _counted(run: Run, belief: Belief, count: Count) -> dict[str, Vote]:
    """Votes for the belief while fresh; against it only those given in this round, and where one
    suffices only by a node that spoke against before it."""
    picky = count.rule().one_suffices and belief is not Belief.DOWN
    return {
        node: vote
        for node, vote in count.fresh.items()
        if not speaks_against(vote, belief)
        or (has_answered(vote, run) and (not picky or node in run.earlier))
    }


def has_answered(vote: Vote, run: Run) -> bool:
    """Whether a result was had in the current round: it began in it, or answers its recheck."""
    return vote.observed > run.began or vote.recheck == run.recheck


def _lost(monitor: Monitor, run: Run, count: Count, now: float) -> Progress:
    lost = run.lost + 1
    if lost >= retries(monitor, count):
        return Progress(run=None, end=End.CHANGED)
    pause = now + monitor.retry_interval
    return Progress(run=replace(run, lost=lost, neutral=0, pause_until=pause), due=pause)


def _neutral(
    monitor: Monitor, run: Run, verdict: Verdict, down: frozenset[str], now: float
) -> Progress:
    neutral = run.neutral + 1
    if neutral >= NEUTRAL_LIMIT:
        if verdict is Verdict.TIED:
            return Progress(run=None, end=End.TIED, confirmed=down)
        return Progress(run=None, end=End.UNKNOWN)  # too few were heard to confirm anybody
    pause = now + monitor.retry_interval
    return Progress(run=replace(run, lost=0, neutral=neutral, pause_until=pause), due=pause)


def _over_at(
    monitor: Monitor,
    state: MonitorState,
    run: Run,
    count: Count,
    assigned: Collection[str],
    standings: Mapping[str, Standing],
    constants: TimeConstants,
) -> float:
    """When the round is over if no further vote comes: at once when all have answered, else after
    timeout + 5 s (three times that while a live node owes an answer), but not before each node
    that spoke against before it has spoken again or lost its vote.
    """
    owing = [
        node for node in assigned if not standings[node].offline and not _spoke(state, run, node)
    ]
    if not owing:
        return run.began
    patience = monitor.effective_timeout + constants.answer
    if any(standings[node].live for node in owing):
        patience *= 3
    over_at = run.began + patience
    for node in run.earlier:
        vote = count.fresh.get(node)
        if vote is not None and node in owing and speaks_against(vote, state.belief):
            over_at = max(over_at, vote.observed + fresh_for(monitor))
    return over_at


def _spoke(state: MonitorState, run: Run, node: str) -> bool:
    vote = state.votes.get(node)
    return vote is not None and has_answered(vote, run)
