"""pagerduty: triggered by a DOWN, resolved by its UP, under the same key."""

from __future__ import annotations

import pytest

from tests.leader.receivers import Receiver, but, http_receiver, keeps_the_promises, send
from uptop_leader.providers.pagerduty import PagerDuty, Severity

pytestmark = pytest.mark.anyio


def provider(receiver: Receiver, severity: Severity = "critical") -> PagerDuty:
    receiver.status = 202
    return PagerDuty(routing_key="R0", severity=severity, api_url=receiver.url)


async def test_a_down_triggers_with_the_fields_of_the_events_api() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver))
    assert receiver.only.path == "/v2/enqueue"
    assert receiver.only.json == {
        "routing_key": "R0",
        "event_action": "trigger",
        "dedup_key": "incident-1",
        "client": "uptop",
        "client_url": "https://up.example.com/monitors/monitor-1",
        "links": [{"href": "https://wiki.example.com/api", "text": "Runbook"}],
        "payload": {
            "summary": "DOWN: API",
            "source": "https://api.example.com/health",
            "severity": "critical",
            "timestamp": "2026-01-02T12:03:10+00:00",
            "component": "API",
            "class": "down",
            "custom_details": {
                "text": "API is down since 12:03:10 UTC: 2 × timeout.",
                "regions": "eu-west, us-east",
            },
        },
    }


@pytest.mark.parametrize("event", ["up", "paused", "deleted"])
async def test_the_end_resolves_under_the_same_key(event: str) -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event=event, key="another"))
    assert receiver.only.json == {
        "routing_key": "R0",
        "event_action": "resolve",
        "dedup_key": "incident-1",
    }


async def test_a_reminder_goes_on_with_the_same_alert() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver, "error"), but(event="reminder", key="another"))
    assert receiver.only.json["dedup_key"] == "incident-1"
    assert receiver.only.json["payload"]["severity"] == "error"


async def test_without_an_incident_the_monitor_is_the_key_so_that_an_up_finds_it() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event="unknown", incident=None))
        await send(provider(receiver), but(event="up", incident=None))
    assert [got.json["dedup_key"] for got in receiver.received] == ["monitor-1"] * 2
    assert receiver.received[0].json["payload"]["severity"] == "warning"


@pytest.mark.parametrize(("event", "key"), [("down_and_up", "incident-1"), ("test", "k-down")])
async def test_what_is_over_already_is_triggered_and_resolved(event: str, key: str) -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event=event))
    first, second = (got.json for got in receiver.received)
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert (first["dedup_key"], second["dedup_key"]) == (key, key)
    assert first["payload"]["severity"] == "info"


async def test_a_certificate_is_an_alert_of_its_own_that_an_up_does_not_close() -> None:
    async with http_receiver() as receiver:
        bare = but(event="cert", runbook="ask Jo", url="", target="", monitor="", started_at=None)
        await send(provider(receiver), bare)
    event = receiver.only.json
    assert (event["event_action"], event["dedup_key"]) == ("trigger", "k-down")
    assert event["payload"]["severity"] == "warning"
    assert event["payload"]["source"] == "uptop"
    assert event["payload"]["timestamp"] == "2026-01-02T12:03:22+00:00"
    assert "links" not in event
    assert "client_url" not in event


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(lambda url: PagerDuty(routing_key="SECRET", api_url=url), ("SECRET",))
