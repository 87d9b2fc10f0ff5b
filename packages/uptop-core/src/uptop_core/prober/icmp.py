"""ICMP echo packets and the kernel's words around them: options and errors.

The numbers are Linux's, where Python has no names for them; elsewhere the options are not set and
nothing is told.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from uptop_core.prober.stamps import stamp_what_comes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptop_core.targets import Address

    Ancillary = Iterable[tuple[int, int, bytes]]
    Where = tuple[str, int] | tuple[str, int, int, int]

HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
REQUEST = {4: 8, 6: 128}
REPLY = {4: 0, 6: 129}
PROTOCOLS = {
    4: (socket.AF_INET, socket.IPPROTO_ICMP),
    6: (socket.AF_INET6, socket.IPPROTO_ICMPV6),
}

_BUFFER = 1024 * 1024  # bytes of answers that may wait; the system may allow less
_RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
_ERROR = struct.Struct("@I")  # the first member of sock_extended_err
_FILTER = {  # of raw sockets: a bit for each type that is not wanted
    4: (255, 1, struct.pack("@I", ~(1 << REPLY[4]) & 0xFFFFFFFF)),
    6: (
        socket.IPPROTO_ICMPV6,
        1,
        struct.pack("@8I", *(0xFFFFFFFF & ~(1 << REPLY[6] >> 32 * word) for word in range(8))),
    ),
}


def where(address: Address) -> Where:
    """The address as sockets take it and give it back."""
    if address.version == 4:
        return str(address), 0
    host, _, scope = str(address).partition("%")
    number = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope) if scope else 0
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host)), 0, 0, number


def request(version: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request; `payload` has an even number of octets."""
    packet = HEADER.pack(REQUEST[version], 0, 0, identifier, sequence) + payload
    if version == 6:
        return packet  # the kernel fills in the checksum, which covers addresses
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))  # RFC 1071
    total = (total >> 16) + (total & 0xFFFF)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return HEADER.pack(REQUEST[version], 0, checksum, identifier, sequence) + payload


def prepare(sock: socket.socket, kind: int, version: int) -> int:
    """Make a new socket ready; returns the identifier that its echoes have."""
    sock.setblocking(False)
    stamp_what_comes(sock)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    if sys.platform == "linux":
        with suppress(OSError):
            sock.setsockopt(*_RECVERR[version], 1)
        if kind == socket.SOCK_RAW:
            sock.setsockopt(*_FILTER[version])
    if kind == socket.SOCK_RAW:
        return int.from_bytes(os.urandom(2), "big")
    sock.bind(("", 0))  # the kernel chooses
    return int(sock.getsockname()[1])


def error_code(ancillary: Ancillary) -> int:
    """The errno of an error from the error queue."""
    for level, kind, data in ancillary:
        if (level, kind) in _RECVERR.values() and len(data) >= _ERROR.size:
            return int(_ERROR.unpack_from(data)[0])
    return errno.EHOSTUNREACH
