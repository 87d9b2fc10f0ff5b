"""A monitor, its nodes and a clock to set, for tests of the judge."""

from __future__ import annotations

from msgspec.structs import replace

from uptop_core import HttpCheck, Monitor, Reason, Vote
from uptop_core.constants import TimeConstants
from uptop_core.outcomes import FailedCondition
from uptop_leader.ballots import Rules, take_vote
from uptop_leader.incidents import Transition
from uptop_leader.judge import judge
from uptop_leader.nodes import Standing
from uptop_leader.states import Belief, MonitorState, Status, fresh_state

START = 1_000_000.0
HERE = Standing(live=True, offline=False, left=False)
OFFLINE = Standing(live=False, offline=True, left=False)
LEFT = Standing(live=False, offline=True, left=True)


def monitor(**settings: object) -> Monitor:
    """An http monitor at 60 s."""
    check = HttpCheck(url="https://example.com")
    facts: dict[str, object] = {"id": "m", "name": "API", "check": check, **settings}
    return Monitor(**facts)  # type: ignore[arg-type]  # by name, as the tests write them


class Court:
    """Votes come in one by one; the judge is asked after each, as the engine does."""

    def __init__(self, nodes: str = "abc", strategy: str = "any-down", **settings: object) -> None:
        self.monitor = monitor(**settings)
        self.nodes = tuple(nodes)
        self.standings = dict.fromkeys(self.nodes, HERE)
        self.rules = Rules(constants=TimeConstants(), strategy=strategy)
        self.now = START
        self.state: MonitorState = fresh_state("m", START)
        self.transitions: list[Transition] = []
        self.due: float | None = None
        self.breaches: list[str] = []

    def vote(
        self, node: str, up: bool = True, *, answers: bool = False, reason: Reason | None = None,
        soft: bool = False, age: float = 0.0, proof: str | None = None,
    ) -> None:  # fmt: skip
        """A vote that was observed just now, or `age` seconds ago."""
        run = self.state.run
        vote = Vote(
            node=node,
            observed=self.now - age,
            up=up,
            reason=reason or (None if up else Reason.TIMEOUT),
            proof=proof,
            isolated=proof == "none",
            recheck=run.recheck if answers and run is not None else None,
            failed=(FailedCondition("latency < 1ms", "5 ms", soft=True),) if soft else (),
        )
        self.state, turned = take_vote(self.state, vote)
        self.judge(turned=turned)

    def answer(self, **ups: bool) -> None:
        """Each named node answers the open recheck."""
        for node, up in ups.items():
            self.now += 0.2
            self.vote(node, up, answers=True)

    def judge(self, *, turned: bool = False) -> None:
        """Ask the judge now."""
        done = judge(
            self.monitor,
            self.state,
            self.nodes,
            self.standings,
            self.rules,
            self.now,
            turned=turned,
        )
        self.state, self.due = done.state, done.due
        if done.breach is not None:
            self.breaches.append(done.breach.invariant)
        if done.transition is not None:
            self.transitions.append(done.transition)

    def wait(self, seconds: float) -> None:
        """Let time pass; the judge is asked whenever it said it wants to be."""
        end = self.now + seconds
        while self.due is not None and self.due <= end:
            self.now = max(self.now + 0.01, self.due)
            self.judge()
        self.now = max(end, self.now)
        self.judge()

    def all_up(self) -> None:
        """Everybody sees it up."""
        for node in self.nodes:
            self.vote(node)

    def set(self, **settings: object) -> None:
        """Change the monitor."""
        self.monitor = replace(self.monitor, **settings)

    def believes(self, belief: Belief) -> bool:
        """Whether that is believed now."""
        return self.state.belief is belief

    def shows(self, status: Status) -> bool:
        """Whether that is shown now."""
        return self.state.status is status

    def is_rechecking(self) -> bool:
        """Whether a run is open."""
        return self.state.run is not None

    def round(self) -> int:
        """The number of the current round; 0 without one."""
        return self.state.run.round if self.state.run is not None else 0

    @property
    def told(self) -> list[str]:
        """The statuses it went through."""
        return [transition.status_to.value for transition in self.transitions]
