"""Step 13 for Prometheus, by region: the share that sees a monitor up now, and how it was lately.

What was lately changes with a roll-up only, so its text is kept until then: thousands of samples are
rendered once in five minutes and not at each scrape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from uptop_core.views import MonitorView
    from uptop_leader.metrics import Scrape
    from uptop_leader.regional import ByRegion
    from uptop_leader.store.history import Latency

    Encode = Callable[[CollectorRegistry], bytes]

_PLACE = ("id", "name", "type", "region")
_END = b"# EOF\n"
_KEPT = 4  # texts: the formats that scrapers ask for


def up_now(views: tuple[MonitorView, ...]) -> Iterator[Metric]:
    """1 where all of the region's fresh votes say up, 0 where none does, else the share."""
    up = GaugeMetricFamily(
        "uptop_region_up", "Share of the region's fresh votes that say up", labels=_PLACE
    )
    for view in views:
        said: dict[str, list[bool]] = {}
        for vote in view.votes:
            if vote.fresh:
                said.setdefault(vote.region, []).append(vote.up)
        for region, ups in said.items():
            up.add_metric((view.id, view.name, view.type, region), sum(ups) / len(ups))
    yield up


class LatelyText:
    """The samples of `lately` as text, by format."""

    def __init__(self) -> None:
        self._of: tuple[ByRegion, dict[str, tuple[str, str]]] | None = None
        self._texts: dict[str, bytes] = {}

    def with_regions(self, text: bytes, media_type: str, encode: Encode, scrape: Scrape) -> bytes:
        """`text`, which `encode` has made of the rest in this format, with these samples in it."""
        lately = scrape.lately
        names = {view.id: (view.name, view.type) for view in scrape.monitors}
        if self._of is None or self._of[0] is not lately or self._of[1] != names:
            self._of, self._texts = (lately, names), {}
        mine = self._texts.get(media_type)
        if mine is None:
            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Lately(lately, names))
            mine = encode(registry).removesuffix(_END)
            if len(self._texts) < _KEPT:
                self._texts[media_type] = mine
        end = _END if text.endswith(_END) else b""
        return text.removesuffix(_END) + mine + end


class _Lately(Collector):
    def __init__(self, lately: ByRegion, names: Mapping[str, tuple[str, str]]) -> None:
        self._lately = lately
        self._names = names

    def collect(self) -> Iterator[Metric]:
        """All families, of monitors that are there."""
        latency = GaugeMetricFamily(
            "uptop_region_latency_seconds", "Quantiles, last hour", labels=(*_PLACE, "quantile")
        )
        uptime = GaugeMetricFamily(
            "uptop_region_uptime_ratio", "Up of observed time there, last hour", labels=_PLACE
        )
        checks = GaugeMetricFamily(
            "uptop_region_checks", "Checks by outcome, last hour", labels=(*_PLACE, "outcome")
        )
        for monitor, by_region in self._lately.items():
            if monitor not in self._names:
                continue
            for region, regional in by_region.items():
                place = (monitor, *self._names[monitor], region)
                for share, value_ms in _quantiles(regional.latency):
                    latency.add_metric((*place, share), value_ms / 1000)
                if regional.uptime is not None:
                    uptime.add_metric(place, round(regional.uptime, 5))
                checks.add_metric((*place, "up"), regional.latency.count - regional.latency.down)
                checks.add_metric((*place, "down"), regional.latency.down)
        yield from (latency, uptime, checks)


def _quantiles(latency: Latency) -> Iterator[tuple[str, float]]:
    of = {"0.5": latency.p50_ms, "0.95": latency.p95_ms, "0.99": latency.p99_ms}
    for share, value_ms in of.items():
        if value_ms is not None:
            yield share, round(value_ms, 3)
