"""From vetted addresses to a connection: a dead address must not eat the whole timeout.

How long the connecting took is the kernel's measurement (TCP_INFO) where there is one.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
import time
from collections import deque
from ipaddress import IPv6Address
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from uptop_core.looks import Phase
from uptop_core.prober.os_errors import connect_failure
from uptop_core.prober.readiness import Bell
from uptop_core.prober.streams import Stream, stamp_what_comes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_core.looks import Look
    from uptop_core.targets import Address

HEAD_START_S = 0.25  # what each address gets before the next one is tried as well (RFC 8305)
MOST_ADDRESSES = 6  # how many addresses of a name are tried at all

_KIND = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)
# Of Linux's struct tcp_info: the state, the round trip (µs), the number of packets sent again.
_INFO = struct.Struct("@B67xI28xI") if sys.platform == "linux" else None
_UNDECIDED = (2, 3)  # TCP_SYN_SENT, TCP_SYN_RECV
_CLOSED = 7


async def connect(look: Look, addresses: Sequence[Address], port: int) -> Stream:
    """A connection to the first of `addresses` that takes one; sets `look.address`.

    `addresses` come from `resolve`, which has vetted them. Each gets a head start before the next
    is tried beside it, and the two families take turns. Raises CheckFailed with what the first
    address said when none works.
    """
    look.enter(Phase.CONNECT)
    order = take_turns(addresses) if len(addresses) > 1 else addresses
    race = _Race(order[:MOST_ADDRESSES], port)
    look.address = str(order[0])
    try:
        won = await race.run()
    except OSError as error:
        raise connect_failure(error, f"{_written(order[0])}:{port}") from error
    look.address = str(won.address)
    look.enter(None, won.connected_ns)
    return Stream(won.sock, race.bell)


def take_turns(addresses: Sequence[Address]) -> list[Address]:
    """The same addresses, with the family of the first and the other one by turns."""
    first = addresses[0].version
    same = [address for address in addresses if address.version == first]
    other = [address for address in addresses if address.version != first]
    pairs = chain.from_iterable(zip_longest(same, other))
    return [address for address in pairs if address is not None]


class _Attempt:
    """A connection being made. Raises OSError when it cannot even be begun."""

    def __init__(self, address: Address, port: int, bell: Bell) -> None:
        self.address = address
        self.connected_ns = 0
        self._bell = bell
        self.sock = socket.socket(_family(address), _KIND)
        try:
            if self.sock.gettimeout() != 0:
                self.sock.setblocking(False)
            stamp_what_comes(self.sock)
            self._began_ns = time.perf_counter_ns()
            try:
                self.sock.connect((str(address), port))
            except BlockingIOError:
                pass
            bell.hang(self.sock)
        except BaseException:
            self.sock.close()
            raise

    def is_connected(self) -> bool:
        """Whether it is by now. Raises OSError when it never will be."""
        self.connected_ns = self._bell.rang_ns
        if _INFO is not None:
            info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, trip_us, sent_again = _INFO.unpack(info)
            if state in _UNDECIDED:
                return False
            if state != _CLOSED:
                if not sent_again:  # else the kernel does not know which of them was answered
                    self.connected_ns = min(self.connected_ns, self._began_ns + trip_us * 1000)
                return True
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        try:
            self.sock.getpeername()
        except OSError as error:
            if _INFO is None and error.errno == errno.ENOTCONN:
                return False
            raise
        return True

    def give_up(self) -> None:
        """Close it."""
        self._bell.take_off(self.sock)
        self.sock.close()


class _Race:
    """Attempts one after another, each with a head start; the first connection ends all others."""

    def __init__(self, order: Sequence[Address], port: int) -> None:
        self.bell = Bell()
        self._order = order
        self._port = port
        self._waiting = deque(order)
        self._running: list[_Attempt] = []
        self._first_error: OSError | None = None

    async def run(self) -> _Attempt:
        """The winner. Raises the error of the first address if there is none."""
        won: _Attempt | None = None
        try:
            while won is None:
                self._begin_next()
                won = await self._won()
            self._running.remove(won)
            return won
        finally:
            for attempt in self._running:
                attempt.give_up()

    def _begin_next(self) -> None:
        """Begin with the next address with which one can. Raises OSError if all have failed."""
        while self._waiting:
            address = self._waiting.popleft()
            try:
                self._running.append(_Attempt(address, self._port, self.bell))
                return
            except OSError as error:
                self._failed(address, error)
        if not self._running:
            assert self._first_error is not None  # noqa: S101  nothing runs, so all have failed
            raise self._first_error

    async def _won(self) -> _Attempt | None:
        """The one that connects; None once the next may begin beside those that run."""
        until = time.monotonic() + HEAD_START_S
        while True:
            within_s = max(0.0, until - time.monotonic()) if self._waiting else None
            await self.bell.rung(writing=True, within_s=within_s)
            for attempt in tuple(self._running):
                try:
                    if attempt.is_connected():
                        return attempt
                except OSError as error:
                    self._running.remove(attempt)
                    attempt.give_up()
                    self._failed(attempt.address, error)
                    return None
            if self._waiting and time.monotonic() >= until:
                return None

    def _failed(self, address: Address, error: OSError) -> None:
        if address == self._order[0]:
            self._first_error = error


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET


def _written(address: Address) -> str:
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)
