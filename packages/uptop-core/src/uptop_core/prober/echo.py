"""ICMP echoes: unprivileged sockets first, raw ones where those are forbidden.

An answer is known by 16 random octets that it brings back, since kernels choose the identifier of
unprivileged sockets themselves (RFC 792, RFC 4443).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.os_errors import connect_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_core.looks import Look
    from uptop_core.targets import Address

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}
_FAMILY = {
    4: (socket.AF_INET, socket.IPPROTO_ICMP),
    6: (socket.AF_INET6, socket.IPPROTO_ICMPV6),
}
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT)
_SHARE = 0.9  # of the time that is left: the last echo must be counted before the deadline


async def echo(
    look: Look,
    address: Address,
    count: int,
    make_socket: Callable[[int, int, int], socket.socket] = socket.socket,
) -> list[int]:
    """Send `count` echoes one after another; the round trips, in ns, of those that came back.

    `address` has been vetted. A single echo is awaited until the caller's deadline. Raises
    CheckFailed when nothing can be sent.
    """
    try:
        with _open(address, make_socket) as sock:
            sock.setblocking(False)
            sock.connect(socket.getaddrinfo(str(address), 0, flags=socket.AI_NUMERICHOST)[0][4])
            flight = _Flight(sock, address.version)
            for number in range(count):
                await flight.send(number)
                with anyio.move_on_after(_patience(look, count - number) if count > 1 else None):
                    await flight.back(number)
            return list(flight.trips.values())
    except OSError as error:
        raise connect_failure(error, str(address)) from error


def _open(address: Address, make_socket: Callable[[int, int, int], socket.socket]) -> socket.socket:
    family, protocol = _FAMILY[address.version]
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return make_socket(family, kind, protocol)
        except OSError as error:
            if error.errno not in _NOT_ALLOWED:
                raise
    raise CheckFailed(
        Reason.INTERNAL_ERROR,
        "this node may not send ICMP: set the sysctl net.ipv4.ping_group_range"
        ' to "0 2147483647", or give the program the capability CAP_NET_RAW',
    )


def _patience(look: Look, echoes: int) -> float:
    """How many seconds the next of `echoes` may take, so that all fit before the deadline."""
    left = anyio.current_effective_deadline() - anyio.current_time()
    return _SHARE * min(left, look.timeout_s) / echoes


class _Flight:
    """Echoes sent on one socket, and the round trips of those that are back, by number."""

    def __init__(self, sock: socket.socket, version: int) -> None:
        self.trips: dict[int, int] = {}
        self._sock = sock
        self._version = version
        self._sent: dict[int, int] = {}
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._payload = os.urandom(16)

    async def send(self, number: int) -> None:
        packet = self._packet(number)
        while number not in self._sent:
            began = time.perf_counter_ns()
            try:
                self._sock.send(packet)
            except BlockingIOError:  # our own full buffer is no loss
                await anyio.wait_writable(self._sock)
            else:
                self._sent[number] = began

    async def back(self, number: int) -> None:
        """Return when the answer to `number` is in; earlier ones that are late count too."""
        while number not in self.trips:
            await anyio.wait_readable(self._sock)
            try:
                packet = self._sock.recv(2048)
            except BlockingIOError:
                continue
            arrived = time.perf_counter_ns()
            answered = self._answered(packet)
            if answered is not None:
                self.trips.setdefault(answered, arrived - self._sent[answered])

    def _packet(self, number: int) -> bytes:
        kind = _REQUEST[self._version]
        empty = _HEADER.pack(kind, 0, 0, self._identifier, number) + self._payload
        if self._version == 6:
            return empty  # the kernel fills in the checksum, which covers addresses
        return _HEADER.pack(kind, 0, _checksum(empty), self._identifier, number) + self._payload

    def _answered(self, packet: bytes) -> int | None:
        """The number that `packet` answers, if it is an answer to us."""
        if self._version == 4 and packet and packet[0] >> 4 == 4:  # some sockets give the IP header
            packet = packet[(packet[0] & 15) * 4 :]
        if len(packet) < _HEADER.size or packet[_HEADER.size :] != self._payload:
            return None
        kind, code, _, _, number = map(int, _HEADER.unpack_from(packet))
        is_ours = kind == _REPLY[self._version] and code == 0 and number in self._sent
        return number if is_ours else None


def _checksum(packet: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
