"""What the engine is asked and has not answered yet. Whoever asks gets an answer, also when the engine
ends while he waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_leader.refusals import Behind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_leader.inputs import Input

LIMIT = 1000  # inputs that may wait


class Asked(Struct):
    """An input, and its answer when it is `done`; a refusal if that is an exception."""

    entry: Input
    done: anyio.Event
    answer: object = None


class Queue:
    """Inputs in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[Asked] = []
        self._taken: list[Asked] = []
        self._ended: Behind | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, entry: Input) -> Asked:
        """Let an input wait. Raises Behind when too many do, or what the queue has ended with."""
        if self._ended is not None:
            raise self._ended
        if len(self._waiting) >= LIMIT:
            raise Behind("the queue is full")
        asked = Asked(entry, anyio.Event())
        self._waiting.append(asked)
        return asked

    def take(self, most: int) -> list[Asked]:
        """The first of them, to be answered before more are taken."""
        self._taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return self._taken

    async def emptied(self) -> None:
        """Return when the one that is now the last was answered."""
        if self._waiting:
            await self._waiting[-1].done.wait()

    def end(self, refusal: Behind) -> None:
        """Answer by a refusal whoever waits, and whoever asks from now on."""
        self._ended = refusal
        refuse(refusal, [*self._taken, *self._waiting])


def refuse(refusal: Behind, inputs: Iterable[Asked]) -> None:
    """Answer by a refusal those that have no answer yet."""
    for asked in inputs:
        if not asked.done.is_set():
            asked.answer = refusal
            asked.done.set()
