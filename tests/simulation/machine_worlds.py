"""Scripted worlds of machines that stand still, vanish, fall silent or have strange clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.scales import Scale, World, listed_in, outages, usual
from tests.simulation.scenes import Life, Scene, Target
from tests.simulation.spans import Spans

if TYPE_CHECKING:
    from random import Random

WORLDS: dict[str, World] = {}
world = listed_in(WORLDS)


def _down_over_the_start(rng: Random, targets: list[Target], spans: Spans, after: float) -> None:
    """Two sound targets go down a few minutes before each span, and are up again in it: whoever
    keeps to what he was told before it, is wrong."""
    for target in [target for target in targets if not target.down][:2]:
        target.down = Spans(
            (start - rng.uniform(150.0, 240.0), start + rng.uniform(0.5, 1.0) * after)
            for start, _ in spans
        )


@world("node suspended")
def _node_suspended(rng: Random, scale: Scale) -> Scene:
    """One node's machine is suspended for 10 min, while targets that it saw down come up again."""
    places, targets = usual(scale, rng)
    places[-1].suspended = Spans(scale.once(rng, 600.0))
    _down_over_the_start(rng, targets, places[-1].suspended, 60.0)
    return scale.scene(places, targets)


@world("leader suspended")
def _leader_suspended(rng: Random, scale: Scale) -> Scene:
    """The leader's machine is suspended for 10 min; half of the targets are down when it begins and
    up when it is over, and what the nodes then said lies unread. One failing vote is enough here:
    no rounds (`max_retries: 0`)."""
    places, targets = usual(scale, rng)
    suspended = Spans(scale.once(rng, 600.0))
    sound = [target for target in targets if not target.down]
    for target in sound[: len(targets) // 2]:
        target.down = Spans((start - rng.uniform(0.0, 5.0), start + 60.0) for start, _ in suspended)
    places[0].suspended = suspended
    return scale.scene(places, targets, max_retries=0)


@world("leader steps in")
def _leader_steps_in(rng: Random, scale: Scale) -> Scene:
    """All probes vanish for 40 min, with half of the seeds without a word: the leader checks in
    their place, and hands back when they return."""
    places, targets = scale.places(), scale.targets()
    outages(scale, rng, targets)
    gone = list(scale.once(rng, 2400.0))
    says_goodbye = rng.random() < 0.5
    for target in targets[:3]:
        share = rng.uniform(0.6, 0.85)
        target.down |= Spans(
            (start + 0.4 * (end - start), start + share * (end - start)) for start, end in gone
        )
    for place in places[1:]:
        begins = [0.0, *(end + rng.uniform(0.0, 20.0) for _, end in gone)]
        ends = [*(start + rng.uniform(0.0, 5.0) for start, _ in gone), float("inf")]
        place.lives = [
            Life(begin, end, says_goodbye) for begin, end in zip(begins, ends, strict=True)
        ]
    return scale.scene(places, targets)


@world("silent nodes")
def _silent_nodes(rng: Random, scale: Scale) -> Scene:
    """Of 5 nodes two go on asking for work and bring no results for 30 min; what they saw last is
    over soon after."""
    places, targets = usual(scale, rng)
    mute = Spans(scale.once(rng, 1800.0))
    for place in rng.sample(places[1:], max(1, scale.nodes * 2 // 5)):
        place.mute = mute
    _down_over_the_start(rng, targets, mute, 60.0)
    return scale.scene(places, targets)


@world("broken node")
def _broken_node(rng: Random, scale: Scale) -> Scene:
    """Every check of one node ends in a fault of its own (`internal_error`) for an hour."""
    places, targets = usual(scale, rng)
    places[-1].broken = Spans(scale.once(rng, 3600.0))
    return scale.scene(places, targets)


@world("leader's clock set")
def _leaders_clock_set(rng: Random, scale: Scale) -> Scene:
    """The leader's wall clock is set an hour ahead or back; with half of the seeds its process
    starts again 10 min later, and its time jumps with that."""
    places, targets = usual(scale, rng)
    by = rng.choice((-3600.0, 3600.0))
    moment = next(scale.once(rng, 900.0))[0]
    for target in [target for target in targets if not target.down][:2]:
        begins = moment + rng.uniform(100.0, 200.0)
        target.down = Spans([(begins, begins + rng.uniform(150.0, 300.0))])
    again = moment + 600.0
    away = Spans([(again, again + 5.0)] if rng.random() < 0.5 else [])
    return scale.scene(
        places, targets, leader_away=away, leader_clock_s=lambda at: by if at >= moment else 0.0
    )
