"""Asking the system's resolver in threads of our own, so that a dead name server harms nobody else.

The shared threads of the event loop are few, a lookup at a dead name server holds one for half a
minute, and a process waits for them at its end. These are daemon threads, more of them, and a
caller that gives up leaves at once. This is engine code, so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from queue import SimpleQueue

Answers = list[str]
_Task = tuple[Future[Answers], str, int, int]


class Lookups:
    """At most `limit` lookups at once; more wait their turn, and those given up are not begun."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: SimpleQueue[_Task] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    async def ask(self, host: str, port: int, family: int) -> Answers:
        """The addresses of `host` as text. Raises socket.gaierror or another OSError."""
        future: Future[Answers] = Future()
        with self._lock:
            self._unfinished += 1
            needs_thread = self._threads < min(self._unfinished, self._limit)
            self._threads += needs_thread
        self._waiting.put((future, host, port, family))
        if needs_thread:
            threading.Thread(target=self._work, name="uptop lookup", daemon=True).start()
        return await asyncio.wrap_future(future)

    def _work(self) -> None:
        while True:
            future, host, port, family = self._waiting.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(_look_up(host, port, family))
                except Exception as error:  # noqa: BLE001  belongs to the one who asked
                    future.set_exception(error)
            with self._lock:
                self._unfinished -= 1


def _look_up(host: str, port: int, family: int) -> Answers:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


# One per process, like the event loop's own threads: it holds nothing of any check.
LOOKUPS = Lookups(limit=48)
