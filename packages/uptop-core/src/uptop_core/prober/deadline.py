"""The one timer of a look: at its end the task is cancelled, and the block raises TimeoutError.

Time in which we stood still ourselves (a stopped process, a loop that was kept busy) is not the
target's: an answer may have come meanwhile. A timer that rings late gives that time back.

A scope of anyio for each check costs five times as much, and this is what every check pays. It is
engine code, so it speaks asyncio; scopes of anyio may stand inside and outside.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_AGAIN_S = 0.1  # after which what still runs is told once more
_STOOD_S = 0.1  # a timer that rings later than this has been kept from it


class Deadline:
    """`with Deadline(seconds):` raises TimeoutError if the block is not done by then. What it gives
    back is never more than `seconds`.
    """

    __slots__ = ("_before", "_seconds", "_spare", "_task", "_timer", "_told")

    def __init__(self, seconds: float) -> None:
        self._seconds = self._spare = seconds
        self._told = 0

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a deadline is for a task"  # noqa: S101  else the caller is wrong
        self._task = task
        self._before = task.cancelling()
        self._timer = task.get_loop().call_later(self._seconds, self._pass)

    def _pass(self) -> None:
        loop = asyncio.get_running_loop()
        late = min(loop.time() - self._timer.when(), self._spare)
        if late > _STOOD_S and not self._told:
            self._spare -= late
            self._timer = loop.call_later(late, self._pass)
            return
        self._told += 1
        self._task.cancel()
        self._timer = loop.call_later(_AGAIN_S, self._pass)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if not self._told:
            return
        for _ in range(self._told):
            self._task.uncancel()
        if self._task.cancelling() <= self._before and (
            kind is None or kind is asyncio.CancelledError
        ):
            raise TimeoutError from error
