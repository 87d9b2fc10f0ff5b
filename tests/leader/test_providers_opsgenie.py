"""opsgenie: created by a DOWN, closed by its UP, under the same alias."""

from __future__ import annotations

import pytest

from tests.leader.receivers import DOWN, Receiver, but, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.opsgenie import Opsgenie, Priority

pytestmark = pytest.mark.anyio


def provider(receiver: Receiver, priority: Priority = "P1") -> Opsgenie:
    receiver.status = 202
    return Opsgenie(api_key="G0", priority=priority, api_url=receiver.url)


async def test_a_down_creates_with_the_fields_of_the_alert_api() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver, "P2"))
    assert receiver.only.path == "/v2/alerts"
    assert receiver.only.headers["authorization"] == "GenieKey G0"
    assert receiver.only.json == {
        "message": "DOWN: API",
        "alias": "incident-1",
        "description": "API is down since 12:03:10 UTC: 2 × timeout.",
        "priority": "P2",
        "source": "uptop",
        "entity": "API",
        "details": {
            "regions": "eu-west, us-east",
            "url": "https://up.example.com/monitors/monitor-1",
        },
    }


@pytest.mark.parametrize("event", ["up", "paused", "deleted"])
async def test_the_end_closes_the_same_alias(event: str) -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event=event, incident="a/b c", key="another"))
    assert receiver.only.path == "/v2/alerts/a%2Fb%20c/close?identifierType=alias"
    assert receiver.only.json == {"source": "uptop", "note": "DOWN: API"}


@pytest.mark.parametrize(("event", "alias"), [("down_and_up", "incident-1"), ("test", "k-down")])
async def test_what_is_over_already_is_created_and_closed(event: str, alias: str) -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event=event))
    first, second = receiver.received
    assert (first.json["alias"], first.json["priority"]) == (alias, "P5")
    assert second.path == f"/v2/alerts/{alias}/close?identifierType=alias"


async def test_what_is_no_outage_has_a_low_priority() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), but(event="cert"))
        await send(provider(receiver, "P5"), but(event="cert"))
    assert [got.json["priority"] for got in receiver.received] == ["P4", "P5"]
    assert receiver.received[0].json["alias"] == "k-down"


async def test_texts_are_cut_to_what_the_service_takes() -> None:
    async with http_receiver() as receiver:
        await send(provider(receiver), DOWN, Rendered("t" * 900, "b" * 20_000))
    assert len(receiver.only.json["message"]) == 130
    assert len(receiver.only.json["description"]) == 15_000


def test_settings_that_cannot_work_are_told() -> None:
    assert [p.field for p in Opsgenie(api_key="a b", api_url="x").problems()] == [
        "api_key",
        "api_url",
    ]
    assert list(Opsgenie(api_key="k", eu=True).problems()) == []


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(lambda url: Opsgenie(api_key="SECRET", api_url=url), ("SECRET",))
