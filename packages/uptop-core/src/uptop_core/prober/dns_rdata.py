"""Names and records inside DNS messages (RFC 1035, 2782, 3596, 8659), read as text.

Every read is within the message, or `Unreadable` is raised.
"""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv6Address

from uptop_core.prober.dns_records import comparable

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
    "CAA": 257,
}  # fmt: skip

_POINTER = 0xC0
_LONGEST_NAME = 255
_MOST_POINTERS = 128  # of one name: as many as it can have labels
_IN_NAMES = b'"().;\\@$'  # what zone files escape in names
_IN_STRINGS = b'"\\'
_NUMBERS_BEFORE_NAME = {
    "NS": struct.Struct("!"),
    "CNAME": struct.Struct("!"),
    "PTR": struct.Struct("!"),
    "MX": struct.Struct("!H"),
    "SRV": struct.Struct("!HHH"),
}
_SOA_NUMBERS = struct.Struct("!IIIII")


class Unreadable(Exception):
    """Raised for octets that are no message."""


def skip_name(wire: bytes, at: int) -> int:
    """Where the name that begins at `at` ends."""
    end = len(wire)
    while at < end:
        size = wire[at]
        if size >= _POINTER:
            at += 2
        elif size == 0:
            at += 1
        elif size < 64:
            at += size + 1
            continue
        else:
            break
        if at <= end:
            return at
        break
    raise Unreadable


def name_at(wire: bytes, at: int) -> tuple[bytes, int]:
    """The name at `at` without pointers and in lower case, and where it ends."""
    after = skip_name(wire, at)
    pieces: list[bytes] = []
    begin, size, pointers = at, 1, 0
    while True:
        try:
            label = wire[at]
            if label >= _POINTER:
                at = (label & 63) << 8 | wire[at + 1]
                pointers += 1
                if at >= begin or pointers > _MOST_POINTERS:  # backwards, so that there is an end
                    raise Unreadable
                begin = at
                continue
        except IndexError:
            raise Unreadable from None
        if label == 0:
            return b"".join(pieces).lower() + b"\0", after
        piece = wire[at : at + label + 1]
        at += label + 1
        size += label + 1
        if label > 63 or len(piece) <= label or size > _LONGEST_NAME:
            raise Unreadable
        pieces.append(piece)


def record_text(wire: bytes, at: int, size: int, kind: str) -> str:
    """The record of a type in the `size` octets at `at`, as `comparable` writes it."""
    data = wire[at : at + size]
    if kind == "A":
        if size != 4:
            raise Unreadable
        return socket.inet_ntoa(data)
    if kind == "AAAA":
        if size != 16:
            raise Unreadable
        return str(IPv6Address(data))
    if kind == "TXT":
        return b"".join(_strings(data)).decode("utf-8", "backslashreplace")
    if kind == "CAA":
        return comparable(_caa(data), kind)
    return comparable(_soa(wire, at, size) if kind == "SOA" else _named(wire, at, size, kind), kind)


def _named(wire: bytes, at: int, size: int, kind: str) -> str:
    """Numbers, then a name."""
    form = _NUMBERS_BEFORE_NAME[kind]
    if size < form.size:
        raise Unreadable
    name, end = name_at(wire, at + form.size)
    if end != at + size:
        raise Unreadable
    return " ".join([*map(str, form.unpack_from(wire, at)), _name_text(name)])


def _soa(wire: bytes, at: int, size: int) -> str:
    primary, middle = name_at(wire, at)
    mailbox, numbers = name_at(wire, middle)
    if numbers + _SOA_NUMBERS.size != at + size:
        raise Unreadable
    words = map(str, _SOA_NUMBERS.unpack_from(wire, numbers))
    return " ".join([_name_text(primary), _name_text(mailbox), *words])


def _caa(data: bytes) -> str:
    if len(data) < 2 or len(data) < 2 + data[1]:
        raise Unreadable
    tag, value = data[2 : 2 + data[1]], data[2 + data[1] :]
    return f'{data[0]} {_escaped(tag, _IN_STRINGS)} "{_escaped(value, _IN_STRINGS)}"'


def _strings(data: bytes) -> list[bytes]:
    """Strings, each behind its length."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise Unreadable
        found.append(data[at + 1 : end])
        at = end
    return found


def _name_text(name: bytes) -> str:
    """A name as people write it, with a dot at its end."""
    labels = _strings(name)[:-1]
    return ".".join(_escaped(label, _IN_NAMES) for label in labels) + "."


def _escaped(octets: bytes, special: bytes) -> str:
    return "".join(
        f"\\{octet:c}" if octet in special
        else chr(octet) if 0x20 < octet < 0x7F or (octet == 0x20 and special is _IN_STRINGS)
        else f"\\{octet:03d}"
        for octet in octets
    )  # fmt: skip
