"""Step 1: who runs what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.assign import assign, assignment, may_run
from uptop_leader.nodes import Node

START = 1_000_000.0


def node(name: str, rank: int, region: str = "", **facts: Any) -> Node:
    return Node(id=name, name=name, region=region, rank=rank, joined=START, heard=START, **facts)


def watched(**settings: Any) -> Monitor:
    facts: dict[str, Any] = {"check": HttpCheck(url="https://example.com"), **settings}
    return Monitor(id="m", name="API", **facts)


OWN = node("leader", 0, "home", own=True)
EU, US, NOWHERE = node("eu", 1, "eu"), node("us", 2, "us"), node("nowhere", 3)


def given_to(
    monitor: Monitor,
    probes: list[Node],
    mode: str = "never",
    heard: str = "eu us nowhere",
    voted: str = "",
    is_own_now: bool = False,
) -> tuple[str, ...]:
    return assign(
        monitor, probes, OWN, mode=mode, heard=heard.split(), voted=voted.split(),
        is_own_now=is_own_now,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("regions", "nodes"),
    [
        ((), ("eu", "us", "nowhere")),
        (("eu",), ("eu",)),
        (("eu", "us"), ("eu", "us")),
        (("asia",), ()),
    ],
)
def test_regions_choose_the_probes(regions: tuple[str, ...], nodes: tuple[str, ...]) -> None:
    assert given_to(watched(regions=regions), [EU, US, NOWHERE]) == nodes


def test_a_region_is_known_in_any_case() -> None:
    assert may_run(node("p", 1, "EU"), watched(regions=("eu",)))


def test_a_probe_is_given_only_kinds_that_it_knows() -> None:
    assert not may_run(node("p", 1, kinds=("ping",)), watched())
    assert may_run(node("p", 1, kinds=("ping", "http")), watched())
    assert may_run(node("p", 1), watched())


@pytest.mark.parametrize(
    "monitor",
    [watched(paused=True), watched(check=GroupCheck()), watched(check=PushCheck(token="t"))],
)
def test_nobody_runs_what_is_paused_or_judged_by_the_leader(monitor: Monitor) -> None:
    assert given_to(monitor, [EU], "always") == ()


@pytest.mark.parametrize(
    ("mode", "heard", "voted", "is_own_now", "is_own"),
    [
        ("always", "eu", "eu", True, True),
        ("never", "", "", True, False),
        ("auto", "", "", False, True),
        ("auto", "eu", "", False, False),
        ("auto", "eu", "", True, True),
        ("auto", "eu", "eu", True, False),
        ("auto", "", "eu", True, True),
        ("auto", "us", "us", True, True),
    ],
)
def test_when_the_leader_checks_itself(
    mode: str, heard: str, voted: str, is_own_now: bool, is_own: bool
) -> None:
    monitor = watched(regions=("eu", "home"))
    nodes = given_to(monitor, [EU, US], mode, heard, voted, is_own_now)
    assert ("leader" in nodes) == is_own


def test_the_leader_never_checks_what_its_region_excludes() -> None:
    for mode in ("always", "auto"):
        assert given_to(watched(regions=("eu",)), [], mode, heard="") == ()


@given(st.integers(1, 12), st.sampled_from(("always", "auto", "never")))
def test_a_joining_probe_moves_nobody_elses_phase(number: int, mode: str) -> None:
    probes = [node(f"p{rank}", rank) for rank in range(1, number + 2)]
    phases = []
    for some in (probes[:-1], probes):
        nodes = given_to(watched(), some, mode, heard="p1")
        phases.append({one: assignment(watched(), one, nodes, soon=False).phase for one in nodes})
    before, after = phases
    assert {one: after[one] for one in before} == before
    assert len(set(after.values())) == len(after)


def test_the_leaders_own_turn_moves_no_probe() -> None:
    nodes = [given_to(watched(), [EU, US], "auto", heard) for heard in ("", "eu")]
    assert nodes == [("eu", "us", "leader"), ("eu", "us")]


def test_an_assignment_holds_what_the_node_needs() -> None:
    monitor = watched(interval=30.0, keep_body=True)
    made = assignment(monitor, "eu", ("us", "eu"), soon=True)
    assert (made.id, made.check, made.interval) == ("m", monitor.check, 30.0)
    assert made.timeout == monitor.effective_timeout
    assert made.soon
    assert made.keep_body
