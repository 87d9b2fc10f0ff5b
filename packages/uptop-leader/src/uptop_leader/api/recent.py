"""A value that is costly to make, kept for a moment: many who ask at once share one making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Recent(Generic[T]):
    """The value of `make`, at most `seconds` old. `now` is any clock in seconds."""

    def __init__(
        self, make: Callable[[], Awaitable[T]], now: Callable[[], float], seconds: float
    ) -> None:
        self._make = make
        self._now = now
        self._seconds = seconds
        self._lock = anyio.Lock()
        self._held: tuple[float, T] | None = None

    async def get(self) -> T:
        """The value; made anew when the one that is held is too old."""
        async with self._lock:
            began = self._now()
            if self._held is None or not 0 <= began - self._held[0] < self._seconds:
                self._held = (began, await self._make())
            return self._held[1]
