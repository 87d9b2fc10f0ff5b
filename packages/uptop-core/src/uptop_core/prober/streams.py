"""One TCP connection, made, read and written by ourselves, that knows what the kernel knows of time:
how long connecting took, and when it received what came.

It is a stream of anyio's, so that TLS, HTTP libraries and our own engine speak over the same one.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import anyio
from anyio.abc import ByteStream

from uptop_core.prober.readiness import READABLE, WRITABLE, Bell
from uptop_core.prober.stamps import SPACE, stamp_what_comes, stamped_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.targets import Address

RECEIVE_BYTES = 65_536

_LINUX = sys.platform == "linux"
_KIND = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)
_BEGUN = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

# Of Linux's struct tcp_info: the state, the round trip (µs), the number of packets sent again.
_INFO = struct.Struct("@B67xI28xI")
_UNDECIDED = (2, 3)  # TCP_SYN_SENT, TCP_SYN_RECV
_CLOSED = 7


_text: Callable[[Address], str] = lru_cache(maxsize=1024)(str)


class Stream(ByteStream):
    """A connection to `address`:`port`, begun when this is made; what else can be done with it,
    can be done once `is_connected`. Raises OSError when it cannot even be begun.

    `text` is the address in words. By time.perf_counter_ns: `connected_ns` is when it was, and
    `arrived_ns` when the bytes last received arrived. `late_ns` is for how long, in all, bytes had
    been there before they were read.
    """

    def __init__(self, address: Address, port: int) -> None:
        self.text = _text(address)
        self.connected_ns = self.arrived_ns = self.late_ns = 0
        self._read_ns = 0  # when something was last read, or that it is connected
        self._unsent: memoryview | None = None
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        self._sock = sock = socket.socket(family, _KIND)
        try:
            stamp_what_comes(sock)
            if not _LINUX:
                sock.setblocking(False)
            self._began_ns = time.perf_counter_ns()
            code = sock.connect_ex((self.text, port))
            if code not in _BEGUN:
                raise OSError(code, os.strerror(code))
            self.bell = Bell(sock)
        except BaseException:
            sock.close()
            raise

    def is_connected(self) -> bool:
        """Whether it is by now. Raises OSError when it never will be."""
        rang_ns = self.bell.rang_ns or time.perf_counter_ns()
        self.connected_ns = self._read_ns = rang_ns
        if _LINUX:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, trip_us, sent_again = _INFO.unpack(info)
            if state in _UNDECIDED:
                return False
            if state != _CLOSED:
                if not sent_again:  # else the kernel does not know which of them was answered
                    self.connected_ns = min(rang_ns, self._began_ns + trip_us * 1000)
                return True
        code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        try:
            self._sock.getpeername()
        except OSError as error:
            if not _LINUX and error.errno == errno.ENOTCONN:
                return False
            raise
        return True

    async def receive(self, max_bytes: int = RECEIVE_BYTES) -> bytes:
        """What came, at least a byte. Raises EndOfStream, BrokenResourceError or, once closed,
        ClosedResourceError.
        """
        bell = self.bell
        while True:
            if self._unsent is not None and bell.events & WRITABLE:
                with suppress(anyio.BrokenResourceError):  # what there is to read says why
                    self._send_rest()
            if bell.events & READABLE:
                try:
                    data, told, _, _ = self._sock.recvmsg(max_bytes, SPACE)
                except BlockingIOError:
                    bell.events &= ~READABLE
                except OSError as error:
                    raise self._broken() from error
                else:
                    self._note(told)
                    if data:
                        return data
                    raise anyio.EndOfStream
            await bell.rung(READABLE if self._unsent is None else READABLE | WRITABLE)

    async def send(self, item: bytes) -> None:
        """Hand over `item`. What the kernel does not take at once is sent while receiving, since an
        answer may come before all was sent, or in `flush`. Raises as `receive` does.
        """
        if self._unsent is not None:
            await self.flush()
        try:
            sent = self._sock.send(item)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._broken() from error
        if sent < len(item):
            self._unsent = memoryview(item)[sent:]
            self._send_rest()

    async def flush(self) -> None:
        """Return when the kernel has taken everything. Raises as `receive` does."""
        while self._unsent is not None:
            if self.bell.events & WRITABLE:
                self._send_rest()
            else:
                await self.bell.rung(WRITABLE)

    async def send_eof(self) -> None:
        """Say that nothing more comes from here."""
        await self.flush()
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._broken() from error

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    def close(self) -> None:
        """Close the connection; doing it again changes nothing."""
        if self._sock.fileno() >= 0:
            self.bell.take_off()
            self._sock.close()

    def hasten(self) -> None:
        """Send small pieces at once, not only when earlier ones were acknowledged."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _send_rest(self) -> None:
        rest = self._unsent
        while rest is not None:
            try:
                sent = self._sock.send(rest)
            except BlockingIOError:
                self.bell.events &= ~WRITABLE
                break
            except OSError as error:
                self._unsent = None
                raise self._broken() from error
            rest = rest[sent:] if sent < len(rest) else None
        self._unsent = rest

    def _note(self, told: list[tuple[int, int, bytes]]) -> None:
        """Note when what was read arrived: by the kernel's stamp, or when the bell rang if there is
        none. A wall clock that was set in between must not reach into the timings.
        """
        now_ns = time.perf_counter_ns()
        arrived_ns = stamped_ns(told, self.connected_ns, now_ns)
        if arrived_ns is None:
            arrived_ns = max(self.bell.rang_ns, self._read_ns)
        self.arrived_ns = arrived_ns
        self.late_ns += now_ns - max(arrived_ns, self._read_ns)
        self._read_ns = now_ns

    def _broken(self) -> Exception:
        if self._sock.fileno() < 0:
            return anyio.ClosedResourceError()
        return anyio.BrokenResourceError()
