"""Rules with one piece left out: the checker must find two at work with each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.election.following import Following, Next
from uptop_leader.election.leading import Leading
from uptop_leader.election.words import Phase

if TYPE_CHECKING:
    from uptop_leader.election.words import Answer, Sighting


class WaitsForNobody(Leading, frozen=True):
    """Acts as soon as its process starts."""

    @classmethod
    def begin(cls, now: float, **known: object) -> Leading:
        return replace(super().begin(now, **known), phase=Phase.ACTIVE)  # type: ignore[arg-type]


class SleepsUnawares(Leading, frozen=True):
    """Does not notice that its loop stood still."""

    def may_act(self, now: float) -> bool:
        return self.phase is Phase.ACTIVE

    def tick(self, now: float, *, healthy: bool) -> Leading:
        return super(SleepsUnawares, replace(self, ticked=now)).tick(now, healthy=healthy)


class BelievesOldPolls(Leading, frozen=True):
    """Takes any poll of a follower that stands by for its word of now."""

    def _is_good(self, token: str, now: float) -> bool:
        return True


class DeafLeader(Leading, frozen=True):
    """Does not listen to probes."""

    def told(self, now: float, sighting: Sighting) -> Leading:
        return self


class ForgetsItsIllness(Leading, frozen=True):
    """Goes on as before when it is healthy again."""

    def _fit_again(self, now: float) -> Leading:
        return replace(self, phase=Phase.ACTIVE, unfit_from=None)


class DeafFollower(Following, frozen=True):
    """Does not listen to probes."""

    def told(self, now: float, sighting: Sighting) -> Following:
        return self


class Hasty(Following, frozen=True):
    """Promotes itself at the first miss."""

    def missed(self, now: float, *, line: bool = True) -> Following:
        return super(Hasty, replace(self, misses=self.pace.misses)).missed(now, line=line)


class ClingsOn(Following, frozen=True):
    """Goes on acting until the leader says that it does."""

    def yield_(self) -> Following:
        return self

    def poll(self):  # type: ignore[no-untyped-def]
        return replace(super().poll(), active=False)


class WakesUpActive(Following, frozen=True):
    """Goes on acting after a standstill."""

    def may_act(self, now: float) -> bool:
        return self.active

    def tick(self, now: float) -> Following:
        return replace(self, ticked=now)


class IgnoresAnswers(Following, frozen=True):
    """Does not stand by when the leader acts."""

    def answered(self, now: float, answer: Answer) -> tuple[Following, Next]:
        if self.active and answer.phase is Phase.ACTIVE:
            return self, Next.REST
        return super().answered(now, answer)


BROKEN: dict[str, type[Leading] | type[Following]] = {
    "waits for nobody": WaitsForNobody,
    "sleeps unawares": SleepsUnawares,
    "believes old polls": BelievesOldPolls,
    "deaf leader": DeafLeader,
    "forgets its illness": ForgetsItsIllness,
    "deaf follower": DeafFollower,
    "hasty follower": Hasty,
    "clings on": ClingsOn,
    "wakes up active": WakesUpActive,
    "ignores answers": IgnoresAnswers,
}
"""The rules by what is wrong with them."""
