"""Step 13 for the status page, by region: where a service is up, and how fast it answers there.

For pages that may name regions only. Pure.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.past_views import region_status
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_core.views import MonitorView, VoteView
    from uptop_leader.store.regions import Regional

_UNNAMED = "other places"
_WORDS = {
    Status.DOWN: "down",
    Status.PARTIAL: "down in part",
    Status.UNKNOWN: "not known",
}


class PublicRegion(Struct, frozen=True, kw_only=True):
    """One region of a row: how it is there, the word for that or the usual response time, and more
    of the response times for who looks closer."""

    name: str
    status: str
    word: str
    more: str = ""


def public_regions(view: MonitorView, lately: Mapping[str, Regional]) -> tuple[PublicRegion, ...]:
    """The regions that look at a monitor, by name; none where there is but one without a name."""
    votes: dict[str, list[VoteView]] = {}
    for vote in view.votes:
        if vote.fresh or vote.region in lately:
            votes.setdefault(vote.region, []).append(vote)
    if set(votes) <= {""}:
        return ()
    return tuple(_regions(votes, lately))


def _regions(
    votes: Mapping[str, list[VoteView]], lately: Mapping[str, Regional]
) -> Iterator[PublicRegion]:
    for region, own in sorted(votes.items()):
        fresh = [vote for vote in own if vote.fresh]
        status = region_status(sum(vote.up for vote in fresh), len(fresh))
        regional = lately.get(region)
        word = _WORDS.get(status) or _usual(fresh, regional)
        more = _more(regional) if regional is not None else ""
        yield PublicRegion(name=region or _UNNAMED, status=status.value, word=word, more=more)


def _usual(fresh: list[VoteView], regional: Regional | None) -> str:
    """The median of the last hour, else of the newest looks."""
    median = regional.latency.p50_ms if regional is not None else None
    known = [vote.latency_ms for vote in fresh if vote.up and vote.latency_ms is not None]
    if median is None and known:
        median = statistics.median(known)
    return "up" if median is None else milliseconds(median)


def _more(regional: Regional) -> str:
    latency = regional.latency
    if latency.p50_ms is None or latency.p95_ms is None or latency.p99_ms is None:
        return ""
    median, most, nearly_all = (
        milliseconds(value) for value in (latency.p50_ms, latency.p95_ms, latency.p99_ms)
    )
    return f"Last hour: half within {median}, 95 % within {most}, 99 % within {nearly_all}"


def milliseconds(value: float) -> str:
    """A response time for people: `0.4 ms`, `42 ms`, `1.8 s`."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 1 else f"{value:.1f} ms"
