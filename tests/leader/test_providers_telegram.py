"""telegram: sendMessage of the Bot API."""

from __future__ import annotations

import pytest

from tests.leader.receivers import DOWN, failure, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.telegram import Telegram

pytestmark = pytest.mark.anyio


async def test_a_message_is_plain_text_to_the_chat() -> None:
    async with http_receiver() as receiver:
        receiver.body = b'{"ok":true,"result":{}}'
        await send(Telegram(token="12:ab", chat_id=-100, api_url=receiver.url))
        await send(Telegram(token="12:ab", chat_id="@ops", api_url=f"{receiver.url}/"))
    first, second = receiver.received
    assert first.path == second.path == "/bot12:ab/sendMessage"
    assert first.json == {
        "chat_id": -100,
        "text": "DOWN: API\nAPI is down since 12:03:10 UTC: 2 × timeout.",
        "link_preview_options": {"is_disabled": True},
    }
    assert second.json["chat_id"] == "@ops"


async def test_what_telegram_says_of_an_error_is_told() -> None:
    async with http_receiver() as receiver:
        receiver.status = 400
        receiver.body = b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
        error = await failure(Telegram(token="12:ab", chat_id=1, api_url=receiver.url))
    assert str(error) == "the service answered 400: Bad Request: chat not found"
    assert error.permanent


async def test_a_text_is_at_most_4096_characters() -> None:
    async with http_receiver() as receiver:
        provider = Telegram(token="12:ab", chat_id=1, api_url=receiver.url)
        await send(provider, DOWN, Rendered("DOWN", "x" * 9000))
    assert len(receiver.only.json["text"]) == 4096


def test_settings_that_cannot_work_are_told() -> None:
    wrong = Telegram(token="12/../x", chat_id=" ", api_url="api.telegram.org")
    assert [problem.field for problem in wrong.problems()] == ["token", "chat_id", "api_url"]


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(
        lambda url: Telegram(token="12345:SECRET", chat_id=1, api_url=url),
        ("12345:SECRET", "SECRET"),
    )
