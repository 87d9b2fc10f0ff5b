"""One TCP connection, read and written by ourselves, that knows when the kernel received what came.

It is a stream of anyio's, so that TLS, HTTP libraries and our own engine speak over the same one.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import TYPE_CHECKING

import anyio
from anyio.abc import ByteStream

from uptop_core.prober.readiness import READABLE, WRITABLE

if TYPE_CHECKING:
    from uptop_core.prober.readiness import Bell

RECEIVE_BYTES = 65_536

# Linux's SO_TIMESTAMPNS, which is also the type of the message that brings the stamp.
_STAMPS = 35
_STAMP = struct.Struct("@ll")  # struct timespec, by the wall clock
_SPACE = socket.CMSG_SPACE(_STAMP.size) if sys.platform == "linux" else 0


def stamp_what_comes(sock: socket.socket) -> None:
    """Have the kernel say when it received what is read from `sock`, where it can."""
    if _SPACE:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        except OSError:
            pass  # another architecture's number: then the bell's time has to do


class Stream(ByteStream):
    """`sock` is connected, does not block and hangs on `bell` alone; both are the stream's now.

    `arrived_ns` is when the bytes last received arrived, by time.perf_counter_ns. `late_ns` is for
    how long, in all, bytes had been there before they were read.
    """

    __slots__ = ("_began_ns", "_bell", "_read_ns", "_sock", "arrived_ns", "late_ns")

    def __init__(self, sock: socket.socket, bell: Bell) -> None:
        self._sock = sock
        self._bell = bell
        self._began_ns = self._read_ns = bell.rang_ns
        self.arrived_ns = 0
        self.late_ns = 0

    async def receive(self, max_bytes: int = RECEIVE_BYTES) -> bytes:
        """What came, at least a byte. Raises EndOfStream, BrokenResourceError or, once closed,
        ClosedResourceError.
        """
        bell = self._bell
        while True:
            if bell.events & READABLE:
                try:
                    data, told, _, _ = self._sock.recvmsg(max_bytes, _SPACE)
                except BlockingIOError:
                    bell.events &= ~READABLE
                except OSError as error:
                    raise self._broken() from error
                else:
                    self._note(told)
                    if not data:
                        raise anyio.EndOfStream
                    return data
            await bell.rung(writing=False)

    async def send(self, item: bytes) -> None:
        """Return when the kernel has taken all of `item`. Raises as `receive` does."""
        rest: bytes | memoryview = item
        while True:
            try:
                sent = self._sock.send(rest)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                raise self._broken() from error
            if sent == len(rest):
                return
            rest = memoryview(rest)[sent:]
            self._bell.events &= ~WRITABLE
            while not self._bell.events & WRITABLE:
                await self._bell.rung(writing=True)

    async def send_eof(self) -> None:
        """Say that nothing more comes from here."""
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
            self._bell.take_off(self._sock)
            self._sock.close()

    def hasten(self) -> None:
        """Send small pieces at once, not only when earlier ones were acknowledged."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _broken(self) -> Exception:
        if self._sock.fileno() < 0:
            return anyio.ClosedResourceError()
        return anyio.BrokenResourceError()

    def _note(self, told: list[tuple[int, int, bytes]]) -> None:
        """Note when what was read arrived: by the kernel's stamp, or when the bell rang if there is
        none. A wall clock that was set in between must not reach into the timings.
        """
        now_ns = time.perf_counter_ns()
        arrived_ns = max(self._bell.rang_ns, self._read_ns)
        for _, kind, stamp in told:
            if kind == _STAMPS and len(stamp) == _STAMP.size:
                seconds, nanoseconds = _STAMP.unpack(stamp)
                then_ns = now_ns - time.time_ns() + seconds * 1_000_000_000 + nanoseconds
                if self._began_ns <= then_ns <= now_ns:
                    arrived_ns = then_ns
        self.arrived_ns = arrived_ns
        self.late_ns += now_ns - max(arrived_ns, self._read_ns)
        self._read_ns = now_ns
