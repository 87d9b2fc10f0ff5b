"""How the leader takes connections: so many at once, and when there are more, whoever holds most of them
gives one up.

A connection is an open file, of which a process may have so many: without any left nothing would be
checked, stored or answered. A connection counts from the moment it is taken, before TLS has begun;
uvicorn's own way to take them tells of none before that is over. This speaks asyncio, as what it
hands connections to does.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import ssl
from typing import TYPE_CHECKING

from uptop_core import logs
from uptop_leader.api.limits import network_of
from uptop_leader.listening import HEAD_S, BoundedHttp

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 5000
"""Connections at once; never more than half of the files that may be open. A thousand probes have two
or three thousand. Each takes 8 kB of memory, with TLS up to 90."""
_FILES = 65_536
_AT_ONCE = 64  # taken before others have their turn
_PAUSE_S = 1.0  # where no file is left to take one with

log = logging.getLogger(__name__)


def open_files() -> int:
    """Let this process have as many files open as it may have at all, and tell how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return _FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # some systems allow less than they say
        return soft
    return most


class Guest:
    """One connection, from its beginning on."""

    __slots__ = ("net", "protocol", "sock")

    def __init__(self, sock: socket.socket, net: str) -> None:
        self.sock = sock
        self.net = net
        self.protocol: BoundedHttp | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited on it."""
        return self.protocol is not None and self.protocol.is_busy

    def end(self) -> None:
        """Close it at once."""
        if self.protocol is not None and self.protocol.transport is not None:
            self.protocol.transport.abort()
            return
        try:
            self.sock.shutdown(socket.SHUT_RDWR)  # whoever reads it sees its end, and closes it
        except OSError:
            pass


class Crowd:
    """Who is connected, by network (of IPv6 its /64). Of whoever has most, the oldest connection on
    which no answer is awaited is the first to go: who opens thousands only closes their own.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._guests: dict[str, dict[Guest, None]] = {}
        self._told = False
        self.count = 0

    def come(self, guest: Guest) -> Guest | None:
        """One more; who has to go for that, if anybody."""
        leaving = self._first_to_go() if self.count >= self._most else None
        self._guests.setdefault(guest.net, {})[guest] = None
        self.count += 1
        if leaving is not None:
            self.go(leaving)
        return leaving

    def go(self, guest: Guest) -> None:
        """One less; twice is as good as once."""
        guests = self._guests.get(guest.net, {})
        if guest in guests:
            del guests[guest]
            self.count -= 1
            if not guests:
                del self._guests[guest.net]
            self._told = self._told and self.count > self._most // 2

    def _first_to_go(self) -> Guest:
        net, guests = max(self._guests.items(), key=lambda item: len(item[1]))
        if not self._told:
            self._told = True
            facts = {"most": self._most, "of": net, "held": len(guests)}
            logs.event(log, logging.WARNING, "too many connections", **facts)
        return next((guest for guest in guests if not guest.is_busy), next(iter(guests)))


class Reception:
    """Takes connections from `listener`, and gives each to a protocol of its own."""

    begin_s = HEAD_S
    """How long TLS may take to begin, and from then on to be agreed on."""

    def __init__(
        self,
        listener: socket.socket,
        greet: Callable[[], BoundedHttp],
        tls: ssl.SSLContext | None,
        crowd: Crowd,
    ) -> None:
        self._listener = listener
        self._greet = greet
        self._tls = tls
        self._crowd = crowd
        self._loop = asyncio.get_running_loop()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._is_short = False
        listener.setblocking(False)
        self._loop.add_reader(listener, self._take)

    def close(self) -> None:
        """Take no more. Those that there are go on, unless they have not even begun."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        for welcome in self._welcomes:
            welcome.cancel()

    async def wait_closed(self) -> None:
        """Return when nobody is being let in any more."""
        await asyncio.gather(*self._welcomes, return_exceptions=True)

    def _take(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._wait(error)
                return
            self._is_short = False
            guest = Guest(sock, network_of(str(address[0])))
            leaving = self._crowd.come(guest)
            if leaving is not None:
                leaving.end()
            welcome = self._loop.create_task(self._welcome(guest))
            self._welcomes.add(welcome)
            welcome.add_done_callback(self._welcomes.discard)

    def _wait(self, error: OSError) -> None:
        """No file is left, or no memory: others may need what comes free first."""
        if not self._is_short:
            self._is_short = True
            logs.event(log, logging.WARNING, "no connection can be taken", error=error.strerror)
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(
            _PAUSE_S, self._loop.add_reader, self._listener, self._take
        )

    async def _welcome(self, guest: Guest) -> None:
        def greet() -> BoundedHttp:
            protocol = guest.protocol = self._greet()
            protocol.on_end = lambda: self._crowd.go(guest)
            return protocol

        guest.sock.setblocking(False)
        within_s, is_in = None if self._tls is None else self.begin_s, False
        try:
            if self._tls is not None:
                await self._heard(guest.sock)
            await self._loop.connect_accepted_socket(
                greet, guest.sock, ssl=self._tls, ssl_handshake_timeout=within_s
            )
            is_in = True
        except OSError:  # it ended before it began; errors of TLS are such
            pass
        finally:
            if not is_in:
                self._crowd.go(guest)
                guest.sock.close()

    async def _heard(self, sock: socket.socket) -> None:
        """Return when something has come: what TLS needs is taken only for who begins with it. Raises
        TimeoutError.
        """
        came = asyncio.Event()
        self._loop.add_reader(sock, came.set)
        try:
            async with asyncio.timeout(self.begin_s):
                await came.wait()
        finally:
            self._loop.remove_reader(sock)
