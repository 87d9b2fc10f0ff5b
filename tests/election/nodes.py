"""A leader, a follower and probes as the real loops drive the rules, in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.election.field import Field, Process
from uptop_leader.election.following import Following, Next
from uptop_leader.election.leading import Leading
from uptop_leader.election.words import Answer, Pace, Phase, Poll, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 1.0
LIMIT_S = 2.0  # for an answer; a poll is tried once more on a new connection
LEADER, FOLLOWER = "leader", "follower"


class LeaderProcess(Process):
    """A leader. What is on its disk survives its lives."""

    def __init__(self, field: Field, rate: float, rules: type[Leading]) -> None:
        super().__init__(LEADER, field, rate)
        self.is_healthy = True
        self.epoch = self.known = 1
        self.has_follower = True
        self._rules = rules
        self.state: Leading

    def begin(self) -> None:
        self.state = self._rules.begin(
            self.clock(), epoch=self.epoch, known=self.known, has_follower=self.has_follower
        )
        self._tick()

    @property
    def acts(self) -> bool:
        """Whether it may do what others see, at this moment."""
        return self.is_up and not self.is_paused and self.state.may_act(self.clock())

    def answer(self, poll: Poll) -> Answer:
        """`POST /api/follower/poll`."""
        token = f"{self.life}.{self.field.now:.6f}"
        state, answer = self.state.polled(self.clock(), poll, token)
        self._become(state)
        return answer

    def tell(self, sighting: Sighting) -> tuple[Phase, int]:
        """A probe asks, and says what it saw of the follower."""
        self._become(self.state.told(self.clock(), sighting))
        is_awake = self.state.phase is not Phase.ACTIVE or self.state.may_act(self.clock())
        return (self.state.phase if is_awake else Phase.UNFIT), self.state.known

    def _tick(self) -> None:
        self._become(self.state.tick(self.clock(), healthy=self.is_healthy))
        self.later(TICK_S, self._tick)

    def _become(self, state: Leading) -> None:
        self.epoch, self.known = state.epoch, state.known  # on disk first
        self.has_follower = state.has_follower
        self.state = state


class FollowerProcess(Process):
    """A follower: polls, gives back, yields."""

    def __init__(self, field: Field, rate: float, rules: type[Following]) -> None:
        super().__init__(FOLLOWER, field, rate)
        self.epoch = 1
        self._rules = rules
        self._asked = 0
        self.state: Following

    def begin(self) -> None:
        self.state = self._rules.begin(self.name, self.clock(), epoch=self.epoch)
        self._tick()
        self.later(self.field.rng.uniform(0, Pace().beat), self._beat)

    @property
    def acts(self) -> bool:
        """Whether it may do what others see, at this moment."""
        return self.is_up and not self.is_paused and self.state.may_act(self.clock())

    def tell(self, sighting: Sighting) -> tuple[bool, int]:
        """A probe asks, and says what it saw of the leader."""
        self._become(self.state.tick(self.clock()).told(self.clock(), sighting))
        return self.acts, self.state.known

    def _tick(self) -> None:
        self._become(self.state.tick(self.clock()))
        self.later(TICK_S, self._tick)

    def _beat(self) -> None:
        self.later(Pace().beat, self._beat)
        self._poll(tries=2)

    def _poll(self, tries: int) -> None:
        self._asked += 1
        asked, poll = self._asked, self.state.tick(self.clock()).poll()

        def answered(answer: Answer) -> None:
            if asked == self._asked:
                self._asked += 1
                self._take(answer)

        def too_late() -> None:
            if asked != self._asked:
                return
            self._asked += 1
            if tries > 1:
                self._poll(tries - 1)
            else:
                self._become(self.state.tick(self.clock()).missed(self.clock()))

        self._ask(poll, answered)
        self.later(LIMIT_S, too_late)

    def _ask(self, poll: Poll, answered: Callable[[Answer], None]) -> None:
        leader = self.field.processes[LEADER]
        assert isinstance(leader, LeaderProcess)

        def read() -> None:
            answer = leader.answer(poll)
            self.field.send(LEADER, self.name, lambda: answered(answer))

        self.field.send(self.name, LEADER, read)

    def _take(self, answer: Answer) -> None:
        state, following = self.state.tick(self.clock()).answered(self.clock(), answer)
        self._become(state)
        if following is Next.AGAIN:
            self._poll(tries=1)
        elif following is Next.GIVE_BACK:
            self.later(self.field.rng.uniform(0.05, 3.0), self._yield)

    def _yield(self) -> None:
        state = self.state.tick(self.clock())
        if state.active:
            self._become(state.yield_())
            self._poll(tries=1)

    def _become(self, state: Following) -> None:
        self.epoch = max(self.epoch, state.epoch)  # on disk first
        self.state = state


class ProbeProcess(Process):
    """A probe, as far as the two hear of each other through it: the leader first."""

    def __init__(self, name: str, field: Field, rate: float) -> None:
        super().__init__(name, field, rate)
        self._of_follower: tuple[float, bool, int] | None = None

    def begin(self) -> None:
        self._of_follower = None
        self.later(self.field.rng.uniform(0, Pace().beat), self._round)

    def _round(self) -> None:
        self.later(Pace().beat, self._round)
        leader = self.field.processes[LEADER]
        follower = self.field.processes[FOLLOWER]
        assert isinstance(leader, LeaderProcess)
        assert isinstance(follower, FollowerProcess)
        began = self.clock()
        seen: list[tuple[Phase, int]] = []

        def ask_leader() -> None:
            sighting = self._sighting(self._of_follower, leader.clock())
            said = leader.tell(sighting)
            self.field.send(LEADER, self.name, lambda: hear_leader(said))

        def hear_leader(said: tuple[Phase, int]) -> None:
            if not seen and self.clock() - began <= LIMIT_S:
                seen.append(said)
                go_on()

        def go_on() -> None:
            asked = self.clock()
            phase, epoch = seen[0] if seen else (Phase.UNFIT, 0)
            age = asked - began

            def ask_follower() -> None:
                sighting = Sighting(
                    at=follower.clock() - age,
                    active=phase is Phase.ACTIVE,
                    waits=phase in (Phase.WAITING, Phase.RETURNING),
                    epoch=epoch,
                )
                said = follower.tell(sighting)
                self.field.send(FOLLOWER, self.name, lambda: hear_follower(*said))

            def hear_follower(active: bool, known: int) -> None:
                if self.clock() - asked <= LIMIT_S:
                    self._of_follower = (asked, active, known)

            self.field.send(self.name, FOLLOWER, ask_follower)

        def leader_is_silent() -> None:
            if not seen:
                seen.append((Phase.UNFIT, 0))
                go_on()

        self.field.send(self.name, LEADER, ask_leader)
        self.later(LIMIT_S, leader_is_silent)

    def _sighting(self, seen: tuple[float, bool, int] | None, theirs: float) -> Sighting:
        if seen is None:
            return Sighting(at=theirs, active=False, epoch=0)
        at, active, epoch = seen
        return Sighting(at=theirs - (self.clock() - at), active=active, epoch=epoch)
