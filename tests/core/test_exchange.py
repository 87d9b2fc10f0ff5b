"""What the system said is found below what httpx makes of it, at one address or at several."""

from __future__ import annotations

import errno
import os

import httpx
import pytest

from uptop_core.errors import LeaderAway
from uptop_core.exchange import Exchange, causes

pytestmark = pytest.mark.anyio

REFUSED, NO_WAY = (
    OSError(number, os.strerror(number)) for number in (errno.ECONNREFUSED, errno.ENETUNREACH)
)


class Asks(Exchange):
    """Asks by a client that is given."""

    async def ask(self, http: httpx.AsyncClient) -> None:
        await self._ask("GET", "/", http=http)


def failing(*attempts: OSError) -> httpx.MockTransport:
    """Fails as httpx does where each address of a name has failed in its way."""

    def refuse(request: httpx.Request) -> httpx.Response:
        try:
            raise OSError("All connection attempts failed") from ExceptionGroup("each", attempts)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error

    return httpx.MockTransport(refuse)


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        ((REFUSED, REFUSED), "Connection refused"),
        ((NO_WAY, REFUSED), "Network is unreachable, Connection refused"),
    ],
)
async def test_a_name_with_several_addresses_is_away_for_the_reason_of_each(
    attempts: tuple[OSError, ...], words: str
) -> None:
    async with (
        Asks("http://leader.example.com") as one,
        httpx.AsyncClient(transport=failing(*attempts)) as http,
    ):
        with pytest.raises(LeaderAway) as away:
            await one.ask(http)
    assert str(away.value) == f"no leader at http://leader.example.com: {words}"
    assert any(isinstance(one, ConnectionRefusedError) for one in causes(away.value))
