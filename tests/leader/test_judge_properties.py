"""Steps 7 to 9: what holds of the judge whatever comes, in whatever order."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.leader.courts import HERE, START, monitor
from tests.simulation.clockwork import EPOCH, Clockwork
from tests.simulation.leaders import SimulatedLeader
from uptop_core.constants import TimeConstants
from uptop_core.outcomes import Reason
from uptop_core.verdicts import Tally, Verdict, decide
from uptop_core.votes import Vote, fresh_for
from uptop_core.wire import Registration, ResultsBatch, WireResult
from uptop_leader.ballots import Rules, count_votes, has_turned, take_vote, verdict_now
from uptop_leader.inputs import Register
from uptop_leader.judge import Judged, judge
from uptop_leader.reports import Report
from uptop_leader.states import Belief, MonitorState, Run, fresh_state

STRATEGIES = ("any-down", "majority-down", "all-down")
NODES = "abcd"
NOW = START + 200
MONITORS = [
    monitor(id="m1", name="one"),
    monitor(id="m2", name="two", interval=20.0, retry_interval=2.0),
]

strategy_names = st.sampled_from(STRATEGIES)
beliefs = st.sampled_from(list(Belief))


def vote_of(node: str, half_seconds: int, says: str) -> Vote:
    reasons = {"up": None, "broken": Reason.INTERNAL_ERROR}
    return Vote(
        node=node,
        observed=START + half_seconds / 2,
        up=says == "up",
        reason=reasons.get(says, Reason.TIMEOUT),
        proof={"isolated": "none", "weak": "leader"}.get(says),
        isolated=says == "isolated",
    )


def votes(*says: str) -> st.SearchStrategy[list[Vote]]:
    """Votes of which no two of one node began at the same moment."""
    one = st.builds(vote_of, st.sampled_from(NODES), st.integers(0, 400), st.sampled_from(says))
    return st.lists(one, max_size=12, unique_by=lambda vote: (vote.node, vote.observed))


def taken(given_votes: list[Vote], belief: Belief) -> MonitorState:
    state = replace(fresh_state("m", START), belief=belief)
    for vote in given_votes:
        state, _ = take_vote(state, vote)
    return state


def judged(state: MonitorState, given_votes: list[Vote], strategy: str) -> Judged:
    """What is believed once all these votes have come, within one pass."""
    before = state
    for vote in given_votes:
        state, _ = take_vote(state, vote)
    rules = Rules(constants=TimeConstants(), strategy=strategy)
    standings = dict.fromkeys(NODES, HERE)
    turned = has_turned(before, state)
    return judge(monitor(), state, NODES, standings, rules, NOW, turned=turned)


def verdicts(state: MonitorState, strategy: str) -> tuple[Verdict, Verdict]:
    """By the votes alone, and with what silence may not recover."""
    rules = Rules(constants=TimeConstants(), strategy=strategy)
    standings = dict.fromkeys(NODES, HERE)
    count = count_votes(monitor(), state, NODES, standings, rules, NOW)
    return count.verdict(), verdict_now(count, state)


@given(votes("up", "down", "weak", "isolated", "broken"), beliefs, strategy_names, st.data())
def test_the_verdict_does_not_depend_on_the_order_in_which_anything_arrives(
    given_votes: list[Vote], belief: Belief, strategy: str, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(given_votes))
    one, other = (verdicts(taken(some, belief), strategy) for some in (given_votes, shuffled))
    assert one[0] is other[0]


@given(
    votes("up", "down", "weak", "isolated", "broken"), beliefs, strategy_names, st.booleans(),
    st.data(),
)  # fmt: skip
def test_nor_does_what_is_made_of_it(
    given_votes: list[Vote], belief: Belief, strategy: str, is_open: bool, data: st.DataObject
) -> None:
    """Who accused, what silence may recover, whether a run opens and whom it counts as accusers."""
    shuffled = data.draw(st.permutations(given_votes))
    state = replace(
        fresh_state("m", START),
        belief=belief,
        run=Run(id="m.1", opened=START, first=START, began=START, asked=True) if is_open else None,
    )
    assert judged(state, given_votes, strategy) == judged(state, shuffled, strategy)


@given(votes("up", "down"), st.sampled_from(("isolated", "broken")), strategy_names)
def test_a_node_that_abstains_changes_nothing_but_the_quorum(
    given_votes: list[Vote], says: str, strategy: str
) -> None:
    others = taken([vote for vote in given_votes if vote.node != "a"], Belief.UP)
    fallen_silent, _ = take_vote(taken(given_votes, Belief.UP), vote_of("a", 401, says))
    without, with_it = (verdicts(state, strategy)[0] for state in (others, fallen_silent))
    oldest = NOW - fresh_for(monitor())
    heard = [vote for vote in others.votes.values() if vote.observed >= oldest]
    down = sum(not vote.up for vote in heard)
    expected = len(fallen_silent.electors)
    assert with_it is decide(Tally(expected, len(heard), down), strategy)
    assert with_it in (without, Verdict.UNKNOWN)


class Play:
    """A leader without a disk, and three nodes whose words are made up."""

    def __init__(self, strategy: str) -> None:
        self.clockwork = Clockwork()
        self.leader = SimulatedLeader(MONITORS, strategy, "never", self.clockwork, lambda _: None)
        self.leader.start(0.0)
        self.seqs = dict.fromkeys("abc", 0)
        self.sent: list[tuple[str, list[tuple[WireResult, float]]]] = []
        for node in "abc":
            self.leader.take(Register(Registration(id=node, instance="i"), ""), 0.0)
        self.clockwork.run(1.0)

    @property
    def now(self) -> float:
        return self.clockwork.now

    def say(self, node: str, says: dict[str, str], *, answers: bool, late: float = 0.0) -> None:
        """The node reports what it sees of some monitors, perhaps as answers to rechecks."""
        asked = {one.monitor_id: one.id for one in self.leader.world.orders.rechecks_of(node)}
        results = []
        for name, word in says.items():
            self.seqs[node] += 1
            result = WireResult(
                monitor_id=name, is_up=word == "up", reason=None if word == "up" else word, proof="host",
                seq=self.seqs[node], recheck=asked.get(name) if answers else None,
            )  # fmt: skip
            results.append((result, self.now - late))
        self.sent.append((node, results))
        self.send(node, results)

    def send(self, node: str, results: list[tuple[WireResult, float]]) -> object:
        encoded = tuple(
            msgspec.Raw(
                msgspec.json.encode(replace(result, age_ms=round((self.now - began) * 1000)))
            )
            for result, began in results
        )
        batch = ResultsBatch(node_id=node, results=encoded, instance="i")
        return self.leader.take(Report(batch, EPOCH + self.now), self.now)

    def send_all_again(self) -> None:
        """Everything once more, as after lost acknowledgements."""
        for node, results in self.sent:
            self.send(node, results)

    def wait(self, seconds: float) -> None:
        self.clockwork.run(self.now + seconds)

    def step(self, move: tuple[str, dict[str, str], bool, float, float]) -> None:
        node, says, answers, late, pause = move
        self.say(node, says, answers=answers, late=late)
        self.wait(pause)

    def written(self) -> tuple[Any, ...]:
        memory = self.leader.memory
        return (
            memory.states, memory.incidents, memory.transitions, memory.notifications,
            self.leader.world.states,
            {key: ledger.ranges for key, ledger in memory.ledgers.items()},
        )  # fmt: skip

    def is_rechecking(self) -> bool:
        return any(state.run is not None for state in self.leader.world.states.values())


words = st.sampled_from(("up", "up", "timeout", "timeout", "internal_error"))
moves = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.dictionaries(st.sampled_from(("m1", "m2")), words, min_size=1),
        st.booleans(),
        st.sampled_from((0.0, 0.0, 3.0, 40.0, 200.0)),
        st.sampled_from((0.0, 0.2, 1.0, 6.0, 30.0, 90.0)),
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(moves, strategy_names, st.data())
def test_replaying_any_prefix_of_the_input_twice_gives_the_same_states(
    played: list[tuple[str, dict[str, str], bool, float, float]],
    strategy: str,
    data: st.DataObject,
) -> None:
    once, twice = Play(strategy), Play(strategy)
    repeats = data.draw(st.lists(st.booleans(), min_size=len(played), max_size=len(played)))
    for move, is_repeated in zip(played, repeats, strict=True):
        for play in (once, twice):
            play.step(move)
            if is_repeated:
                # Both hear the nodes again, so that only the results can make a difference.
                for node in "abc":
                    play.send(node, [])
        if is_repeated:
            twice.send_all_again()
        assert once.written() == twice.written()


@settings(max_examples=40, deadline=None)
@given(moves, strategy_names)
def test_what_is_written_is_what_is_held(
    played: list[tuple[str, dict[str, str], bool, float, float]], strategy: str
) -> None:
    play = Play(strategy)
    for move in played:
        play.step(move)
        assert play.leader.memory.states == play.leader.world.states


@settings(max_examples=40, deadline=None)
@given(moves, strategy_names, st.booleans(), st.sampled_from((None, 3, 7)))
def test_no_interleaving_of_rounds_hangs(
    played: list[tuple[str, dict[str, str], bool, float, float]],
    strategy: str,
    up: bool,
    restart: int | None,
) -> None:
    play = Play(strategy)
    for number, move in enumerate(played):
        if number == restart:
            play.leader.stop(play.now)
            play.leader.start(play.now)
        play.step(move)
    word = "up" if up else "timeout"
    for _ in range(60):  # from now on all tell the same, and answer what they are asked
        for node in "abc":
            play.say(node, {"m1": word, "m2": word}, answers=True)
        play.wait(5.0)
    assert not play.is_rechecking()
    assert {state.belief for state in play.leader.world.states.values()} == {
        Belief.UP if up else Belief.DOWN
    }
