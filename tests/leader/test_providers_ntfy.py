"""ntfy: published as JSON to the server's root."""

from __future__ import annotations

import base64

import msgspec
import pytest

from tests.leader.receivers import DOWN, but, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.ntfy import Ntfy

pytestmark = pytest.mark.anyio


async def test_a_down_is_published_with_high_priority() -> None:
    async with http_receiver() as receiver:
        await send(Ntfy(url=receiver.url, topic="ops"))
    assert receiver.only.path == "/"
    assert "authorization" not in receiver.only.headers
    assert receiver.only.json == {
        "topic": "ops",
        "title": "DOWN: API",
        "message": "API is down since 12:03:10 UTC: 2 × timeout.",
        "priority": 4,
        "tags": ["warning"],
        "click": "https://up.example.com/monitors/monitor-1",
    }


async def test_the_priority_may_be_chosen() -> None:
    async with http_receiver() as receiver:
        await send(Ntfy(url=receiver.url, topic="ops", priority=1))
        await send(Ntfy(url=receiver.url, topic="ops"), but(event="up", url=""))
    first, second = (got.json for got in receiver.received)
    assert first["priority"] == 1
    assert second["priority"] == 3
    assert second["tags"] == ["white_check_mark"]
    assert "click" not in second


async def test_a_login_is_basic_auth() -> None:
    async with http_receiver() as receiver:
        await send(Ntfy(url=receiver.url, topic="ops", username="phil", password="pä:ss"))
        await send(Ntfy(url=receiver.url, topic="ops", password="tk_token"))
    logins = [
        base64.b64decode(got.headers["authorization"].removeprefix("Basic ")).decode()
        for got in receiver.received
    ]
    assert logins == ["phil:pä:ss", ":tk_token"]


async def test_a_message_is_at_most_4096_bytes() -> None:
    async with http_receiver() as receiver:
        await send(Ntfy(url=receiver.url, topic="ops"), DOWN, Rendered("DOWN", "×" * 4000))
    assert 4090 < len(receiver.only.json["message"].encode()) <= 4096


def test_settings_that_cannot_work_are_told() -> None:
    assert [p.field for p in Ntfy(topic="ops", username="phil").problems()] == ["password"]
    for settings in ({"topic": "a/b"}, {"topic": ""}, {"topic": "a", "priority": 9}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"type": "ntfy", **settings}, Ntfy)


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(
        lambda url: Ntfy(url=url, topic="ops", username="phil", password="SECRET"), ("SECRET",)
    )
