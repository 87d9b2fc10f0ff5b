"""Waiting for sockets: a bell for each, rung when it may be read or written.

The engine reads its sockets itself, because only then it sees when the kernel received what came.
The event loop's own way to watch a socket costs up to ten system calls for one connection. Here each
loop watches one epoll for all of them, in which a connection costs a single call: a fifth of all CPU
of a check with uvloop, and asyncio comes close to uvloop. Where there is no epoll, anyio waits.
This is engine code, so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from uptop_core.prober.stamps import stamp_what_comes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_LOOK_AFTER_S = 0.02
READABLE, WRITABLE = 0x1, 0x4  # as EPOLLIN and EPOLLOUT
_BOTH = READABLE | WRITABLE
_ENDED = 0x18  # EPOLLERR, EPOLLHUP: then both reading and writing say what happened
_MOST_EVENTS = 256  # handled at once before the loop has its turn


class Bell:
    """Rings for one socket. `events` has a bit for what may be done; whoever is told by the kernel
    that it may not, clears the bit and waits for the next ring.

    `rang_ns` is when it last rang, by time.perf_counter_ns.
    """

    __slots__ = ("_sock", "_waiter", "_watch", "events", "rang_ns")

    def __init__(self, sock: socket.socket) -> None:
        self.events = 0
        self.rang_ns = 0
        self._sock = sock
        self._waiter: asyncio.Future[None] | None = None
        self._watch = _watch()
        if self._watch is not None:
            self._watch.add(sock.fileno(), self._ring)

    def take_off(self) -> None:
        """Ring no more. To be called before the socket is closed."""
        if self._watch is not None:
            self._watch.remove(self._sock.fileno())

    def rung(self, wanted: int) -> Awaitable[None]:
        """Await this until the next ring, which is for `wanted` if not for all there is."""
        if self._watch is None:
            return self._by_anyio(wanted)
        self._waiter = self._watch.loop.create_future()
        return self._waiter

    async def _by_anyio(self, wanted: int) -> None:
        if wanted == WRITABLE:
            await anyio.wait_writable(self._sock)
        else:
            # For both, anyio cannot wait: so the one is waited for, the other looked after.
            with anyio.move_on_after(None if wanted == READABLE else _LOOK_AFTER_S):
                await anyio.wait_readable(self._sock)
        self._ring(_BOTH)

    def _ring(self, events: int) -> None:
        self.rang_ns = time.perf_counter_ns()
        self.events |= _BOTH if events & _ENDED else events
        if self._waiter is not None:
            _wake(self._waiter)


async def first_rung(bells: Sequence[Bell], within_s: float | None) -> None:
    """Return when one of them may be written, at the latest after `within_s`."""
    loop = asyncio.get_running_loop()
    if any(bell._watch is None for bell in bells):
        await _first_by_anyio(bells, within_s)
        return
    waiter: asyncio.Future[None] = loop.create_future()
    for bell in bells:
        bell._waiter = waiter
    timer = None if within_s is None else loop.call_later(within_s, _wake, waiter)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()


async def _first_by_anyio(bells: Sequence[Bell], within_s: float | None) -> None:
    async def wait(bell: Bell) -> None:
        await bell.rung(WRITABLE)
        group.cancel_scope.cancel()

    with anyio.move_on_after(within_s):
        async with anyio.create_task_group() as group:
            for bell in bells:
                group.start_soon(wait, bell)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _Watch:
    """One epoll, itself watched by the loop. Edges only, so that nothing is told twice."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._rings: dict[int, Callable[[int], None]] = {}
        self._epoll = select.epoll()
        self._edges = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET
        loop.add_reader(self._epoll.fileno(), self._ready)
        # The kernel stamps what comes while any socket wants that, and begins to a little later:
        # so one always does, else the first look after a pause would have no stamps.
        stamped = socket.socket()
        stamp_what_comes(stamped)
        weakref.finalize(self, stamped.close)

    def add(self, number: int, ring: Callable[[int], None]) -> None:
        self._epoll.register(number, self._edges)
        self._rings[number] = ring

    def remove(self, number: int) -> None:
        # Closing the socket takes it out of the epoll; the number may belong to another one then.
        self._rings.pop(number, None)

    def _ready(self) -> None:
        rings = self._rings
        for number, events in self._epoll.poll(0, _MOST_EVENTS):
            if number in rings:
                rings[number](events)


class _Here(threading.local):
    """The watch of the loop that runs in this thread."""

    loop: asyncio.AbstractEventLoop | None = None
    watch: _Watch | None = None


_HERE = _Here()


def _watch() -> _Watch | None:
    """The one of the running loop; None where there can be none."""
    loop = asyncio.get_running_loop()
    if _HERE.loop is not loop:
        _HERE.loop, _HERE.watch = loop, None
        if hasattr(select, "epoll"):
            with suppress(NotImplementedError):  # a loop that watches no files
                _HERE.watch = _Watch(loop)
    return _HERE.watch
