"""Which nodes are lost, and which see what nobody else sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.wards import START, Stage, node
from uptop_core.outcomes import Reason
from uptop_leader.nodes import Troubles
from uptop_leader.sick_nodes import News

if TYPE_CHECKING:
    from collections.abc import Mapping

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
