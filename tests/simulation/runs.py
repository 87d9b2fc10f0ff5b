"""One run: a world, a strategy, a seed."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.beliefs import Beliefs
from tests.simulation.clockwork import EPOCH, Clockwork
from tests.simulation.leaders import SimulatedLeader
from tests.simulation.naive import NAIVE
from tests.simulation.probes import SimulatedNode
from tests.simulation.scenes import Life
from tests.simulation.scoring import Score, judge_beliefs
from tests.simulation.spans import gaps
from tests.simulation.worlds import WORLDS
from uptop_core.checks.http import HttpCheck
from uptop_core.monitors import Monitor
from uptop_leader.states import Belief

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.memories import Memory
    from tests.simulation.probes import Sent
    from tests.simulation.scales import Scale
    from tests.simulation.scenes import Place, Scene
    from uptop_leader.incidents import Transition


@dataclass
class Run:
    """What a run gave. `naive` holds the scores of the other rules, by their names."""

    world: str
    strategy: str
    seed: int
    score: Score
    naive: dict[str, Score] = field(default_factory=dict)
    results: int = 0
    took_s: float = 0.0
    story: list[str] = field(default_factory=list)


def run(
    world: str, strategy: str, seed: int, scale: Scale, *, naive: bool = True, spoilt: str = ""
) -> Run:
    """Let the world's time pass once, and compare what was believed with what was true."""
    began = time.process_time()
    scene = WORLDS[world](Random(f"{world}/{seed}"), scale)
    scene.spoilt = spoilt
    stage = _Stage(scene, f"{world}/{seed}", strategy, naive=naive)
    stage.play()
    names = list(stage.numbers)
    heard = scene.heard(scene.interval)

    def score(beliefs: Mapping[str, Beliefs], by: str) -> Score:
        total = Score()
        for name, number in stage.numbers.items():
            target = scene.targets[number]
            words = f"monitor {names.index(name)}"
            total.add(judge_beliefs(words, beliefs[name], scene, target, by, heard))
        return total

    done = Run(world, strategy, seed, score(_beliefs(stage.leader.memory), strategy))
    done.score.messages = len(stage.leader.memory.notifications)
    done.naive = {rule.name: score(rule.beliefs, rule.strategy) for rule in stage.rules}
    done.results = stage.results
    done.took_s = time.process_time() - began
    done.story = stage.story()
    return done


class _Stage:
    """The leader, the nodes and the other rules of one run."""

    def __init__(self, scene: Scene, seed: str, strategy: str, *, naive: bool) -> None:
        self.scene = scene
        self.results = 0
        self.rules = [rule() for rule in NAIVE] if naive else []
        self._seed = seed
        self._clockwork = Clockwork()
        self._nodes: dict[str, SimulatedNode] = {}
        rng = Random(f"{seed}/monitors")
        monitors = [
            _monitor(str(uuid.UUID(int=rng.getrandbits(128))), number, scene)
            for number in range(len(scene.targets))
        ]
        self.numbers = {monitor.id: number for number, monitor in enumerate(monitors)}
        own = scene.places[0]
        self.leader = SimulatedLeader(
            monitors, strategy, scene.checks, self._clockwork, self._wake,
            suspended=own.suspended, clock_s=scene.leader_clock_s, spoilt=scene.spoilt,
        )  # fmt: skip

    def play(self) -> None:
        """From the start to the end."""
        scene, clockwork = self.scene, self._clockwork
        for start, end in gaps(scene.leader_away, 0.0, scene.length):
            clockwork.at(start, self.leader.start)
            clockwork.at(end, self.leader.stop)
            for place in scene.places:
                if place.own:
                    self._begin(place, Life(start, end, says_goodbye=False))
        for place in scene.places:
            for life in () if place.own else place.lives:
                self._begin(place, life)
        clockwork.run(scene.length - 0.001)

    def story(self) -> list[str]:
        """What changed, in words, for a replay."""
        lines = []
        for number, target in enumerate(self.scene.targets):
            for words, spans in (("down", target.down), ("either", target.either)):
                lines += [
                    f"{start:9.1f}  truth: monitor {number} {words} until {end:.1f}"
                    for start, end in spans
                ]
            for place, spans in target.beyond.items():
                lines += [
                    f"{start:9.1f}  truth: monitor {number} out of reach of {place} until {end:.1f}"
                    for start, end in spans
                ]
        memory = self.leader.memory
        told = zip(memory.transitions, memory.known, strict=True)
        lines += [self._tell(transition, known) for transition, known in told]
        return sorted(lines)

    def _tell(self, transition: Transition, known: float) -> str:
        began = known - (transition.known - transition.at)
        votes = " ".join(
            f"{vote.node}={'up' if vote.up else vote.reason}"
            f"{'/' + vote.proof if vote.proof else ''}@{vote.observed - EPOCH:.1f}"
            for vote in transition.evidence
        )
        return (
            f"{known:9.1f}  monitor {self.numbers[transition.monitor]}"
            f" {transition.status_from} -> {transition.status_to}"
            f" since {began:.1f}  [{votes}]"
        )

    def _begin(self, place: Place, life: Life) -> None:
        rng = Random(f"{self._seed}/{place.name}/{life.begins:g}")
        node = SimulatedNode(
            place, life, self.scene, self.numbers, self.leader, self._clockwork, rng, self._see
        )

        def begin(at: float) -> None:
            self._nodes[place.name] = node
            node.begin(at)

        self._clockwork.at(life.begins, begin)

    def _wake(self, name: str) -> None:
        node = self._nodes.get(name)
        if node is not None:
            node.wake()

    def _see(self, node: str, sent: Sent, at: float) -> None:
        self.results += 1
        if sent.is_tick:
            for rule in self.rules:
                rule.see(node, sent.monitor, sent.up, sent.began, at)


def _monitor(identity: str, number: int, scene: Scene) -> Monitor:
    return Monitor(
        id=identity,
        name=f"monitor {number}",
        check=HttpCheck(url=f"https://host{number}.example.com/"),
        interval=scene.interval,
        timeout=scene.timeout,
        max_retries=scene.max_retries,
    )


def _beliefs(memory: Memory) -> Mapping[str, Beliefs]:
    beliefs: dict[str, Beliefs] = defaultdict(Beliefs)
    for transition, known in zip(memory.transitions, memory.known, strict=True):
        if transition.belief_to is not transition.belief_from:
            began = known - (transition.known - transition.at)  # its clock may have been set
            beliefs[transition.monitor].turn(transition.belief_to is Belief.DOWN, began, known)
    return beliefs
