"""A leader's own requests go out by a transport that is made when one does."""

from __future__ import annotations

import httpx
import pytest

from tests.leader.receivers import http_receiver
from uptop_leader.outgoing import LateTransport

pytestmark = pytest.mark.anyio


async def test_nothing_is_made_before_the_first_request() -> None:
    transport = LateTransport()
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        assert transport._made is None
        async with http_receiver() as receiver:
            answer = await http.post(receiver.url, json={"a": 1})
            await http.post(receiver.url, json={"a": 2})
    assert answer.is_success
    assert [one.json for one in receiver.received] == [{"a": 1}, {"a": 2}]


async def test_one_that_was_never_used_is_closed_like_any_other() -> None:
    async with httpx.AsyncClient(transport=LateTransport(), trust_env=False):
        pass
