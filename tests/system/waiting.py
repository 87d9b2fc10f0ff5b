"""Waiting for what is true sooner or later: by asking again and again, with a deadline."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

import anyio

PATIENCE_S = 30.0  # on a machine that has other things to do as well
_PAUSE_S = 0.05


async def until(
    what: str, ask: Callable[[], object | Awaitable[object]], within_s: float = PATIENCE_S
) -> None:
    """Ask until the answer is true; fails with `what` and the last answer otherwise."""
    deadline = anyio.current_time() + within_s
    while True:
        answer = ask()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        assert anyio.current_time() < deadline, f"not within {within_s:g} s: {what} ({answer!r})"
        await anyio.sleep(_PAUSE_S)
