"""Part of step 9: what was believed before a restart or a standstill goes on from now. Pure.

Nothing is forgotten, and nothing is held against anybody for the time in which nobody listened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.states import MonitorState, PushState, Run, Status

if TYPE_CHECKING:
    from uptop_core.votes import Vote


def resumed(state: MonitorState, now: float) -> MonitorState:
    """The state as it goes on at `now`.

    An open round begins anew. How long the verdict has been UNKNOWN is counted from now, so that
    a restart itself tells nothing. What seems to come from the future, since the clock of this
    machine was set back meanwhile, counts as of now: it would outlive everything newer.
    """
    waiting = state.unknown_since is not None and state.status is not Status.UNKNOWN
    return replace(
        state,
        run=None if state.run is None else _anew(state.run, now),
        unknown_since=now if waiting else state.unknown_since,
        votes={node: _by_now(vote, now) for node, vote in state.votes.items()},
        overtaken={node: _by_now(vote, now) for node, vote in state.overtaken.items()},
        first_vote=_at_most(state.first_vote, now),
        push=None if state.push is None else _heard_by_now(state.push, now),
    )


def _anew(run: Run, now: float) -> Run:
    return replace(run, round=run.round + 1, began=now, pause_until=None, earlier=run.accusers)


def _by_now(vote: Vote, now: float) -> Vote:
    return vote if vote.observed <= now else replace(vote, observed=now)


def _heard_by_now(push: PushState, now: float) -> PushState:
    heard, started = _at_most(push.heard, now), _at_most(push.started, now)
    return replace(push, heard=heard, started=started, awaited=_at_most(push.awaited, now))


def _at_most(moment: float | None, now: float) -> float | None:
    return None if moment is None else min(moment, now)
