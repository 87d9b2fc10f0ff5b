"""Metrics as Prometheus reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from tests.leader.stage_memory import Seen
from tests.leader.stages import NOW, SECRET, Stage, client, down, up
from uptop_core.outcomes import Timings
from uptop_leader.channels import Channel
from uptop_leader.providers.webhook import Webhook
from uptop_leader.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

pytestmark = pytest.mark.anyio

_OPEN = "application/openmetrics-text; version=1.0.0"
_NASTY = 'a "quoted"\nname \\ with all'

Samples = dict[str, list[tuple[dict[str, str], float]]]


@pytest.fixture
def stage() -> Stage:
    """Two nodes, one of them offline; monitors up, down and pending; an open incident."""
    stage = Stage()
    stage.add_node("fra", "eu-west")
    stage.add_node("nyc", "us-east", heard=NOW - 90)
    site = stage.add("Site", votes=[up("fra", ms=25), up("nyc")])
    api = stage.add("API", Status.DOWN, [down("fra")])
    stage.add(_NASTY, Status.PENDING)
    stage.states[site.id] = replace(stage.states[site.id], cert_end=int(NOW + 864_000) * 1000)
    stage.store.uptimes[site.id] = Seen(43_200.0, 0.0)
    stage.add_incident(api, NOW - 60)
    hook = Webhook(url="https://hooks.example.com/x")
    stage.channels["c1"] = Channel(id="c1", name="ops", provider=hook)
    return stage


async def _scrape(stage: Stage, accept: str = "") -> Samples:
    async with client(stage, secret=SECRET) as http:
        response = await http.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    parse = parse_open if "openmetrics" in response.headers["content-type"] else parse_plain
    return _samples(parse(response.text))


def _samples(families: Iterable[Metric]) -> Samples:
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _of(samples: Samples, name: str, label: str = "name") -> dict[str, float]:
    return {labels[label]: value for labels, value in samples[name]}


async def test_a_monitor_is_up_or_down_or_not_known(stage: Stage) -> None:
    samples = await _scrape(stage)
    assert _of(samples, "uptop_monitor_up") == {"Site": 1.0, "API": 0.0}


async def test_the_status_is_one_of_a_set(stage: Stage) -> None:
    samples = await _scrape(stage)
    shown = {
        labels["name"]: labels["uptop_monitor_status"]
        for labels, value in samples["uptop_monitor_status"]
        if value
    }
    assert shown == {"Site": "UP", "API": "DOWN", _NASTY: "PENDING"}


async def test_latency_and_votes_are_told_per_node(stage: Stage) -> None:
    samples = await _scrape(stage)
    latencies = _of(samples, "uptop_monitor_latency_seconds")
    assert latencies == {"Site": 0.025, "API": 0.003}
    votes = {
        labels["vote"]: value
        for labels, value in samples["uptop_votes"]
        if labels["name"] == "Site"
    }
    assert votes == {"up": 1.0, "down": 0.0, "expected": 2.0}
    assert _of(samples, "uptop_vote_up") == {"Site": 1.0, "API": 0.0}


async def test_the_phases_of_the_newest_result_are_told_per_node(stage: Stage) -> None:
    timings = Timings(dns_ns=1_000_000, connect_ns=2_500_000, first_byte_ns=0, total_ns=4_000_000)
    fra = replace(up("fra"), timings=timings)
    stage.add("Shop", votes=[fra, up("nyc")])
    samples = await _scrape(stage)
    assert _of(samples, "uptop_monitor_phase_seconds", "phase") == {
        "dns": 0.001,
        "connect": 0.0025,
        "first_byte": 0.0,
    }


async def test_certificates_uptime_and_incidents_are_told(stage: Stage) -> None:
    samples = await _scrape(stage)
    ends = _of(samples, "uptop_certificate_end_timestamp_seconds")
    assert ends == {"Site": NOW + 864_000}
    assert _of(samples, "uptop_monitor_uptime_ratio") == {"Site": 1.0}
    assert _of(samples, "uptop_monitor_covered_ratio") == {"Site": 0.5}
    assert samples["uptop_incidents_open"] == [({}, 1.0)]


async def test_nodes_are_up_while_they_are_heard(stage: Stage) -> None:
    samples = await _scrape(stage)
    assert _of(samples, "uptop_node_up", "node") == {"fra": 1.0, "nyc": 0.0}


@pytest.mark.parametrize("accept", ["", "text/plain", _OPEN])
async def test_the_programs_own_health_is_told_in_every_format(stage: Stage, accept: str) -> None:
    samples = await _scrape(stage, accept)
    assert samples["uptop_results_total"] == [({}, 7.0)]
    assert samples["uptop_outbox_depth"] == [({}, 3.0)]
    assert samples["uptop_outbox_age_seconds"] == [({}, 4.5)]
    assert samples["uptop_epoch"] == [({}, 0.0)]
    outcomes = {
        (labels["channel"], labels["outcome"]): value
        for labels, value in samples["uptop_notifications_total"]
    }
    assert outcomes == {("ops", "sent"): 2.0, ("ops", "failed"): 1.0}
    assert {labels["uptop_role"]: value for labels, value in samples["uptop_role"]} == {
        "leader": 1.0,
        "follower": 0.0,
    }


async def test_the_format_is_the_one_that_was_asked_for(stage: Stage) -> None:
    async with client(stage, secret=SECRET) as http:
        open_metrics = await http.get("/metrics", headers={"Accept": _OPEN})
        plain = await http.get("/metrics")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_metrics_show_no_target_and_no_error(stage: Stage) -> None:
    async with client(stage, secret=SECRET) as http:
        text = (await http.get("/metrics")).text
    for secret in ("example.com", "192.0.2.7", "hidden"):
        assert secret not in text
