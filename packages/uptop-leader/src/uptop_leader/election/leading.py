"""The leader's side: may it act? In: what it hears and how it is. Out: the next state. Pure.

A leader that never had a follower is active. One that has had some stops acting whenever its
follower may have promoted itself meanwhile: after a start, after its loop stood still or its health
was bad for longer than `stall`, or when it has told a poll so. It then waits for its follower's
word. Nothing here makes a follower stand by: that one yields first, and only then this one acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_leader.election.words import Answer, Pace, Phase

if TYPE_CHECKING:
    from uptop_leader.election.words import Poll, Sighting

_PACE = Pace()


class Leading(Struct, frozen=True, kw_only=True):
    """What a leader knows. Times are seconds of its steady clock.

    `epoch` is its own, `known` the highest it has heard of. `waits_from` is when a wait for the
    follower's word began, or began anew; `ticked` when its loop last came round; `rival` when
    somebody last told that the follower is active. `token` was given out at `issued`.
    """

    epoch: int
    known: int
    phase: Phase
    has_follower: bool
    ticked: float
    waits_from: float
    unfit_from: float | None = None
    said_unfit: bool = False
    rival: float | None = None
    token: str = ""
    issued: float = 0.0
    pace: Pace = _PACE

    @classmethod
    def begin(
        cls, now: float, *, epoch: int, has_follower: bool, known: int = 0, pace: Pace = _PACE
    ) -> Leading:
        """The state at the start of the process."""
        return cls(
            epoch=epoch,
            known=max(known, epoch),
            phase=Phase.WAITING if has_follower else Phase.ACTIVE,
            has_follower=has_follower,
            ticked=now,
            waits_from=now,
            pace=pace,
        )

    def may_act(self, now: float) -> bool:
        """Whether it may judge and send at this moment; asked before each thing that others see."""
        is_awake = not self.has_follower or now - self.ticked <= self.pace.stall
        return is_awake and self.phase is Phase.ACTIVE

    def tick(self, now: float, *, healthy: bool) -> Leading:
        """The loop comes round."""
        state = replace(self, ticked=now)
        if not self.has_follower:
            return state
        if not healthy:
            return state._unfit(now)
        if self.phase is Phase.UNFIT:
            return state._fit_again(now)
        if now - self.ticked > self.pace.stall:
            return state._wait(now)
        if self.phase is Phase.ACTIVE:
            return state
        return state._waited(now)

    def polled(self, now: float, poll: Poll, token: str) -> tuple[Leading, Answer]:
        """A follower asks; `token` is a new one for the answer."""
        is_fresh = self._is_good(poll.token, now)
        # What lay in a buffer while the loop stood still is read before the loop comes round.
        stood_still = self.has_follower and now - self.ticked > self.pace.stall
        state = replace(
            self, has_follower=True, known=max(self.known, poll.epoch), token=token, issued=now
        )
        if stood_still and state.phase is not Phase.UNFIT:
            state = state._wait(now)
        if state.phase is Phase.UNFIT:
            state = replace(state, said_unfit=True)
        elif poll.active:
            state = state._step_back(now, poll)
        elif state.phase is not Phase.ACTIVE and is_fresh:
            state = state._act(now)
        elif state.phase is Phase.ACTIVE and poll.epoch > state.epoch:
            state = replace(state, epoch=state.known + 1, known=state.known + 1)
        return state, Answer(phase=state.phase, epoch=state.known, token=token)

    def told(self, now: float, sighting: Sighting) -> Leading:
        """A probe says what it saw of the follower, and tells that one how this leader is."""
        state = replace(self, known=max(self.known, sighting.epoch))
        if state.phase is Phase.UNFIT:
            state = replace(state, said_unfit=True)
        if not sighting.active or now - sighting.at > self.pace.word:
            return state
        if state.phase is Phase.ACTIVE and sighting.epoch > self.epoch:
            state = state._wait(now)
        return replace(state, rival=now)

    def _is_good(self, token: str, now: float) -> bool:
        return bool(token) and token == self.token and now - self.issued <= self.pace.fresh

    def _unfit(self, now: float) -> Leading:
        if self.phase is Phase.UNFIT:
            return self
        # A wait that is not over is not shortened by having been unfit.
        began = now if self.phase is Phase.ACTIVE else now - self.pace.stall - 1
        return replace(self, phase=Phase.UNFIT, unfit_from=began, said_unfit=False)

    def _fit_again(self, now: float) -> Leading:
        unfit_for = now - (self.unfit_from if self.unfit_from is not None else now)
        state = replace(self, unfit_from=None, said_unfit=False)
        if self.said_unfit or unfit_for > self.pace.stall:
            return state._wait(now)
        return replace(state, phase=Phase.ACTIVE)

    def _wait(self, now: float) -> Leading:
        return replace(self, phase=Phase.WAITING, waits_from=now, token="", rival=None)

    def _waited(self, now: float) -> Leading:
        """Nobody has said a word for long enough: the follower is gone, or out of reach."""
        is_told = self.rival is not None and now - self.rival <= self.pace.word
        if now - self.waits_from <= self.pace.wait or is_told:
            return self
        return self._act(now)

    def _step_back(self, now: float, poll: Poll) -> Leading:
        """A follower is active. A poll of before this leader's newest epoch is an old one."""
        if self.phase is Phase.ACTIVE and poll.epoch <= self.epoch:
            return self
        return replace(self, phase=Phase.RETURNING, waits_from=now, rival=now)

    def _act(self, now: float) -> Leading:
        """Act, in an epoch that is above every other that it heard of."""
        epoch = self.epoch if self.known <= self.epoch else self.known + 1
        return replace(
            self, phase=Phase.ACTIVE, epoch=epoch, known=epoch, ticked=now, rival=None, token=""
        )
