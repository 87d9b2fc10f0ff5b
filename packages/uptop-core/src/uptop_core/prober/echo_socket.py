"""One ICMP socket for all pings of one IP version: who is awaited, and whose answer it is.

Unprivileged sockets first, raw ones where those are forbidden. An answer counts that comes from the
host that was asked and brings back the identifier, the sequence number and 16 random octets
(RFC 792, RFC 4443): kernels choose identifiers themselves, and other programs ping too. The round
trip ends when the kernel received the answer, however late a busy loop reads it. Errors that
routers send come from the kernel's error queue and end the waiting at once. This is engine code,
so it speaks asyncio.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.icmp import (
    HEADER,
    PROTOCOLS,
    REPLY,
    REQUEST,
    error_code,
    prepare,
    request,
)
from uptop_core.prober.stamps import SPACE, arrived_ns
from uptop_core.prober.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uptop_core.prober.icmp import Where

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT)
_PACKET = 256  # bytes that are read of an answer: the longest IP header, ours, and more
_AT_ONCE = 128  # packets that are read before others have their turn
_UNREAD = 64  # echoes that are sent before answers are looked for: the kernel keeps but few
_ROOM_S = 1.0  # how long the kernel may have no room for another packet
_TRIES = 3
_ERRORS = getattr(socket, "MSG_ERRQUEUE", 0)  # Linux only


class Echo:
    """One echo that was sent. `trip_ns` is its round trip, None until it is back."""

    __slots__ = ("_back", "address", "sent_ns", "sequence", "token", "trip_ns")

    def __init__(
        self,
        sequence: int,
        token: bytes,
        address: str,
        back: asyncio.Future[OSError | CheckFailed | None],
    ) -> None:
        self.sequence = sequence
        self.token = token
        self.address = address
        self.sent_ns = 0
        self.trip_ns: int | None = None
        self._back = back

    async def back(self, patience_s: float | None) -> OSError | None:
        """Return when the answer is in, the network has said why there is none (the error), or
        `patience_s` is over. Raises CheckFailed when this node pings no more.
        """
        if patience_s is None:
            end = await self._back
        else:
            timer = self._back.get_loop().call_later(patience_s, self.end)
            try:
                end = await self._back
            finally:
                timer.cancel()
        if isinstance(end, CheckFailed):
            raise end
        return end

    def end(self, error: OSError | CheckFailed | None = None) -> None:
        """Nobody need wait any longer."""
        if not self._back.done():
            self._back.set_result(error)


class EchoSocket:
    """Sends echoes on the running loop and tells their answers apart.

    Raises CheckFailed(INTERNAL_ERROR) where no ICMP may be sent, and OSError.
    """

    def __init__(self, version: int, make_socket: Callable[[int, int, int], socket.socket]) -> None:
        self._version = version
        self._loop = asyncio.get_running_loop()
        self._awaited: dict[int, Echo] = {}
        self._sequence = int.from_bytes(os.urandom(2), "big")
        self._unread = 0
        self._room = asyncio.Event()
        self._sock, kind = _open(version, make_socket)
        try:
            self._identifier = prepare(self._sock, kind, version)
            self._watch = Watch(self._loop, self._sock, self._read)
        except BaseException:
            self._sock.close()
            raise

    async def send(self, where: Where) -> Echo:
        """Send one echo; it is awaited until it is forgotten. Raises OSError when the system says
        that there is no way, CheckFailed(INTERNAL_ERROR) when it takes no more packets.
        """
        sequence = self._free_sequence()
        echo = Echo(sequence, os.urandom(16), where[0], self._loop.create_future())
        packet = request(self._version, self._identifier, sequence, echo.token)
        self._awaited[sequence] = echo
        try:
            echo.sent_ns = await self._put(packet, where)
        except BaseException:
            self._awaited.pop(sequence, None)
            raise
        self._unread += 1
        if self._unread >= _UNREAD:
            self._read()
        return echo

    def forget(self, echoes: Iterable[Echo]) -> None:
        """Answers to these count no more."""
        for echo in echoes:
            self._awaited.pop(echo.sequence, None)

    def close(self) -> None:
        """Close the socket; who still waits is told that there will be no answer."""
        self._watch.close()
        self._loop.remove_writer(self._sock)
        self._sock.close()
        self._room.set()
        for echo in self._awaited.values():
            echo.end(_closed())
        self._awaited.clear()

    async def _put(self, packet: bytes, where: Where) -> int:
        """Hand a packet to the kernel; the moment by time.perf_counter_ns."""
        tries, full_until = 0, 0.0
        while True:
            sent_ns = time.perf_counter_ns()
            try:
                self._sock.sendto(packet, where)
            except BlockingIOError:  # our own full buffer is no loss
                full_until = full_until or self._loop.time() + _ROOM_S
                await self._await_room(full_until)
            except OSError:
                if self._sock.fileno() < 0:
                    raise _closed() from None
                # It may be about an earlier packet: the kernel tells at the next call, whosever.
                self._read_errors()
                tries += 1
                if tries == _TRIES:
                    raise
            else:
                return sent_ns

    async def _await_room(self, until: float) -> None:
        self._room.clear()
        self._loop.add_writer(self._sock, self._has_room)
        try:
            async with asyncio.timeout_at(until):
                await self._room.wait()
        except TimeoutError:
            detail = "this node cannot send: its network takes no more packets"
            raise CheckFailed(Reason.INTERNAL_ERROR, detail) from None

    def _has_room(self) -> None:
        self._loop.remove_writer(self._sock)
        self._room.set()

    def _free_sequence(self) -> int:
        for _ in range(0x10000):
            self._sequence = (self._sequence + 1) & 0xFFFF
            if self._sequence not in self._awaited:
                return self._sequence
        raise CheckFailed(Reason.INTERNAL_ERROR, "this node has 65536 echoes under way")

    def _read(self) -> None:
        """Take what has come in."""
        self._unread = 0
        for taken in range(_AT_ONCE):
            try:
                packet, told, _, source = self._sock.recvmsg(_PACKET, SPACE)
            except OSError as error:
                if not isinstance(error, BlockingIOError) or not taken:
                    self._read_errors()  # they wake us as answers do, and have a queue of their own
                return
            echo = self._answered(packet, source[0])
            if echo is not None:
                del self._awaited[echo.sequence]
                echo.trip_ns = arrived_ns(told, echo.sent_ns) - echo.sent_ns
                echo.end()

    def _answered(self, packet: bytes, source: str) -> Echo | None:
        """What `packet` answers, if it is an answer to us."""
        # Raw sockets of IPv4 give the IP header as well.
        begin = (packet[0] & 15) * 4 if self._version == 4 and packet and packet[0] >> 4 == 4 else 0
        if len(packet) < begin + HEADER.size:
            return None
        kind, code, _, identifier, sequence = HEADER.unpack_from(packet, begin)
        echo = self._awaited.get(sequence)
        if (
            echo is None
            or kind != REPLY[self._version]
            or code != 0
            or identifier != self._identifier
            or packet[begin + HEADER.size :] != echo.token
            or source.partition("%")[0] != echo.address
        ):
            return None
        return echo

    def _read_errors(self) -> None:
        """Take what routers said of our packets, of which they quote at least eight octets."""
        for _ in range(_AT_ONCE if _ERRORS else 0):
            try:
                packet, ancillary, _, where = self._sock.recvmsg(_PACKET, 512, _ERRORS)
            except OSError:
                return
            if len(packet) < HEADER.size or not where:
                continue
            kind, _, _, identifier, sequence = HEADER.unpack_from(packet)
            echo = self._awaited.get(sequence)
            if (
                echo is not None
                and kind == REQUEST[self._version]
                and identifier == self._identifier
                and echo.token.startswith(packet[HEADER.size :][: len(echo.token)])
                and where[0].partition("%")[0] == echo.address
            ):
                code = error_code(ancillary)
                echo.end(OSError(code, os.strerror(code)))


def _closed() -> CheckFailed:
    return CheckFailed(Reason.INTERNAL_ERROR, "this node stopped pinging")


def _open(
    version: int, make_socket: Callable[[int, int, int], socket.socket]
) -> tuple[socket.socket, int]:
    family, protocol = PROTOCOLS[version]
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return make_socket(family, kind, protocol), kind
        except OSError as error:
            if error.errno not in _NOT_ALLOWED:
                raise
    raise CheckFailed(
        Reason.INTERNAL_ERROR,
        "this node may not send ICMP: set the sysctl net.ipv4.ping_group_range"
        ' to "0 2147483647", or give the program the capability CAP_NET_RAW',
    )
