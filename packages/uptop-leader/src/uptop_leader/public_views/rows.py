"""The rows of the status page: one per monitor, those of groups folded, with what they count. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.views import percent
from uptop_leader.public_views.banner import counts_of
from uptop_leader.public_views.bars import UNSEEN, Bars
from uptop_leader.public_views.regions import PublicRegion, milliseconds, public_regions
from uptop_leader.states import Status
from uptop_leader.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uptop_leader.public_views.looks import Look
    from uptop_leader.regional import ByRegion
    from uptop_leader.store.regions import Regional

_MINUTE_MS = 60_000
_LITTLE = 0.1  # percent
_NOWHERE: Mapping[str, Regional] = {}
_NOTES = {
    Status.UP: "up",
    Status.DEGRADED: "degraded",
    Status.LATE: "late",
    Status.PARTIAL: "not reachable from everywhere",
    Status.UNKNOWN: "not known",
    Status.DOWN: "down",
}
FOLDED_FROM = 60
"""Where there are more monitors than this, groups in which all is well are folded."""


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One monitor. `note` says since when it is as it is, and from where; `regions` how it is in
    each, where that may be told, and `latency` the response time where it may not.
    """

    id: str
    name: str
    status: str
    note: str
    uptime: str
    covered: str
    bars: Bars
    regions: tuple[PublicRegion, ...] = ()
    latency: str = ""
    why: str = ""
    target: str = ""


class Group(Struct, frozen=True, kw_only=True):
    """A group: its rows and groups, and how many monitors of each status there are in it, whatever
    their depth, the worst first.
    """

    id: str
    name: str
    status: str
    counts: tuple[tuple[str, int], ...]
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    is_open: bool


class Facts(Struct, frozen=True, kw_only=True):
    """What rows are made from. `lately` is None where regions may not be named."""

    now: float
    bars: Mapping[str, Bars]
    lately: ByRegion | None = None

    def row(self, look: Look) -> Row:
        """The row of a monitor."""
        told = self.bars.get(look.id, UNSEEN)
        regions: tuple[PublicRegion, ...] = ()
        if self.lately is not None:
            regions = public_regions(look, self.lately.get(look.id, _NOWHERE))
        latency_ms = None if regions else look.latency_ms
        return Row(
            id=look.id,
            name=look.name,
            status=look.status,
            note=note(look, self.now, counts_regions=not regions),
            uptime=percent(told.uptime),
            covered=watched(told.covered, is_some=told.uptime is not None),
            bars=told,
            regions=regions,
            latency="" if latency_ms is None else milliseconds(latency_ms),
            why=look.why,
            target=look.target,
        )


def rows_and_groups(
    looks: Sequence[Look], facts: Facts
) -> tuple[tuple[Row, ...], tuple[Group, ...]]:
    """The monitors outside of groups, and the groups with the others."""
    children = _children(looks)
    is_open = sum(not look.is_group for look in looks) <= FOLDED_FROM
    tops = children.get(None, ())
    return (
        tuple([facts.row(look) for look in tops if not look.is_group]),
        tuple(_group(look, children, facts, is_open=is_open) for look in tops if look.is_group),
    )


def _group(
    look: Look, children: Mapping[str | None, Sequence[Look]], facts: Facts, *, is_open: bool
) -> Group:
    own = children.get(look.id, ())
    counts = counts_of(_beneath(look.id, children))
    return Group(
        id=look.id,
        name=look.name,
        status=look.status,
        counts=counts,
        rows=tuple([facts.row(one) for one in own if not one.is_group]),
        groups=tuple(_group(one, children, facts, is_open=is_open) for one in own if one.is_group),
        is_open=is_open or any(status != Status.UP for status, _ in counts),
    )


def _beneath(group: str, children: Mapping[str | None, Sequence[Look]]) -> Iterator[Look]:
    for look in children.get(group, ()):
        yield look
        yield from _beneath(look.id, children)


def _children(looks: Sequence[Look]) -> dict[str | None, list[Look]]:
    """The monitors by their group; None is the top, and so is a group that is not there."""
    groups = {look.id for look in looks if look.is_group}
    found: dict[str | None, list[Look]] = {}
    for look in looks:
        found.setdefault(look.parent if look.parent in groups else None, []).append(look)
    return found


def watched(share: float | None, *, is_some: bool) -> str:
    """How much was watched, in percent; a little (`is_some`) is not nothing."""
    is_little = is_some and (share or 0) < _LITTLE
    return "under 0.1 %" if is_little else percent(share, 1)


def note(look: Look, now: float, *, counts_regions: bool = True) -> str:
    """Since when it is as it is, how it really is while in maintenance, and from how many regions
    where these are not told one by one.
    """
    parts = []
    if look.status != Status.UP:
        parts.append(f"for {lasting(round(now * 1000) - look.since)}")
    if look.status == Status.MAINTENANCE and (judged := _NOTES.get(Status(look.judged))):
        parts.append(judged)
    if counts_regions and (places := _places(look)):
        parts.append(places)
    return ", ".join(parts)


def _places(look: Look) -> str:
    """How many regions look, and from how many of them it is seen down."""
    seeing = [sight for sight in look.sights.values() if sight.fresh]
    down = sum(sight.up < sight.fresh for sight in seeing)
    if not seeing:
        return ""
    if down and look.status != Status.UP:
        return f"down from {down} of {_regions(len(seeing))}"
    return f"seen from {_regions(len(seeing))}"


def _regions(number: int) -> str:
    return "1 region" if number == 1 else f"{number} regions"


def lasting(ms: int) -> str:
    """How long something has been going on, in whole minutes: what changes each second is told
    to nobody twice alike.
    """
    return "less than a minute" if ms < _MINUTE_MS else duration(ms - ms % _MINUTE_MS)
