"""webhook: the message as JSON, with a key that is the same when it comes twice."""

from __future__ import annotations

import msgspec
import pytest

from tests.leader.receivers import DOWN, but, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Message
from uptop_leader.providers.webhook import Webhook

pytestmark = pytest.mark.anyio


async def test_the_body_holds_every_fact_and_the_words() -> None:
    async with http_receiver() as receiver:
        await send(Webhook(url=f"{receiver.url}/hook?a=b"))
    got = receiver.only
    assert (got.method, got.path) == ("POST", "/hook?a=b")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["idempotency-key"] == "k-down"
    assert got.json["title"] == "DOWN: API"
    assert got.json["body"].startswith("API is down since")
    assert msgspec.convert(got.json, Message) == DOWN


async def test_method_and_headers_may_be_chosen() -> None:
    headers = {"Authorization": "Bearer t", "Content-Type": "application/vnd.x+json"}
    async with http_receiver() as receiver:
        await send(Webhook(url=receiver.url, method="PUT", headers=headers))
    assert receiver.only.method == "PUT"
    assert receiver.only.headers["authorization"] == "Bearer t"
    assert receiver.only.headers["content-type"] == "application/vnd.x+json"


async def test_a_login_in_the_url_is_basic_auth() -> None:
    async with http_receiver() as receiver:
        await send(Webhook(url=receiver.url.replace("http://", "http://joe:pass@")))
    assert receiver.only.headers["authorization"] == "Basic am9lOnBhc3M="
    assert receiver.only.path == "/"


async def test_a_repeat_carries_the_same_key_and_says_so() -> None:
    async with http_receiver() as receiver:
        await send(Webhook(url=receiver.url))
        await send(Webhook(url=receiver.url), but(possible_repeat=True))
    assert [got.headers["idempotency-key"] for got in receiver.received] == ["k-down"] * 2
    assert [got.json["possible_repeat"] for got in receiver.received] == [False, True]


@pytest.mark.parametrize(
    "headers",
    [{"a b": "x"}, {"": "x"}, {"X-A": "a\r\nB: c"}, {"X-A": "ü"}, {"Idempotency-Key": "x"}],
)
def test_headers_that_cannot_be_sent_are_told(headers: dict[str, str]) -> None:
    (problem,) = Webhook(url="https://example.com", headers=headers).problems()
    assert problem.field == "headers"


async def test_it_keeps_the_promises_of_a_provider() -> None:
    def make(url: str) -> Webhook:
        return Webhook(url=f"{url}/SECRET-PATH", headers={"Authorization": "Bearer SECRET-TOKEN"})

    await keeps_the_promises(make, ("SECRET-PATH", "SECRET-TOKEN"), quotes=False)
