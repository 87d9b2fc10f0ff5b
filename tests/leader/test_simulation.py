"""The scripted worlds, small: `hatch run simulate` lets them run for longer and with more seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.goals import DETECTION, broken
from tests.simulation.leaders import SPOILT
from tests.simulation.naive import NAIVE
from tests.simulation.runs import Run, run
from tests.simulation.scales import Scale
from tests.simulation.scoring import Score, middle
from tests.simulation.worlds import NOBODY_PROMISED, WORLDS

SMALL = Scale(monitors=6, hours=0.5)
CROWDED = Scale(monitors=24, hours=0.5, slots=3)
SEEDS = (1, 2, 3)


def small(world: str, strategy: str, seed: int, *, naive: bool = False, spoilt: str = "") -> Run:
    scale = CROWDED if world == "99 black-holed" else SMALL
    return run(world, strategy, seed, scale, naive=naive, spoilt=spoilt)


def in_all_seeds(world: str, strategy: str) -> Score:
    total = Score()
    for seed in SEEDS:
        total.add(small(world, strategy, seed).score)
    return total


@pytest.mark.parametrize("world", WORLDS)
def test_majority_down_says_nothing_false_and_misses_nothing(world: str) -> None:
    score = in_all_seeds(world, "majority-down")
    assert list(broken(world, "majority-down", score)) == [], score.findings
    assert score.outages or world in ("all well", "blind leader", "leader suspended")


@pytest.mark.parametrize("world", [world for world in WORLDS if world not in NOBODY_PROMISED])
def test_any_down_gives_no_false_alarm_without_loss_or_lies(world: str) -> None:
    score = in_all_seeds(world, "any-down")
    assert list(broken(world, "any-down", score)) == [], score.findings


def test_a_region_that_is_down_is_an_outage_for_any_down_alone() -> None:
    outages = {
        strategy: small("region down", strategy, 1).score.outages
        for strategy in ("any-down", "majority-down")
    }
    assert outages["any-down"] > outages["majority-down"]


@pytest.mark.parametrize(
    ("world", "rule"),
    [
        ("loss 20 %", "last result wins"),
        ("liar", "any-down, no freshness"),
        ("no DNS", "3 in a row, one place"),
        ("region down", "retries over all nodes"),
        ("broken node", "last result wins"),
        ("node suspended", "any-down, no freshness"),
        ("silent nodes", "3 in a row, one place"),
    ],
)
def test_each_naive_rule_is_fooled_where_the_judge_is_not(world: str, rule: str) -> None:
    done = small(world, "majority-down", 1, naive=True)
    assert done.score.is_right
    assert not done.naive[rule].is_right


@pytest.mark.parametrize(
    ("world", "spoilt"),
    [
        ("leader suspended", "undated"),
        ("leader's clock set", "jumping clock"),
        ("leader steps in", "never steps in"),
    ],
)
def test_a_leader_that_gets_it_wrong_is_found_out(world: str, spoilt: str) -> None:
    assert spoilt in SPOILT
    assert small(world, "majority-down", 1).score.is_right
    assert not small(world, "majority-down", 1, spoilt=spoilt).score.is_right


def test_a_seed_gives_the_same_story_again() -> None:
    one, other = (small("coming and going", "any-down", 5) for _ in range(2))
    assert one.story == other.story
    assert one.score == other.score


@pytest.mark.parametrize(("nodes", "interval"), DETECTION)
def test_an_outage_is_known_as_soon_as_promised(nodes: int, interval: float) -> None:
    scale = Scale(nodes=nodes, interval=interval, monitors=6, hours=0.75)
    found = [
        seconds
        for seed in SEEDS
        for seconds in run("one down", "majority-down", seed, scale).score.detected_s
    ]
    median = middle(found)
    assert median is not None
    assert median <= DETECTION[nodes, interval]


def test_every_world_and_rule_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "truth.md").read_text()
    assert [name for name in (*WORLDS, *(rule.name for rule in NAIVE)) if name not in page] == []
