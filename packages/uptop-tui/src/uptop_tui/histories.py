"""The last 24 hours of monitors for a line of text each: read when a row comes into sight, a few at a
time, and kept for some minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import LeaderError
from uptop_tui.sparks import cells, latency_spark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.content import Content

    from uptop_core.api_client import ApiClient

KEPT_MS = 5 * 60_000
AT_ONCE = 2


class Histories:
    """Sparks by monitor. `on_read` is told which one has come."""

    def __init__(
        self, client: ApiClient, now: Callable[[], int], on_read: Callable[[str], None], count: int
    ) -> None:
        self._client = client
        self._now = now
        self._on_read = on_read
        self._count = count
        self._known: dict[str, tuple[int, Content]] = {}
        self._wanted: list[str] = []
        self._news = anyio.Event()

    def spark(self, monitor: str) -> Content | None:
        """What is known of a monitor, be it somewhat old."""
        known = self._known.get(monitor)
        return None if known is None else known[1]

    def want(self, monitors: Iterable[str]) -> None:
        """These are in sight; what was wanted before is not any more."""
        self._wanted = [monitor for monitor in monitors if self._is_old(monitor)]
        self._news.set()

    async def run(self) -> None:
        """Read what is wanted, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(self._read_on)

    async def _read_on(self) -> None:
        while True:
            if not self._wanted:
                self._news = anyio.Event() if self._news.is_set() else self._news
                await self._news.wait()
                continue
            monitor = self._wanted.pop(0)
            try:
                history = await self._client.history(monitor)
            except LeaderError:
                await anyio.sleep(1)  # it is told elsewhere that the leader is away
                continue
            now = self._now()
            self._known[monitor] = (now, latency_spark(cells(history, self._count, now)))
            self._on_read(monitor)

    def _is_old(self, monitor: str) -> bool:
        known = self._known.get(monitor)
        return known is None or self._now() - known[0] > KEPT_MS
