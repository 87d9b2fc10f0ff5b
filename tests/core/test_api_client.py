"""The typed client against a listener that is not, or not quite, a leader."""

from __future__ import annotations

import pytest

from tests.core.test_client import Scripted
from tests.probe.scripted_server import Reply, answer, page
from uptop_core.api_client import ApiClient
from uptop_core.errors import LeaderAway, LeaderBusy, LeaderOld, LeaderStrange

pytestmark = pytest.mark.anyio

_PROBLEM = {"Content_Type": "application/problem+json"}


async def _fails(reply: Reply) -> Exception:
    server = Scripted(reply)
    async with server.serving(), ApiClient(server.url, token="t") as client:
        with pytest.raises(Exception) as failed:
            await client.me()
    return failed.value


@pytest.mark.parametrize("status", [200, 401, 403, 404, 407, 502, 503])
async def test_a_page_of_something_in_between_is_never_a_leaders_word(status: int) -> None:
    error = await _fails(page(status))
    assert isinstance(error, LeaderStrange)
    if status != 200:
        assert f"something in between says HTTP {status}" in str(error)


async def test_who_is_in_between_is_named_as_it_names_itself() -> None:
    reply = Reply(status=502, headers={"Content-Type": "text/html", "Server": "nginx/1.25"})
    assert "nginx/1.25 says HTTP 502" in str(await _fails(reply))


async def test_a_leader_without_that_address_is_old() -> None:
    told = {"status": 404, "title": "Not Found", "code": "no_address", "detail": "nothing is here"}
    assert isinstance(await _fails(answer(told, 404, **_PROBLEM)), LeaderOld)


async def test_a_leader_that_stands_by_is_asked_again() -> None:
    told = {"status": 503, "title": "x", "code": "standing_by", "detail": "ask the other node"}
    error = await _fails(answer(told, 503, Retry_After="7", **_PROBLEM))
    assert isinstance(error, LeaderBusy)
    assert error.retry_after_s == 7.0


async def test_why_no_stream_begins_is_said_as_of_any_question() -> None:
    async with ApiClient("http://127.0.0.1:9", token="t") as client:
        with pytest.raises(LeaderAway, match="Connection refused"):
            async with client.events():
                raise AssertionError("nobody is there")


async def test_a_stream_that_is_cut_is_a_leader_that_is_away() -> None:
    body = b"event: hello\nid: a-1\ndata: {}\n\nevent: mon"
    headers = {"Content-Type": "text/event-stream"}
    server = Scripted(Reply(headers=headers, body=body + b"x" * 50, cut=len(body)))
    async with server.serving(), ApiClient(server.url, token="t") as client:
        with pytest.raises(LeaderAway):
            async with client.events() as events:
                kinds = [event.kind async for event in events]
                assert kinds == ["hello"]
