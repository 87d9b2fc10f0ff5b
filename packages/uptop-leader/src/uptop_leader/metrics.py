"""Step 13 for Prometheus: views → metrics, made anew at each scrape, in a registry of its own.

In: what the API shows, and the program's own health. Out: the exposition text that the scraper
asked for. Names carry their units; what is not known has no sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from uptop_core.views import TROUBLES
from uptop_leader import phases
from uptop_leader.invariants import INVARIANTS
from uptop_leader.region_metrics import up_now
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.views import MonitorView, NodeView
    from uptop_leader.gauges import Gauges
    from uptop_leader.region_metrics import LatelyText
    from uptop_leader.regional import ByRegion

_MONITOR = ("id", "name", "type")
_NODE = ("node", "region")
_UP = ("UP", "PARTIAL", "DEGRADED", "LATE")


class Scrape(Struct, frozen=True, kw_only=True):
    """Everything one scrape shows, as it stood at one moment. Channels are told by name."""

    version: str
    monitors: tuple[MonitorView, ...]
    nodes: tuple[NodeView, ...]
    channels: dict[str, str]
    open_incidents: int
    outbox_depth: int
    outbox_age_s: float
    gauges: Gauges
    lately: ByRegion


def exposition(scrape: Scrape, accept: str, regions: LatelyText) -> tuple[bytes, str]:
    """The text and its media type, in the format that the Accept header prefers. `regions` is kept
    from scrape to scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scraped(scrape))
    encode, media_type = choose_encoder(accept)
    text = regions.with_regions(encode(registry), media_type, encode, scrape)
    return text, media_type


