"""Waiting for sockets: a bell for each, rung when it may be read or written.

The engine reads its sockets itself, because only then it sees when the kernel received what came.
The event loop's own way to watch a socket costs up to ten system calls for one connection. Here each
loop watches one epoll for all of them, in which a connection costs a single call: a quarter of all
CPU of a check with uvloop, and asyncio comes close to uvloop. Where there is no epoll, anyio waits.
This is engine code, so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import select
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

READABLE, WRITABLE = 0x1, 0x4  # as EPOLLIN and EPOLLOUT
_ENDED = 0x18  # EPOLLERR, EPOLLHUP: then both reading and writing say what happened
_MOST_EVENTS = 256  # handled at once before the loop has its turn


class Bell:
    """Rings for the sockets that hang on it. `events` has a bit for all that rang and was not yet
    found to be over: whoever is told by the kernel to wait clears the bit, then waits.

    `rang_ns` is when it last rang, by time.perf_counter_ns.
    """

    __slots__ = ("_sockets", "_waiters", "_watch", "events", "rang_ns")

    def __init__(self) -> None:
        self.events = 0
        self.rang_ns = 0
        self._sockets: set[socket.socket] = set()
        self._waiters: list[asyncio.Future[None]] = []
        self._watch = _watch()

    def hang(self, sock: socket.socket) -> None:
        """Ring for `sock` from now on."""
        self._sockets.add(sock)
        if self._watch is not None:
            self._watch.add(sock.fileno(), self._ring)

    def take_off(self, sock: socket.socket) -> None:
        """Ring for it no more. To be called before `sock` is closed."""
        self._sockets.discard(sock)
        if self._watch is not None:
            self._watch.remove(sock.fileno())

    async def rung(self, *, writing: bool, within_s: float | None = None) -> None:
        """Return at the next ring, at the latest after `within_s`. May return for nothing.

        `writing` says that it is also waited for being writable; only one that asks for both may
        wait for writing.
        """
        if self._watch is None:
            await self._wait_by_anyio(writing, within_s)
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        timer = None if within_s is None else loop.call_later(within_s, _wake, waiter)
        try:
            await waiter
        finally:
            if timer is not None:
                timer.cancel()

    def _ring(self, events: int) -> None:
        self.rang_ns = time.perf_counter_ns()
        self.events |= (READABLE | WRITABLE) if events & _ENDED else events
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _wake(waiter)

    async def _wait_by_anyio(self, writing: bool, within_s: float | None) -> None:
        waits: list[Callable[[socket.socket], Awaitable[None]]] = [anyio.wait_readable]
        waits += [anyio.wait_writable] if writing else []

        async def wait(one: Callable[[socket.socket], Awaitable[None]], of: socket.socket) -> None:
            await one(of)
            group.cancel_scope.cancel()

        with anyio.move_on_after(within_s):
            async with anyio.create_task_group() as group:
                for sock in self._sockets:
                    for one in waits:
                        group.start_soon(wait, one, sock)
        self._ring(READABLE | WRITABLE)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _Watch:
    """One epoll, itself watched by the loop. Edges only, so that nothing is told twice."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rings: dict[int, Callable[[int], None]] = {}
        self._epoll = select.epoll()
        loop.add_reader(self._epoll.fileno(), self._ready)

    def add(self, number: int, ring: Callable[[int], None]) -> None:
        self._rings[number] = ring
        self._epoll.register(number, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def remove(self, number: int) -> None:
        # Closing the socket takes it out of the epoll; the number may belong to another one then.
        self._rings.pop(number, None)

    def _ready(self) -> None:
        for number, events in self._epoll.poll(0, _MOST_EVENTS):
            ring = self._rings.get(number)
            if ring is not None:
                ring(events)


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
