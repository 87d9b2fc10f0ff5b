"""Asking the system's resolver in threads of our own, so that a dead name server harms nobody else.

Only the system's resolver knows all that its administrator wrote (/etc/hosts, search domains, other
sources of names), and it can only be called in a thread, which a dead name server holds for half a
minute. So a caller that gives up leaves at once, there are many threads, and names that hung when
they were last asked for have at most half of them: the names that are well find a free one, whatever
becomes of the others. Nothing is remembered of an answer. The threads are
daemons: the process does not wait for them at its end. This is engine code, so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Answers = list[str]

WAIT_S = 0.1  # how long a lookup waits for a thread, unless there are too many
IDLE_S = 10.0  # after which a thread without work ends


def look_up(host: str, port: int, family: int) -> Answers:
    """The addresses of `host` as text, in the system's order; blocks. Raises socket.gaierror."""
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Lookup:
    """One that is asked for. `answer` belongs to the loop, all else to the lock."""

    __slots__ = ("answer", "family", "given_up", "host", "is_slow", "port", "running")

    def __init__(
        self, host: str, port: int, family: int, answer: asyncio.Future[Answers | Exception]
    ) -> None:
        self.host = host
        self.port = port
        self.family = family
        self.answer = answer
        self.is_slow = self.running = self.given_up = False

    def end(self, found: Answers | Exception) -> None:
        """Called on the loop. A failure is a value here: nobody may be left to take an exception."""
        if not self.answer.done():
            self.answer.set_result(found)


class Lookups:
    """At most `most` lookups at once, those that hang included; more wait their turn, and those given
    up are not begun. A thread ends when it had nothing to do for `idle_s` seconds. Threads get in
    each other's way, so that beyond a `few` there is a new one only for what waited for `WAIT_S`.
    """

    def __init__(
        self,
        most: int = 1024,
        few: int = 16,
        look_up: Callable[[str, int, int], Answers] = look_up,
        idle_s: float = IDLE_S,
    ) -> None:
        self._most = most
        self._few = few
        self._look_up = look_up
        self._idle_s = idle_s
        self._work = threading.Condition(threading.Lock())
        self._waiting: deque[_Lookup] = deque()
        self._waiting_slow: deque[_Lookup] = deque()
        self._slow: set[str] = set()  # names that hung when they were last asked for
        self._running = self._running_slow = 0
        self._stuck = 0  # of those that run: nobody awaits them any more
        self.threads = 0

    async def ask(self, host: str, port: int, family: int) -> Answers:
        """The addresses of `host` as text. Raises socket.gaierror or another OSError."""
        loop = asyncio.get_running_loop()
        lookup = _Lookup(host, port, family, loop.create_future())
        with self._work:
            lookup.is_slow = host in self._slow
            (self._waiting_slow if lookup.is_slow else self._waiting).append(lookup)
            has_thread = self._staff(self._few + self._stuck)
        relief = None if has_thread else loop.call_later(WAIT_S, self._relieve, lookup)
        try:
            found = await lookup.answer
        except asyncio.CancelledError:
            self._give_up(lookup)
            raise
        finally:
            if relief is not None:
                relief.cancel()
        if isinstance(found, Exception):
            raise found
        return found

    def _relieve(self, lookup: _Lookup) -> None:
        """Have it begun, or one that came before it."""
        with self._work:
            if not lookup.running:
                self._staff(self.threads + 1)

    def _give_up(self, lookup: _Lookup) -> None:
        with self._work:
            lookup.given_up = True
            if lookup.running:
                self._stuck += 1
                self._running_slow -= lookup.is_slow
                self._slow.add(lookup.host)
                return
            queue = self._waiting_slow if lookup.is_slow else self._waiting
            with suppress(ValueError):  # it has just ended
                queue.remove(lookup)

    def _staff(self, enough: int) -> bool:
        """See to it that there is a thread for each that may begin, up to `enough`; whether none
        must wait.
        """
        ready = len(self._waiting) + min(len(self._waiting_slow), self._room_for_slow())
        enough = min(enough, self._most)
        while self.threads - self._running < ready and self.threads < enough:
            try:
                threading.Thread(target=self._serve, name="uptop lookup", daemon=True).start()
            except RuntimeError:
                if self.threads:
                    break  # there are others, who will come to it
                self._waiting.clear()  # all but the newest would have one
                self._waiting_slow.clear()
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            self.threads += 1
        self._work.notify(ready)
        return self.threads - self._running >= len(self._waiting) + len(self._waiting_slow)

    def _room_for_slow(self) -> int:
        return max(0, self._most // 2 - self._stuck - self._running_slow)

    def _serve(self) -> None:
        """What each thread does, until there is nothing to do."""
        while True:
            lookup = self._next()
            if lookup is None:
                return
            found: Answers | Exception
            try:
                found = self._look_up(lookup.host, lookup.port, lookup.family)
            except Exception as error:  # noqa: BLE001  raised again where it was asked
                found = error
            with self._work:
                lookup.running = False
                self._running -= 1
                self._slow.discard(lookup.host)
                if lookup.given_up:
                    self._stuck -= 1
                elif lookup.is_slow:
                    self._running_slow -= 1
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                lookup.answer.get_loop().call_soon_threadsafe(lookup.end, found)

    def _next(self) -> _Lookup | None:
        """The next one to look up; None when a thread is needed no more."""
        with self._work:
            is_idle = False
            while True:
                lookup = None
                if self._waiting:
                    lookup = self._waiting.popleft()
                elif self._waiting_slow and self._room_for_slow():
                    lookup = self._waiting_slow.popleft()
                if lookup is not None:
                    lookup.running = True
                    self._running += 1
                    self._running_slow += lookup.is_slow
                    return lookup
                if is_idle:
                    self.threads -= 1
                    return None
                is_idle = not self._work.wait(self._idle_s)


# One per process, as the resolver is: threads that hang in it can be ended by nobody, so that their
# number must be bounded for all who ask together. It holds nothing of any check.
LOOKUPS = Lookups()
