"""How large a world is, how worlds are listed, and what most of them have: targets with outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulation.leaders import OWN
from tests.simulation.scenes import Place, Scene, Target
from tests.simulation.spans import Span, Spans
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from random import Random

_BLOCK_S = 7200.0
QUIET_S = 420.0  # at the start of a block: everybody has been heard by then
REST_S = 600.0  # at its end, to recover in
REASONS = (
    Reason.TIMEOUT,
    Reason.CONNECT_TIMEOUT,
    Reason.CONNECT_REFUSED,
    Reason.STATUS_MISMATCH,
)


@dataclass(frozen=True)
class Scale:
    """How large a world is. `monitors` None: as many as the world needs."""

    nodes: int = 5
    monitors: int | None = None
    interval: float = 60.0
    timeout: float = 5.0
    hours: float = 2.0
    slots: int = 10

    def targets(self, usual: int = 20) -> list[Target]:
        """So many targets that are up."""
        return [Target() for _ in range(self.monitors or usual)]

    def places(self, nodes: int | None = None) -> list[Place]:
        """The leader, who checks when nobody else does, and the probes."""
        count = self.nodes if nodes is None else nodes
        return [Place(OWN, own=True), *(Place(f"n{number}") for number in range(count))]

    def scene(self, places: list[Place], targets: list[Target], **more: object) -> Scene:
        """A scene of this scale."""
        return Scene(
            places, targets, interval=self.interval, timeout=self.timeout, slots=self.slots,
            hours=self.hours, **more,  # type: ignore[arg-type]  # by name
        )  # fmt: skip

    def once(self, rng: Random, length: float) -> Iterator[Span]:
        """A stretch of `length`, or what there is room for, somewhere in each two hours."""
        end_of_all = self.hours * 3600.0
        start = 0.0
        while start < end_of_all - QUIET_S - REST_S:
            end = min(start + _BLOCK_S, end_of_all)
            room = end - start - QUIET_S - REST_S
            fits = min(length, 0.8 * room)
            begin = start + QUIET_S + rng.uniform(0.0, room - fits)
            yield begin, begin + fits
            start += _BLOCK_S


World = Callable[["Random", Scale], Scene]


def listed_in(worlds: dict[str, World]) -> Callable[[str], Callable[[World], World]]:
    """A decorator that puts a world into a list under its name."""

    def named(name: str) -> Callable[[World], World]:
        def add(build: World) -> World:
            worlds[name] = build
            return build

        return add

    return named


def outages(scale: Scale, rng: Random, targets: list[Target]) -> None:
    """An outage of 2.5 to 10 intervals at one target in seven, in each two hours."""
    for target in rng.sample(targets, max(1, len(targets) // 7)):
        target.down = Spans(scale.once(rng, rng.uniform(2.5, 10.0) * scale.interval))
        target.reason = rng.choice(REASONS)


def usual(scale: Scale, rng: Random) -> tuple[list[Place], list[Target]]:
    places, targets = scale.places(), scale.targets()
    outages(scale, rng, targets)
    return places, targets
