"""Which nodes are lost, see what nobody else sees, or are blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from uptop_core.checks.http import HttpCheck
from uptop_core.constants import TimeConstants
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.changes import StoredResult
from uptop_leader.nodes import Node, Troubles, standing
from uptop_leader.sick_nodes import News, RecentResults, Scene, examine, is_left_alone
from uptop_leader.states import MonitorState, fresh_state

if TYPE_CHECKING:
    from collections.abc import Mapping

START = 1_000_000.0
CONSTANTS = TimeConstants()


def node(name: str, **facts: object) -> Node:
    """A node that was heard just now."""
    known = Node(id=name, name=name, region="", rank=0, joined=START, heard=START)
    return replace(known, **facts)


class Stage:
    """Monitors of so many hosts, looked at by nodes a, b and c; the first says what it sees."""

    def __init__(self, monitors: int = 6, hosts: int = 6, nodes: str = "abc") -> None:
        self.now = START
        self.nodes = {name: node(name) for name in nodes}
        self.monitors = {
            f"m{n}": Monitor(
                id=f"m{n}", name=f"M{n}", check=HttpCheck(url=f"https://h{n % hosts}.example")
            )
            for n in range(monitors)
        }
        self.votes: dict[str, dict[str, Vote]] = {monitor: {} for monitor in self.monitors}
        self.recent = RecentResults()
        self.since = START - 1000
        self.unknown: dict[str, float] = {}

    def vote(
        self, who: str, monitor: str, up: bool = True, *, at: float = 0.0,
        reason: Reason = Reason.TIMEOUT, isolated: bool = False,
    ) -> None:  # fmt: skip
        """A result `at` seconds from the start, with its vote."""
        why = None if up else reason
        self.votes[monitor][who] = Vote(
            node=who, observed=START + at, up=up, reason=why, isolated=isolated
        )
        stored = StoredResult(
            monitor=monitor, node=who, observed=START + at, latency_ns=1, reason=why
        )
        self.recent.note([stored], max(self.now, START + at))

    def all_see(self, who: str, up: bool = True, **facts: object) -> None:
        """Each of these nodes votes the same on all monitors."""
        for one in who:
            for monitor in self.monitors:
                self.vote(one, monitor, up, **facts)  # type: ignore[arg-type]  # by name

    def scene(self, at: float = 0.0) -> Scene:
        self.now = START + at
        nodes = self.nodes.values()
        return Scene(
            monitors=self.monitors,
            states={monitor: self.state(monitor) for monitor in self.monitors},
            assigned={monitor: tuple(self.nodes) for monitor in self.monitors},
            standings={one.id: standing(one, CONSTANTS, self.since, self.now) for one in nodes},
            recent=self.recent,
            constants=CONSTANTS,
            since=self.since,
            now=self.now,
        )

    def state(self, monitor: str) -> MonitorState:
        return replace(
            fresh_state(monitor, START),
            votes=self.votes[monitor],
            unknown_since=self.unknown.get(monitor),
        )

    def examine(self, who: str = "a", at: float = 0.0) -> News | None:
        """Examine a node, which keeps the troubles that are found."""
        troubles, news = examine(self.nodes[who], self.scene(at))
        self.nodes[who] = replace(self.nodes[who], troubles=troubles)
        return news

    def is_alone(self, monitor: str, at: float) -> bool:
        return is_left_alone(
            self.monitors[monitor], self.state(monitor), self.nodes, self.scene(at)
        )


# Lost.


def test_a_node_unheard_for_two_minutes_is_told_once() -> None:
    stage = Stage()
    assert stage.examine(at=119) is None
    assert stage.examine(at=120) == News(node="a", event="node_offline", since=START)
    assert stage.examine(at=200) is None


def test_it_is_told_when_it_is_heard_again_and_not_before() -> None:
    stage = Stage()
    stage.examine(at=120)
    stage.since = START + 300  # a restart: silence counts from then, but nobody was heard
    assert stage.examine(at=310) is None
    stage.nodes["a"] = replace(stage.nodes["a"], heard=START + 400)
    back = News(node="a", event="node_online", since=START, until=START + 400)
    assert stage.examine(at=400) == back
    assert stage.examine(at=401) is None


def test_a_node_that_said_it_stops_is_not_missed() -> None:
    stage = Stage()
    stage.nodes["a"] = node("a", stopping=True)
    assert stage.examine(at=500) is None


def test_silence_from_before_this_leader_listened_does_not_count() -> None:
    stage = Stage()
    stage.since = START + 100
    assert stage.examine(at=219) is None
    assert stage.examine(at=220) is not None


def test_the_leader_itself_is_never_lost() -> None:
    stage = Stage()
    stage.nodes["a"] = node("a", own=True)
    assert stage.examine(at=500) is None


# The odd one out.


def test_what_fails_for_one_and_is_seen_up_by_two_makes_it_the_odd_one() -> None:
    stage = Stage()
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    news = stage.examine(at=3)
    assert news is not None
    assert (news.event, news.since, news.reasons) == ("odd_one", START + 1, {Reason.TIMEOUT: 6})
    assert set(news.monitors) == set(stage.monitors)
    assert stage.examine(at=4) is None
    assert stage.nodes["a"].troubles.odd == START + 1


@pytest.mark.parametrize(
    "facts",
    [
        {"monitors": 4, "hosts": 4},
        {"monitors": 6, "hosts": 2},
        {"nodes": "ab"},
    ],
    ids=["four results", "two hosts", "one witness"],
)
def test_it_takes_five_results_three_hosts_and_two_others(facts: Mapping[str, object]) -> None:
    stage = Stage(**facts)  # type: ignore[arg-type]  # by name
    stage.all_see("a", up=False, at=1)
    stage.all_see("".join(stage.nodes).replace("a", ""), at=2)
    assert stage.examine(at=3) is None


def test_half_of_its_results_is_not_more_than_half() -> None:
    stage = Stage(monitors=12, hosts=12)
    for n in range(12):
        stage.vote("a", f"m{n}", up=n % 2 == 0, at=1)
    stage.all_see("bc", at=2)
    assert stage.examine(at=3) is None
    stage.vote("a", "m1", up=False, at=1.5)
    assert stage.examine(at=3) is not None


def test_what_others_saw_before_says_nothing() -> None:
    stage = Stage()
    stage.all_see("bc", at=0)
    stage.all_see("a", up=False, at=1)
    assert stage.examine(at=3) is None


def test_what_an_offline_node_saw_says_nothing() -> None:
    stage = Stage()
    stage.nodes["c"] = node("c", heard=START - 100)
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    assert stage.examine(at=3) is None


def test_results_older_than_half_a_minute_say_nothing() -> None:
    stage = Stage()
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    assert stage.examine(at=31.5) is None


def test_our_own_faults_make_nobody_odd() -> None:
    stage = Stage()
    stage.all_see("a", up=False, at=1, reason=Reason.INTERNAL_ERROR)
    stage.all_see("bc", at=2)
    assert stage.examine(at=3) is None


def test_it_is_well_again_when_it_is_alone_with_hardly_a_vote() -> None:
    stage = Stage(monitors=10, hosts=10)
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    stage.examine(at=3)
    for n in range(7):
        stage.vote("a", f"m{n}", at=40)
    assert stage.examine(at=41) is None
    assert stage.nodes["a"].troubles.odd is not None
    stage.vote("a", "m7", at=42)
    assert stage.examine(at=43) is None
    assert stage.nodes["a"].troubles == Troubles()


def test_it_stays_odd_while_its_new_failures_wait_for_the_others() -> None:
    stage = Stage()
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    stage.examine(at=3)
    stage.all_see("a", up=False, at=10)
    assert stage.examine(at=11) is None
    assert stage.nodes["a"].troubles.odd == START + 1


def test_what_another_sees_down_too_does_not_keep_it_odd() -> None:
    stage = Stage()
    stage.all_see("a", up=False, at=1)
    stage.all_see("bc", at=2)
    stage.examine(at=3)
    stage.all_see("ab", up=False, at=40)
    stage.examine(at=41)
    assert stage.nodes["a"].troubles == Troubles()


# Blind.


def blind_stage() -> Stage:
    stage = Stage(nodes="a")
    stage.nodes["a"] = node("a", own=True)
    stage.all_see("a", at=-60)
    return stage


def test_a_leader_that_sees_nothing_but_unproved_failures_is_blind_until_it_sees() -> None:
    stage = blind_stage()
    for n in range(4):
        stage.vote("a", f"m{n}", up=False, at=1 + n, isolated=True)
    assert stage.examine(at=6) is None
    assert stage.nodes["a"].troubles.blind == START + 1
    assert stage.examine(at=7) is None
    stage.vote("a", "m0", at=90)
    over = News(node="a", event="blind", since=START + 1, until=START + 90)
    assert stage.examine(at=91) == over
    assert stage.examine(at=92) is None
    assert stage.nodes["a"].troubles.blind is None


def test_two_hosts_do_not_make_it_blind() -> None:
    stage = Stage(monitors=6, hosts=2, nodes="a")
    stage.nodes["a"] = node("a", own=True)
    stage.all_see("a", up=False, at=1, isolated=True)
    stage.examine(at=2)
    assert stage.nodes["a"].troubles == Troubles()


def test_whoever_sees_anything_else_is_not_blind() -> None:
    stage = blind_stage()
    for n in range(4):
        stage.vote("a", f"m{n}", up=False, at=1 + n, isolated=True)
    stage.vote("a", "m5", up=False, at=4.5, reason=Reason.CONNECT_REFUSED)
    stage.examine(at=6)
    assert stage.nodes["a"].troubles == Troubles()


def test_faults_of_our_own_are_no_sight() -> None:
    stage = blind_stage()
    for n in range(4):
        stage.vote("a", f"m{n}", up=False, at=1 + n, isolated=True)
    stage.vote("a", "m5", up=False, at=4.5, reason=Reason.INTERNAL_ERROR)
    stage.examine(at=6)
    assert stage.nodes["a"].troubles.blind is not None


def test_a_probe_is_not_called_blind() -> None:
    stage = Stage(nodes="a")
    stage.all_see("a", up=False, at=1, isolated=True)
    assert stage.examine(at=2) is None
    assert stage.nodes["a"].troubles == Troubles()


# Whose monitors are left alone.


def test_a_monitor_is_left_alone_when_all_its_nodes_are_lost() -> None:
    stage = Stage(nodes="ab")
    stage.unknown["m0"] = START + 60
    assert stage.is_alone("m0", at=200)
    stage.nodes["b"] = node("b", heard=START + 190)
    assert not stage.is_alone("m0", at=200)
    stage.monitors["m0"] = replace(stage.monitors["m0"], min_votes=2)
    assert stage.is_alone("m0", at=200)


@pytest.mark.parametrize("unknown", [None, START - 10, START + 301])
def test_what_is_unknown_for_another_reason_is_not_told_with_the_node(
    unknown: float | None,
) -> None:
    stage = Stage(nodes="a")
    if unknown is not None:
        stage.unknown["m0"] = unknown
    assert not stage.is_alone("m0", at=400)


def test_the_monitors_of_a_blind_leader_are_left_alone() -> None:
    stage = blind_stage()
    stage.nodes["a"] = node("a", own=True, troubles=Troubles(blind=START))
    stage.unknown["m0"] = START + 5
    assert stage.is_alone("m0", at=400)