class _Scraped(Collector):
    def __init__(self, scrape: Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[Metric]:
        """All families, monitors first."""
        yield from _monitors(self._scrape.monitors)
        yield from _votes(self._scrape.monitors)
        yield from up_now(self._scrape.monitors)
        yield from _nodes(self._scrape.nodes)
        yield from _own(self._scrape)


def _monitors(views: tuple[MonitorView, ...]) -> Iterator[Metric]:
    up = _gauge("uptop_monitor_up", "1 while believed up, 0 while DOWN", _MONITOR)
    status = StateSetMetricFamily("uptop_monitor_status", "The status shown", labels=_MONITOR)
    since = _gauge("uptop_monitor_status_since_timestamp_seconds", "Since when", _MONITOR)
    uptime = _gauge("uptop_monitor_uptime_ratio", "Up of judged time, last 24 h", _MONITOR)
    covered = _gauge("uptop_monitor_covered_ratio", "Observed time, last 24 h", _MONITOR)
    ends = _gauge("uptop_certificate_end_timestamp_seconds", "End of the certificate", _MONITOR)
    for view in views:
        labels = (view.id, view.name, view.type)
        if view.judged in (*_UP, "DOWN"):
            up.add_metric(labels, float(view.judged != "DOWN"))
        status.add_metric(labels, {word.value: word.value == view.status for word in Status})
        since.add_metric(labels, view.since / 1000)
        if view.uptime_24h is not None:
            uptime.add_metric(labels, _ratio(view.uptime_24h))
        if view.covered_24h is not None:
            covered.add_metric(labels, _ratio(view.covered_24h))
        if view.cert_end is not None:
            ends.add_metric(labels, view.cert_end / 1000)
    yield from (up, status, since, uptime, covered, ends)


def _votes(views: tuple[MonitorView, ...]) -> Iterator[Metric]:
    count = _gauge("uptop_votes", "Votes by what they say", (*_MONITOR, "vote"))
    up = _gauge("uptop_vote_up", "What a node's fresh vote says", (*_MONITOR, *_NODE))
    latency = _gauge(
        "uptop_monitor_latency_seconds", "Latency of a node's newest result", (*_MONITOR, *_NODE)
    )
    phase = _gauge(
        "uptop_monitor_phase_seconds",
        "Phases of a node's newest result",
        (*_MONITOR, *_NODE, "phase"),
    )
    for view in views:
        if not (view.votes or view.votes_expected):
            continue  # no node votes on push monitors and groups
        labels = (view.id, view.name, view.type)
        count.add_metric((*labels, "up"), view.votes_up)
        count.add_metric((*labels, "down"), view.votes_fresh - view.votes_up)
        count.add_metric((*labels, "expected"), view.votes_expected)
        for vote in view.votes:
            place = (*labels, vote.node, vote.region)
            if vote.fresh:
                up.add_metric(place, float(vote.up))
            if vote.fresh and vote.latency_ms is not None:
                latency.add_metric(place, vote.latency_ms / 1000)
            if vote.fresh and vote.phases is not None:
                for name, took_ms in phases.named(vote.phases):
                    phase.add_metric((*place, name), took_ms / 1000)
    yield from (count, up, latency, phase)


def _nodes(views: tuple[NodeView, ...]) -> Iterator[Metric]:
    up = _gauge("uptop_node_up", "1 while the node is heard", _NODE)
    heard = _gauge("uptop_node_heard_timestamp_seconds", "When it was last heard", _NODE)
    offset = _gauge("uptop_node_clock_offset_seconds", "Its clock minus the leader's", _NODE)
    dropped = CounterMetricFamily(
        "uptop_node_dropped_results", "Results it lost to a full spool", labels=_NODE
    )
    missed = CounterMetricFamily(
        "uptop_node_missed_ticks", "Ticks that it did not start in time", labels=_NODE
    )
    lag = _gauge("uptop_node_lag_seconds", "How late its checks start at worst", _NODE)
    trouble = _gauge("uptop_node_trouble", "1 while this is wrong with it", (*_NODE, "trouble"))
    for view in views:
        labels = (view.id, view.region)
        wrong = {one.kind for one in view.troubles}
        for kind in TROUBLES:
            trouble.add_metric((*labels, kind), float(kind in wrong))
        missed.add_metric(labels, view.missed)
        lag.add_metric(labels, view.lag_ms / 1000)
        up.add_metric(labels, float(view.state == "online"))
        heard.add_metric(labels, view.heard / 1000)
        dropped.add_metric(labels, view.dropped)
        if view.offset_ms is not None:
            offset.add_metric(labels, view.offset_ms / 1000)
    yield from (up, heard, offset, dropped, missed, lag, trouble)


def _own(scrape: Scrape) -> Iterator[Metric]:
    gauges = scrape.gauges
    yield InfoMetricFamily("uptop_build", "This program", {"version": scrape.version})
    roles = dict.fromkeys(("leader", "follower"), False) | {gauges.role: True}
    role = StateSetMetricFamily("uptop_role", "What this node is", labels=())
    role.add_metric((), roles)
    yield role
    yield GaugeMetricFamily("uptop_epoch", "The epoch it leads in", gauges.epoch)
    yield GaugeMetricFamily("uptop_incidents_open", "Open incidents", scrape.open_incidents)
    yield GaugeMetricFamily("uptop_queue_depth", "Results not yet stored", gauges.queue_depth)
    yield GaugeMetricFamily("uptop_outbox_depth", "Messages not yet sent", scrape.outbox_depth)
    yield GaugeMetricFamily(
        "uptop_outbox_age_seconds", "How long the oldest of them waits", scrape.outbox_age_s
    )
    yield GaugeMetricFamily(
        "uptop_schedule_lag_seconds", "How late checks of its own start", gauges.schedule_lag_s
    )
    yield GaugeMetricFamily(
        "uptop_wall_clock_ahead_seconds", "What the clock here has to make up", gauges.wall_ahead_s
    )
    for name, text, value in (
        ("uptop_missed_ticks", "Ticks of its own that did not start", gauges.missed_ticks_total),
        ("uptop_results", "Results taken", gauges.results_total),
        ("uptop_results_duplicate", "Results that had come before", gauges.duplicates_total),
        ("uptop_results_rejected", "Results refused", gauges.rejected_total),
    ):
        yield CounterMetricFamily(name, text, value)
    broken = CounterMetricFamily(
        "uptop_invariants_broken", "What must be true and was not: bugs", labels=("invariant",)
    )
    for invariant in INVARIANTS:
        broken.add_metric((invariant,), gauges.breaches.get(invariant, 0))
    yield broken
    sent = CounterMetricFamily(
        "uptop_notifications", "Messages by channel and outcome", labels=("channel", "outcome")
    )
    for channel, sendings in gauges.notifications.items():
        name = scrape.channels.get(channel, channel)
        sent.add_metric((name, "sent"), sendings.sent)
        sent.add_metric((name, "failed"), sendings.failed)
    yield sent


def _gauge(name: str, text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _ratio(percent: float) -> float:
    return round(percent / 100, 5)
