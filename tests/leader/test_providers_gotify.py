"""gotify: a message with the token in a header."""

from __future__ import annotations

import pytest

from tests.leader.receivers import but, http_receiver, keeps_the_promises, send
from uptop_leader.providers.gotify import Gotify

pytestmark = pytest.mark.anyio


async def test_a_message_has_the_fields_of_the_api() -> None:
    async with http_receiver() as receiver:
        await send(Gotify(url=f"{receiver.url}/gotify/", token="Atok"))
    assert receiver.only.path == "/gotify/message"
    assert receiver.only.headers["x-gotify-key"] == "Atok"
    assert receiver.only.json == {
        "title": "DOWN: API",
        "message": "API is down since 12:03:10 UTC: 2 × timeout.",
        "priority": 8,
        "extras": {
            "client::notification": {"click": {"url": "https://up.example.com/monitors/monitor-1"}}
        },
    }


async def test_the_priority_may_be_chosen() -> None:
    async with http_receiver() as receiver:
        await send(Gotify(url=receiver.url, token="Atok", priority=0))
        await send(Gotify(url=receiver.url, token="Atok"), but(event="up", url=""))
    assert [got.json["priority"] for got in receiver.received] == [0, 5]
    assert "extras" not in receiver.received[1].json


def test_settings_that_cannot_work_are_told() -> None:
    assert [p.field for p in Gotify(url="x", token="").problems()] == ["url", "token"]


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(lambda url: Gotify(url=url, token="SECRET"), ("SECRET",))
