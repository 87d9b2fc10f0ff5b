"""The follower's side: does it act? In: polls' outcomes, probes' words. Out: the next state. Pure.

It promotes itself after `misses` polls in a row without an answer, unless its own line is dead or a
probe has just seen the leader. A refusal (401, another schema, something that is no leader) is
never a miss. It yields before the leader acts again: no answer that is lost can make two of them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from uptop_leader.election.words import Answer, Pace, Phase, Poll, Sighting

_HOUR = 3600.0
_FREE = 3  # fail-overs within an hour before a return has to wait
_LONGEST_HOLD = 600.0
_PACE = Pace()


class Next(StrEnum):
    """What the loop does after an answer."""

    REST = "rest"  # until the next beat
    AGAIN = "again"  # poll at once: the leader waits for a word
    GIVE_BACK = "give back"  # send what the leader lacks, then yield


class Following(Struct, frozen=True, kw_only=True):
    """What a follower knows. Times are seconds of its steady clock.

    `known` is the highest epoch it has heard of; `ticked` when its loop last came round; `seen`
    when a probe (`seen_by`) last saw the leader at work, or waiting; `up_from` since when the leader answers
    without a miss. `kept` says that an operator wants this node to stay active.
    """

    node: str
    epoch: int
    known: int
    ticked: float
    active: bool = False
    misses: int = 0
    seen: float | None = None
    seen_by: str = ""
    up_from: float | None = None
    token: str = ""
    promotions: tuple[float, ...] = ()
    kept: bool = False
    pace: Pace = _PACE

    @classmethod
    def begin(cls, node: str, now: float, *, epoch: int, pace: Pace = _PACE) -> Following:
        """The state at the start of the process: whatever it was before, it stands by."""
        return cls(node=node, epoch=epoch, known=epoch, ticked=now, pace=pace)

    def may_act(self, now: float) -> bool:
        """Whether it may judge and send at this moment."""
        return self.active and now - self.ticked <= self.pace.stall

    def tick(self, now: float) -> Following:
        """The loop comes round. After a standstill it knows nothing of the leader any more."""
        state = replace(self, ticked=now)
        if now - self.ticked > self.pace.stall:
            return replace(state, active=False, misses=0, up_from=None, token="", kept=False)
        return state

    def poll(self) -> Poll:
        """What it asks with now."""
        return Poll(node=self.node, epoch=self.epoch, active=self.active, token=self.token)

    def missed(self, now: float, *, line: bool = True) -> Following:
        """A poll had no answer, or a 5xx of none of ours; `line` is false when no canary answers."""
        misses = self.misses + 1
        state = replace(self, misses=misses, up_from=None, token="")
        if self.active or misses < self.pace.misses or not line or self.is_seen(now):
            return state
        return state.promote(now)

    def promote(self, now: float, *, kept: bool = False) -> Following:
        """Act, in an epoch above all that was heard of."""
        epoch = max(self.epoch, self.known) + 1
        return replace(
            self,
            active=True,
            epoch=epoch,
            known=epoch,
            promotions=(*(at for at in self.promotions if now - at < _HOUR), now),
            misses=0,
            up_from=None,
            token="",
            kept=kept,
        )

    def answered(self, now: float, answer: Answer) -> tuple[Following, Next]:
        """The leader has answered a poll."""
        up_from = self.up_from if self.up_from is not None else now
        state = replace(
            self, known=max(self.known, answer.epoch), token=answer.token, up_from=up_from
        )
        if answer.phase is Phase.UNFIT:
            return replace(self.missed(now), known=state.known), Next.REST
        state = replace(state, misses=0)
        if answer.phase is Phase.ACTIVE:
            # An answer of before this node's promotion speaks of an older epoch.
            is_over = answer.epoch >= self.epoch or not self.active
            return (state._stand_by() if is_over else state), Next.REST
        if not self.active:
            return state, Next.AGAIN
        if self.kept or now - up_from < self._hold(now):
            return state, Next.REST
        return state, Next.GIVE_BACK

    def told(self, now: float, sighting: Sighting) -> Following:
        """A probe says what it saw of the leader."""
        state = replace(self, known=max(self.known, sighting.epoch))
        if not (sighting.active or sighting.waits) or now - sighting.at > self.pace.word:
            return state
        if self.seen is None or sighting.at >= self.seen:
            state = replace(state, seen=sighting.at, seen_by=sighting.by)
        if self.active and sighting.active and sighting.epoch > self.epoch:
            return state._stand_by()
        return state

    def let_go(self) -> Following:
        """Stay active no longer than it takes to give back."""
        return replace(self, kept=False, promotions=())

    def yield_(self) -> Following:
        """Stop acting: the next poll says so, and the leader acts when it has that."""
        return replace(self, active=False, misses=0)

    def _stand_by(self) -> Following:
        return replace(self, active=False, epoch=self.known, kept=False)

    def is_seen(self, now: float) -> bool:
        """Whether a probe has just seen the leader."""
        return self.seen is not None and now - self.seen <= self.pace.word

    def _hold(self, now: float) -> float:
        """How long the leader must have been up before it is handed back to."""
        often = sum(now - at < _HOUR for at in self.promotions) - _FREE
        if often < 0:
            return 0.0
        return min(_LONGEST_HOLD, self.pace.hold * 2.0**often)
