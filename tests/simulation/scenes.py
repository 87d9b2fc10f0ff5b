"""A scripted world: targets that are up or down, places that look at them, and the truth.

What really happens to a target, and what a place can truly reach of it, is the truth. A place's own
faults (a lossy line, no uplink, no DNS, a lie) are not: they are what the judge has to see through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.simulation.spans import Spans
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from random import Random

NEVER = Spans()

TAKE_OVER_S = 60.0  # how long the leader waits for probes before it checks itself
QUICK_S = (0.02, 0.3)  # how long a target that answers takes, if nothing else is said


@dataclass
class Target:
    """One monitored host. `down` is when it is down for everybody, `reason` how that looks.

    `beyond` is when a place cannot reach it although it is up: the network between them is broken,
    which is true for that place. `either` is when both answers are right. `latency` gives how long
    an answer takes at a moment; None for the usual.
    """

    down: Spans = NEVER
    reason: Reason = Reason.TIMEOUT
    beyond: dict[str, Spans] = field(default_factory=dict)
    either: Spans = NEVER
    latency: Callable[[float], float] | None = None

    def seen_down(self, place: str) -> Spans:
        """When `place`, in good order, sees it down."""
        beyond = self.beyond.get(place)
        return self.down if beyond is None else self.down | beyond


@dataclass
class Life:
    """One start of a node's process, and how it ends: with a goodbye or in a crash."""

    begins: float
    ends: float = float("inf")
    says_goodbye: bool = True


@dataclass
class Place:
    """One node and its faults. `clock_s` is how far its clock is ahead at a moment (wall clock);
    `cut` when it cannot reach the leader; `no_uplink` when it can reach no target, `no_dns` when it
    can resolve no name; `loss` the share of its checks that fail for nothing; `lies` makes it
    report the opposite; `gives_age` is False for a node that says only what its clock shows.
    `suspended` is when its machine stands still, `mute` when it brings no results, though it asks
    for work, `broken` when its checks fail by a fault of its own."""

    name: str
    region: str = ""
    lives: list[Life] = field(default_factory=lambda: [Life(0.0)])
    clock_s: Callable[[float], float] = lambda _at: 0.0
    cut: Spans = NEVER
    no_uplink: Spans = NEVER
    no_dns: Spans = NEVER
    loss: float = 0.0
    lies: bool = False
    gives_age: bool = True
    suspended: Spans = NEVER
    mute: Spans = NEVER
    broken: Spans = NEVER
    own: bool = False


@dataclass
class Look:
    """What a check finds: how long it takes, and the reason if it is not up."""

    took: float
    reason: Reason | None = None


