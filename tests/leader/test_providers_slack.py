"""slack: text in which nothing is markup that should not be."""

from __future__ import annotations

import pytest

from tests.leader.receivers import DOWN, http_receiver, keeps_the_promises, send
from uptop_leader.messages import Rendered
from uptop_leader.providers.slack import Slack

pytestmark = pytest.mark.anyio


async def test_the_text_is_escaped_and_mentions_nobody() -> None:
    said = Rendered("DOWN: a & b", "<!everyone> said 1 > 0 to @everyone, @Here and ops@example.com")
    async with http_receiver() as receiver:
        receiver.body = b"ok"
        await send(Slack(url=f"{receiver.url}/services/T/B/x"), DOWN, said)
    assert receiver.only.path == "/services/T/B/x"
    assert receiver.only.json == {
        "text": "*DOWN: a &amp; b*\n&lt;!everyone&gt; said 1 &gt; 0 to @\u200beveryone,"
        " @\u200bHere and ops@example.com",
        "unfurl_links": False,
        "unfurl_media": False,
    }


async def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    async with http_receiver() as receiver:
        await send(Slack(url=receiver.url), DOWN, Rendered("DOWN", "&" * 9000))
    assert receiver.only.json["text"].count("&amp;") == 2999


async def test_it_keeps_the_promises_of_a_provider() -> None:
    await keeps_the_promises(lambda url: Slack(url=f"{url}/services/T0/B0/SECRET"), ("SECRET",))
