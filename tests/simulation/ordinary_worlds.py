"""Scripted worlds of targets, lines and nodes, one function each; its docstring is what the table
says of it.

Events come once in every two hours. Unless a world is about something else, some targets have an
ordinary outage too, so that seeing through a fault is not had by seeing nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.simulation.scales import (
    QUIET_S,
    REASONS,
    REST_S,
    Scale,
    World,
    listed_in,
    outages,
    usual,
)
from tests.simulation.scenes import Life, Scene
from tests.simulation.spans import Spans

if TYPE_CHECKING:
    from random import Random

_DARK_SHARE = 99 / 120

WORLDS: dict[str, World] = {}
world = listed_in(WORLDS)


@world("all well")
def _all_well(rng: Random, scale: Scale) -> Scene:
    """Nothing happens."""
    return scale.scene(scale.places(), scale.targets())


@world("one down")
def _one_down(rng: Random, scale: Scale) -> Scene:
    """Some targets are down for 7 min each."""
    targets = scale.targets()
    for target in targets[:5]:
        target.down = Spans(scale.once(rng, max(420.0, 2.5 * scale.interval)))
        target.reason = rng.choice(REASONS)
    return scale.scene(scale.places(), targets)


def _lossy(loss: float) -> World:
    def build(rng: Random, scale: Scale) -> Scene:
        places, targets = usual(scale, rng)
        places[-1].loss = loss
        return scale.scene(places, targets)

    build.__doc__ = f"At one node {loss:.0%} of the checks fail for nothing."
    return build


for _loss in (0.01, 0.05, 0.2):
    WORLDS[f"loss {_loss * 100:g} %"] = _lossy(_loss)


@world("no uplink")
def _no_uplink(rng: Random, scale: Scale) -> Scene:
    """One node reaches no target for an hour; with half of the seeds not the leader either."""
    places, targets = usual(scale, rng)
    places[-1].no_uplink = Spans(scale.once(rng, 3600.0))
    if rng.random() < 0.5:
        places[-1].cut = places[-1].no_uplink
    return scale.scene(places, targets)


@world("no DNS")
def _no_dns(rng: Random, scale: Scale) -> Scene:
    """One node can resolve no name for an hour, and reports all the same."""
    places, targets = usual(scale, rng)
    places[-1].no_dns = Spans(scale.once(rng, 3600.0))
    return scale.scene(places, targets)


@world("wrong clock")
def _wrong_clock(rng: Random, scale: Scale) -> Scene:
    """One node's clock is 90 s off, then steps right; some seeds' node gives no ages."""
    places, targets = usual(scale, rng)
    off = rng.choice((-90.0, 90.0))
    steps = next(scale.once(rng, 0.0))[0]
    places[-1].clock_s = lambda at: off if at < steps else 0.0
    places[-1].gives_age = rng.random() < 0.5
    return scale.scene(places, targets)


@world("leader away")
def _leader_away(rng: Random, scale: Scale) -> Scene:
    """The leader does not run for 10 min; some targets go down meanwhile."""
    places, targets = usual(scale, rng)
    away = Spans(scale.once(rng, 600.0))
    for target in targets[:2]:
        for start, end in away:
            begins = rng.uniform(start, end)
            target.down |= Spans([(begins, begins + rng.uniform(60.0, 600.0))])
    return scale.scene(places, targets, leader_away=away)


@world("leader cut off")
def _leader_cut_off(rng: Random, scale: Scale) -> Scene:
    """The leader does not hear half of the nodes (rounded down or up) for 20 min."""
    places, targets = usual(scale, rng)
    half = (scale.nodes + rng.choice((0, 1))) // 2
    cut = Spans(scale.once(rng, 1200.0))
    for place in rng.sample(places[1:], half):
        place.cut = cut
    return scale.scene(places, targets, checks="auto")


@world("region down")
def _region_down(rng: Random, scale: Scale) -> Scene:
    """A third of the targets cannot be reached from the 2 of 5 nodes of one region for 20 min; with
    half of the seeds the leader does not hear these nodes for 2 min of it."""
    places, targets = usual(scale, rng)
    south = places[-(scale.nodes * 2 // 5) :]
    span = Spans(scale.once(rng, 1200.0))
    sound = [target for target in targets if not target.down]
    for target in rng.sample(sound, max(1, len(targets) // 3)):
        target.beyond = {place.name: span for place in south}
        target.reason = rng.choice(REASONS)
    if rng.random() < 0.5:
        middle = [start + rng.uniform(0.3, 0.7) * (end - start) for start, end in span]
        for place in south:
            place.cut = Spans((moment, moment + 120.0) for moment in middle)
    return scale.scene(places, targets)


@world("everything down")
def _everything_down(rng: Random, scale: Scale) -> Scene:
    """All targets are black-holed for 10 min."""
    places, targets = scale.places(), scale.targets()
    span = Spans(scale.once(rng, 600.0))
    for target in targets:
        target.down = span
    return scale.scene(places, targets)


@world("flapping")
def _flapping(rng: Random, scale: Scale) -> Scene:
    """Two targets are down and up in turn, for 20 s to 4 min each."""
    places, targets = scale.places(), scale.targets()
    for target in targets[:2]:
        spans, at = [], QUIET_S
        while at < scale.hours * 3600.0 - REST_S:
            end = at + rng.uniform(20.0, 240.0)
            spans.append((at, end))
            at = end + rng.uniform(20.0, 240.0)
        target.down = Spans(spans)
        target.reason = rng.choice(REASONS)
    return scale.scene(places, targets)


@world("around the timeout")
def _around_the_timeout(rng: Random, scale: Scale) -> Scene:
    """Some targets take from 0.4 to 1.5 times the timeout; within 10 % of it either is right."""
    places, targets = scale.places(), scale.targets()
    for target in targets[:6]:
        length = scale.hours * 3600.0
        times = [600.0 * number for number in range(int(length // 600.0) + 2)]
        levels = [rng.choice((0.4, 0.85, 0.95, 1.0, 1.05, 1.15, 1.5)) for _ in times]
        levels[0] = 0.4
        spans = list(pairwise(times))
        target.down = Spans(s for s, level in zip(spans, levels, strict=False) if level > 1.1)
        target.either = Spans(
            s for s, level in zip(spans, levels, strict=False) if 0.9 <= level <= 1.1
        )
        target.latency = _steps(levels, scale.timeout)
    return scale.scene(places, targets)


def _steps(levels: list[float], timeout: float) -> Callable[[float], float]:
    return lambda at: timeout * levels[int(at // 600.0)]


@world("coming and going")
def _coming_and_going(rng: Random, scale: Scale) -> Scene:
    """Every minute one probe stops, one in four by a crash, and another one joins."""
    places, targets = scale.places(scale.nodes + 3), scale.targets()
    outages(scale, rng, targets)
    here, waiting = places[1 : scale.nodes + 1], places[scale.nodes + 1 :]
    for place in waiting:
        place.lives = []
    at = 240.0
    while at < scale.hours * 3600.0:
        leaving = here.pop(rng.randrange(len(here)))
        leaving.lives[-1].ends = at + rng.uniform(0.0, 30.0)
        leaving.lives[-1].says_goodbye = rng.random() < 0.75
        joining = waiting.pop(0)
        joining.lives.append(Life(at + rng.uniform(0.0, 30.0)))
        here.append(joining)
        waiting.append(leaving)
        at += 60.0
    return scale.scene(places, targets)


@world("liar")
def _liar(rng: Random, scale: Scale) -> Scene:
    """One node always says the opposite of what it sees."""
    places, targets = usual(scale, rng)
    places[-1].lies = True
    return scale.scene(places, targets)


@world("liar first")
def _liar_first(rng: Random, scale: Scale) -> Scene:
    """The same, and it is the first to be there: the others join within 3 s."""
    places, targets = usual(scale, rng)
    liar, others = places[1], places[2:]
    liar.lies = True
    for place in others:
        place.lives = [Life(rng.uniform(1.0, 3.0))]
    return scale.scene(places, targets)


@world("blind spot")
def _blind_spot(rng: Random, scale: Scale) -> Scene:
    """60 % of the hosts can never be reached from one node."""
    places, targets = usual(scale, rng)
    always = Spans([(0.0, scale.hours * 3600.0)])
    for target in rng.sample(targets, round(0.6 * len(targets))):
        target.beyond = {places[-1].name: always}
        target.reason = rng.choice(REASONS)
    return scale.scene(places, targets)


@world("two nodes")
def _two_nodes(rng: Random, scale: Scale) -> Scene:
    """Two probes and no more."""
    targets = scale.targets()
    outages(scale, rng, targets)
    return scale.scene(scale.places(2), targets)


@world("one node")
def _one_node(rng: Random, scale: Scale) -> Scene:
    """The leader alone runs every check."""
    targets = scale.targets()
    outages(scale, rng, targets)
    return scale.scene(scale.places(0), targets)


@world("99 black-holed")
def _black_holed(rng: Random, scale: Scale) -> Scene:
    """99 of 120 targets are black-holed at once for 10 min; every node has 10 slots."""
    targets = scale.targets(120)
    span = Spans(scale.once(rng, 600.0))
    for target in rng.sample(targets, round(_DARK_SHARE * len(targets))):
        target.down = span
    return scale.scene(scale.places(), targets)


@world("blind leader")
def _blind_leader(rng: Random, scale: Scale) -> Scene:
    """The leader alone runs every check, and its own line is cut for 15 min."""
    targets = scale.targets()
    outages(scale, rng, targets)
    places = scale.places(0)
    places[0].no_uplink = Spans(scale.once(rng, 900.0))
    return scale.scene(places, targets)


@world("two of three gone")
def _two_of_three_gone(rng: Random, scale: Scale) -> Scene:
    """Of three nodes two are out of the leader's reach for 4 min; the third cannot reach a third
    of the targets meanwhile."""
    places, targets = scale.places(3), scale.targets()
    outages(scale, rng, targets)
    span = Spans(scale.once(rng, 240.0))
    sound = [target for target in targets if not target.down]
    for target in rng.sample(sound, max(1, len(targets) // 3)):
        target.beyond = {places[1].name: Spans((start + 30.0, end) for start, end in span)}
        target.reason = rng.choice(REASONS)
    for place in places[2:]:
        place.cut = span
    return scale.scene(places, targets)
