"""discord: plain content that mentions nobody."""

from __future__ import annotations

import pytest

from tests.leader.receivers import DOWN, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.discord import Discord

pytestmark = pytest.mark.anyio


async def test_the_title_is_bold_and_nobody_is_mentioned() -> None:
    async with http_receiver() as receiver:
        receiver.status, receiver.body = 204, b""
        await send(
            Discord(url=f"{receiver.url}/api/webhooks/1/t"), DOWN, Rendered("DOWN", "@everyone")
        )
    assert receiver.only.path == "/api/webhooks/1/t"
    assert receiver.only.json == {
        "content": "**DOWN**\n@everyone",
        "allowed_mentions": {"parse": []},
        "flags": 4,
    }


async def test_content_is_at_most_2000_characters() -> None:
    async with http_receiver() as receiver:
        await send(Discord(url=receiver.url), DOWN, Rendered("DOWN", "x" * 9000))
    assert len(receiver.only.json["content"]) == 2000


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(lambda url: Discord(url=f"{url}/api/webhooks/77/SECRET"), ("SECRET",))
