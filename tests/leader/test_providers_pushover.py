"""pushover: a form within the limits of the service."""

from __future__ import annotations

import pytest

from tests.leader.receivers import but, failure, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.pushover import Pushover

pytestmark = pytest.mark.anyio


async def test_a_message_is_a_form_with_the_fields_of_the_api() -> None:
    async with http_receiver() as receiver:
        await send(Pushover(token="atok", user="ukey", api_url=receiver.url))
    assert receiver.only.path == "/1/messages.json"
    assert receiver.only.headers["content-type"] == "application/x-www-form-urlencoded"
    assert receiver.only.form == {
        "token": "atok",
        "user": "ukey",
        "title": "DOWN: API",
        "message": "API is down since 12:03:10 UTC: 2 × timeout.",
        "priority": "1",
        "timestamp": "1767355402",
        "url": "https://up.example.com/monitors/monitor-1",
    }


async def test_texts_are_cut_and_a_long_link_left_out() -> None:
    long = but(event="up", url="https://example.com/" + "x" * 600)
    async with http_receiver() as receiver:
        provider = Pushover(token="atok", user="ukey", api_url=receiver.url)
        await send(provider, long, Rendered("t" * 900, "b" * 9000))
        await send(provider, long, Rendered("only a title", ""))
    form = receiver.received[0].form
    assert (len(form["title"]), len(form["message"])) == (250, 1024)
    assert "url" not in form
    assert form["priority"] == "0"
    assert receiver.received[1].form["message"] == "only a title"


async def test_what_pushover_says_of_an_error_is_told() -> None:
    async with http_receiver() as receiver:
        receiver.status = 400
        receiver.body = b'{"token":"invalid","errors":["application token is invalid"],"status":0}'
        error = await failure(Pushover(token="atok", user="ukey", api_url=receiver.url))
    assert str(error) == "the service answered 400: application token is invalid"


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(
        lambda url: Pushover(token="SECRET-1", user="SECRET-2", api_url=url),
        ("SECRET-1", "SECRET-2"),
    )
