"""How a leader's own requests go out: notifications, and the dead man's switch."""

from __future__ import annotations

import httpx


class LateTransport(httpx.AsyncBaseTransport):
    """httpx's own, made for the first request: the authorities that it reads then take 3 MB of
    memory, and a leader that tells nobody over https needs none. No proxy and no file of the
    environment is used.
    """

    def __init__(self) -> None:
        self._made: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on. Raises what httpx does."""
        if self._made is None:
            self._made = httpx.AsyncHTTPTransport(trust_env=False)
        return await self._made.handle_async_request(request)

    async def aclose(self) -> None:
        """Close its connections, if there are any."""
        if self._made is not None:
            await self._made.aclose()
