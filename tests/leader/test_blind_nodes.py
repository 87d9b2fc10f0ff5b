"""When the leader is blind, and whose monitors nobody sees any more."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.leader.wards import START, Stage, node
from uptop_core.outcomes import Reason
from uptop_leader.nodes import Troubles
from uptop_leader.sick_nodes import News

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
    for n in (0, 1, 2):
        assert stage.examine(at=89 + n) is None
        stage.vote("a", f"m{n}", at=90 + n)
    over = News(node="a", event="blind", since=START + 1, until=START + 90)
    assert stage.examine(at=93) == over
    assert stage.examine(at=94) is None
    assert stage.nodes["a"].troubles.blind is None


def test_a_lucky_look_does_not_end_it_but_whatever_is_looked_at_does() -> None:
    stage = blind_stage()
    for n in range(4):
        stage.vote("a", f"m{n}", up=False, at=1 + n, isolated=True)
    stage.examine(at=6)
    stage.vote("a", "m0", at=60)
    stage.vote("a", "m1", at=61)
    assert stage.examine(at=62) is None
    stage.votes["m2"], stage.votes["m3"] = {}, {}
    news = stage.examine(at=63)
    assert news is not None
    assert news.until == START + 60


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
    stage.unknown["m0"] = stage.unknown["m1"] = START - 5
    stage.vote("a", "m0", up=False, isolated=True)
    assert stage.is_alone("m0", at=400)
    assert not stage.is_alone("m1", at=400)
