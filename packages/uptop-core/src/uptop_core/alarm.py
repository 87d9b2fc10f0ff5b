"""What the loop of a part waits for: that somebody rings, or that its time has come.

Loops do this up to a thousand times a second, and a scope of anyio that ends a wait by cancelling it
costs ten times as much, so this speaks asyncio. Scopes of anyio may stand around it.
"""

from __future__ import annotations

import asyncio


class Alarm:
    """Rings for one loop. A ring that nobody waits for is kept for the next wait."""

    __slots__ = ("_rung", "_waiter")

    def __init__(self) -> None:
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """End the wait, or the next one; to ring twice before that is to ring once."""
        self._rung = True
        if self._waiter is not None:
            _end(self._waiter)

    async def rings(self, within_s: float | None = None) -> None:
        """Return when it rings, or has rung since it was last waited for; at the latest after
        `within_s`. Others have their turn in any case.
        """
        if self._rung:
            await asyncio.sleep(0)
        else:
            await self._wait(within_s)
        self._rung = False

    async def _wait(self, within_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = None if within_s is None else loop.call_later(within_s, _end, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
