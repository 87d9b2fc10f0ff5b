"""A row by region: where a service is up, and how fast it answers there.

For pages that may name regions only. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_leader.past_views import region_status
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.public_views.looks import Look, Sight
    from uptop_leader.store.regions import Regional

_UNNAMED = "other places"
_UP = Status.UP
_WORDS = {
    Status.DOWN: "down",
    Status.PARTIAL: "down in part",
    Status.UNKNOWN: "not known",
}


class PublicRegion(Struct, frozen=True, gc=False):
    """One region of a row: how it is there, the word for that or the usual response time, and more
    of the response times for who looks closer."""

    region: str
    status: str
    word: str
    more: str = ""

    @property
    def name(self) -> str:
        """Its name, or what the rest is called."""
        return self.region or _UNNAMED


def public_regions(look: Look, lately: Mapping[str, Regional]) -> tuple[PublicRegion, ...]:
    """The regions that look at a monitor, by name; none where there is but one without a name."""
    shown = [region for region, sight in look.sights.items() if sight.fresh or region in lately]
    if not any(shown):
        return ()
    shown.sort()
    return tuple([_region(region, look.sights[region], lately.get(region)) for region in shown])


def closer_regions(look: Look, lately: Mapping[str, Regional]) -> tuple[PublicRegion, ...]:
    """The same for who looks closer: with more of the response times where they are known."""
    return tuple(
        replace(one, more=_more(lately[one.region])) if one.region in lately else one
        for one in public_regions(look, lately)
    )


def _region(region: str, sight: Sight, regional: Regional | None) -> PublicRegion:
    """A region that is up says the median of the last hour, else of the newest looks."""
    if not sight.up or sight.up < sight.fresh:
        status = region_status(sight.up, sight.fresh)
        return PublicRegion(region, status, _WORDS[status])
    median = None if regional is None else regional.latency.p50_ms
    if median is None:
        median = sight.latency_ms
    return PublicRegion(region, _UP, "up" if median is None else milliseconds(median))


def _more(regional: Regional) -> str:
    latency = regional.latency
    if latency.p50_ms is None or latency.p95_ms is None or latency.p99_ms is None:
        return ""
    median, most, nearly_all = (
        milliseconds(value) for value in (latency.p50_ms, latency.p95_ms, latency.p99_ms)
    )
    return f"half within {median}, 95 % within {most}, 99 % within {nearly_all}"


def milliseconds(value: float) -> str:
    """A response time for people: `0.4 ms`, `42 ms`, `1.8 s`."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 1 else f"{value:.1f} ms"