@dataclass
class Scene:
    """A world for some hours. Times are seconds from its start.

    `leader_away` is when the leader's process does not run, `leader_clock_s` how far its wall clock
    is ahead at a moment; its machine is that of its own place. `checks` is UPTOP_LEADER_CHECKS.
    `spoilt` names what its leader gets wrong on purpose, to show that the world can tell.
    """

    places: list[Place]
    targets: list[Target]
    interval: float = 60.0
    timeout: float = 5.0
    slots: int = 10
    leader_away: Spans = NEVER
    leader_clock_s: Callable[[float], float] | None = None
    checks: str = "auto"
    max_retries: int | None = None
    hours: float = 2.0
    spoilt: str = ""

    @property
    def length(self) -> float:
        """How long it lasts, in seconds."""
        return self.hours * 3600.0

    def look(self, place: Place, target: Target, at: float, rng: Random) -> Look:
        """What a check from `place` that begins at `at` reports."""
        if at in place.broken:
            return Look(rng.uniform(*QUICK_S), Reason.INTERNAL_ERROR)
        found = self._honest_look(place, target, at, rng)
        if any(at <= start < at + found.took for start, _ in place.suspended):
            return Look(self.timeout, Reason.TIMEOUT)  # its connection does not outlive that
        if not place.lies:
            return found
        took = rng.uniform(*QUICK_S)
        return Look(took, Reason.STATUS_MISMATCH if found.reason is None else None)

    def _honest_look(self, place: Place, target: Target, at: float, rng: Random) -> Look:
        if at in place.no_uplink:
            return Look(self.timeout, Reason.TIMEOUT)
        if at in place.no_dns:
            return Look(rng.uniform(0.01, self.timeout), Reason.DNS_ERROR)
        if place.loss and rng.random() < place.loss:
            return Look(self.timeout, Reason.TIMEOUT)
        if target.latency is None and at in target.seen_down(place.name):
            slow = target.reason in (Reason.TIMEOUT, Reason.CONNECT_TIMEOUT)
            return Look(self.timeout if slow else rng.uniform(*QUICK_S), target.reason)
        if target.latency is None:
            return Look(rng.uniform(*QUICK_S))
        took = target.latency(at) * rng.uniform(0.96, 1.04)
        return Look(took) if took < self.timeout else Look(self.timeout, Reason.TIMEOUT)

    def truth(self, target: Target, strategy: str) -> Spans:
        """When the strategy's question is truly answered DOWN: by how many places it is seen."""
        if not target.beyond:
            return target.down
        views = [target.seen_down(place.name) for place in self.places if not place.own]
        needed = {"any-down": 1, "all-down": len(views)}.get(strategy, len(views) // 2 + 1)
        moments = sorted({edge for view in views for span in view for edge in span})
        return Spans(
            (start, end)
            for start, end in pairwise(moments)
            if sum(start in view for view in views) >= needed
        )

    def heard(self, settle_s: float = 60.0, silence_s: float = 300.0) -> Spans:
        """When the leader runs, and hears more than half of the nodes that it expects.

        Nodes count from `settle_s` after they are there (again); one that falls silent without a
        goodbye is expected for `silence_s` more.
        """
        there = {place.name: self._connected(place) for place in self.places if not place.own}
        edges = {0.0, settle_s, self.length}
        for spans in there.values():
            for start, end in spans:
                edges |= {start, start + settle_s, end, end + silence_s}
        away = self.leader_away | self.places[0].suspended
        edges |= {edge for start, end in away for edge in (start, end, end + settle_s)}
        for place in self.places:
            edges |= {edge for span in place.no_uplink | place.no_dns for edge in span}
            untold = place.broken | place.mute
            edges |= {edge for start, end in untold for edge in (start, end, end + settle_s)}
        edges |= {
            edge + more for edge in tuple(edges) for more in (TAKE_OVER_S, TAKE_OVER_S + settle_s)
        }
        moments = sorted(edge for edge in edges if 0 <= edge <= self.length)
        heard = Spans(
            (start, end)
            for start, end in pairwise(moments)
            if self._is_heard(start, there, settle_s, silence_s)
        )
        return heard.without(Spans((start, end + settle_s) for start, end in away))

    def _connected(self, place: Place) -> Spans:
        alive = Spans((life.begins, min(life.ends, self.length)) for life in place.lives)
        return alive.without(place.cut | place.suspended)

    def _is_heard(
        self, at: float, there: dict[str, Spans], settle_s: float, silence_s: float
    ) -> bool:
        if not there:
            alone = self.places[0]
            return at >= settle_s and at not in alone.no_uplink
        working = expected = 0
        for place in self.places:
            if place.own:
                continue
            spans = there[place.name]
            works = any(start + settle_s <= at < end for start, end in spans)
            goodbyes = {life.ends for life in place.lives if life.says_goodbye}
            lingers = any(
                start <= at < (end if end in goodbyes else end + silence_s) for start, end in spans
            )
            sees = at not in place.no_uplink and at not in place.no_dns
            tells = not (place.broken | place.mute).touches(at - settle_s, at)
            working += works and sees and tells
            expected += lingers
        if self.checks == "auto" and self._is_stepped_in(at, there):
            expected += 1
            working += self._is_stepped_in(at - settle_s, there)
        if not expected:
            return False
        return working * 2 > expected

    def _is_stepped_in(self, at: float, there: dict[str, Spans]) -> bool:
        """Whether no probe has been there for so long that the leader checks in their place."""
        return not any(spans.touches(at - TAKE_OVER_S, at) for spans in there.values())
