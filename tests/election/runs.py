"""One run of an election: what happened to whom, who acted, and whether two did."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.election.field import Field
from tests.election.nodes import FOLLOWER, LEADER, FollowerProcess, LeaderProcess, ProbeProcess
from uptop_leader.election.following import Following
from uptop_leader.election.leading import Leading

LENGTH_S = 600.0
CALM_S = 120.0  # at the end, in which everything works
GIVING_BACK_S = 5.0  # what a hand-over takes that has begun in the last moment
SETTLED_S = 30.0  # for how long a way must have been open for "they see each other"


@dataclass
class Run:
    """What a run gave. `overlaps` are moments in which two acted though they could have known."""

    seed: int
    overlaps: list[str] = field(default_factory=list)
    split_s: float = 0.0
    handovers: int = 0
    end: str = ""
    story: list[str] = field(default_factory=list)


def run(
    seed: int,
    leading: type[Leading] = Leading,
    following: type[Following] = Following,
    *,
    length: float = LENGTH_S,
) -> Run:
    """Ten minutes of cuts, pauses, crashes and ill health, then two minutes of calm."""
    stage = _Stage(seed, leading, following)
    stage.trouble(length)
    stage.field.run(length + CALM_S)
    if stage.is_giving_back():
        stage.field.run(length + CALM_S + GIVING_BACK_S)
    return stage.finished()


class _Stage:
    def __init__(self, seed: int, leading: type[Leading], following: type[Following]) -> None:
        self.rng = Random(seed)
        self.field = Field(self.rng)
        self.run = Run(seed)

        def rate() -> float:
            return self.rng.uniform(0.995, 1.005)

        self.leader = LeaderProcess(self.field, rate(), leading)
        self.follower = FollowerProcess(self.field, rate(), following)
        count = self.rng.choice((0, 1, 1, 2))
        self.probes = [ProbeProcess(f"probe{n}", self.field, rate()) for n in range(count)]
        for process in self.field.processes.values():
            process.start()
        self._who = (False, False)
        self._since = 0.0
        self.field.after_each = self._look

    def trouble(self, length: float) -> None:
        """Plan what happens."""
        rng, names = self.rng, list(self.field.processes)
        for _ in range(rng.randint(4, 30)):
            begins = rng.uniform(0, length - 60)
            ends = min(length, begins + rng.choice((rng.uniform(0.2, 10), rng.uniform(5, 90))))
            kind = rng.choice(("cut", "cut", "pause", "crash", "ill"))
            if kind == "cut":
                one, other = rng.sample(names, 2)
                self._plan(begins, f"cut {one}>{other}", self.field.cut, one, other)
                self._plan(ends, f"heal {one}>{other}", self.field.heal, one, other)
                if rng.random() < 0.7:
                    self._plan(begins, f"cut {other}>{one}", self.field.cut, other, one)
                    self._plan(ends, f"heal {other}>{one}", self.field.heal, other, one)
                continue
            name = rng.choice((LEADER, LEADER, FOLLOWER, rng.choice(names)))
            process = self.field.processes[name]
            if kind == "pause":
                self._plan(begins, f"pause {name}", process.pause)
                self._plan(ends, f"resume {name}", process.resume)
            elif kind == "crash":
                self._plan(begins, f"crash {name}", process.crash)
                self._plan(ends, f"start {name}", process.start)
            else:
                self._plan(begins, "leader is ill", setattr, self.leader, "is_healthy", False)
                self._plan(ends, "leader is well", setattr, self.leader, "is_healthy", True)
        self._plan(length, "calm", self._calm)

    def is_giving_back(self) -> bool:
        """Whether just now neither acts: the one has stopped, the other is about to."""
        return not (self.leader.acts or self.follower.acts)

    def finished(self) -> Run:
        """What it came to: in the calm one of the two acts, and one only."""
        acting = [process.name for process in (self.leader, self.follower) if process.acts]
        self.run.end = " and ".join(acting) or "nobody"
        return self.run

    def _calm(self) -> None:
        for one, other in list(self.field.cuts):
            self.field.heal(one, other)
        self.leader.is_healthy = True
        for process in self.field.processes.values():
            process.resume()
            process.start()

    def _plan(self, moment: float, words: str, do: object, *given: object) -> None:
        def happen() -> None:
            self._tell(words)
            do(*given)  # type: ignore[operator]

        self.field.at(moment, happen)

    def _tell(self, words: str) -> None:
        self.run.story.append(f"{self.field.now:8.2f}  {words}")

    def _look(self) -> None:
        """After every event: who acts now, and may they?"""
        who = (self.leader.acts, self.follower.acts)
        if self._who == (True, True):
            self.run.split_s += self.field.now - self._since
        self._since = self.field.now
        if who == self._who:
            if who == (True, True) and not self.run.overlaps:
                self._judge()
            return
        self.run.handovers += who[1] and not self._who[1]
        self._who = who
        self._tell(
            f"acts: leader {who[0]} ({self.leader.state.phase} {self.leader.epoch}),"
            f" follower {who[1]} ({self.follower.epoch})"
        )
        if who == (True, True):
            self._judge()

    def _judge(self) -> None:
        if self._sees(LEADER, FOLLOWER):
            self._accuse("the two see each other")
        for probe in self.probes:
            is_there = (
                probe.is_up and not probe.is_paused and self.field.now - probe.up_since >= SETTLED_S
            )
            if is_there and self._sees(probe.name, LEADER) and self._sees(probe.name, FOLLOWER):
                self._accuse(f"{probe.name} sees both")

    def _accuse(self, why: str) -> None:
        self.run.overlaps.append(f"{self.field.now:.2f}: both act, and {why}")
        self._tell(self.run.overlaps[-1])

    def _sees(self, one: str, other: str) -> bool:
        ways = ((one, other), (other, one))
        return all(self.field.open_for(*way) >= SETTLED_S for way in ways)
