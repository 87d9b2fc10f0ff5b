"""Why a node of a pair acts or stands by, in words for operators. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.election.words import Phase

if TYPE_CHECKING:
    from uptop_leader.election.following import Following
    from uptop_leader.election.leading import Leading

UNREACHABLE = "unreachable from here, seen by"


class Troubles(Struct, frozen=True, kw_only=True):
    """What a follower's loop knows beside the rules: since when the leader has not answered, what
    it was answered that is no answer, and what bars a take-over.
    """

    away_since: float | None = None
    refused: str = ""
    barred: str = ""


def why_leading(
    state: Leading, now: float, follower: str = "", polled_at: float | None = None
) -> str:
    """Of a leader; `follower` polled it last at `polled_at`."""
    if not state.has_follower:
        return "no follower has ever asked"
    silence = "has not asked since the start" if polled_at is None else _ago(now - polled_at)
    heard = f"follower {follower} {silence}"
    match state.phase:
        case Phase.ACTIVE:
            return heard
        case Phase.WAITING:
            return f"waits until its follower says that it does not act, or is gone; {heard}"
        case Phase.RETURNING:
            return f"the follower acts, and gives back; {heard}"
        case Phase.UNFIT:
            return f"not well, so the follower may take over; {heard}"


def why_following(state: Following, now: float, troubles: Troubles) -> str:
    """Of a follower."""
    away = ""
    if troubles.away_since is not None:
        away = f"the leader has not answered for {now - troubles.away_since:.0f} s"
    if state.active:
        if state.kept:
            return "an operator has promoted it; `uptop-leader handover` gives back"
        return away or "the leader is up again: this node gives back when it has been up for long"
    if troubles.refused:
        return f"no follower of this leader: {troubles.refused}"
    if away and is_held_back(state, now):
        return f"the leader is {UNREACHABLE} {state.seen_by or 'a probe'}"
    if away and troubles.barred:
        return f"{away}, but {troubles.barred}"
    return away or "the leader answers"


def is_held_back(state: Following, now: float) -> bool:
    """Whether it would act by now, but for a probe that has just seen the leader."""
    return not state.active and state.misses >= state.pace.misses and state.is_seen(now)


def _ago(seconds: float) -> str:
    return f"asked {max(0.0, seconds):.0f} s ago"
