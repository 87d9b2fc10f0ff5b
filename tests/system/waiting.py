"""Waiting for what is true sooner or later: by asking again and again, with a deadline."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

import anyio

PATIENCE_S = 60.0  # on a machine that has other things to do as well
_PAUSE_S = 0.05
_SHARE = 4  # asking takes a part of the time, so that it does not hold up what is waited for


async def until(
    what: str, ask: Callable[[], object | Awaitable[object]], within_s: float = PATIENCE_S
) -> None:
    """Ask until the answer is true; fails with `what` and the last answer otherwise."""
    deadline = anyio.current_time() + within_s
    while True:
        began = anyio.current_time()
        answer = ask()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        now = anyio.current_time()
        assert now < deadline, f"not within {within_s:g} s: {what} ({answer!r})"
        await anyio.sleep(max(_PAUSE_S, _SHARE * (now - began)))
