"""What a certificate says, read from its DER bytes: whose it is, by whom, for which names, until when.

The standard library shows the fields of a certificate only when it was verified, yet those of one
that was not are just what people want to know. So this reads the few that are needed (RFC 5280,
section 4.1; DER by X.690). It is strict about the way to the end, and takes from names what it can
read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from uptop_core.escaping import escape
from uptop_core.outcomes import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES_LIMIT = 20  # how many names of a certificate are kept

_INTEGER, _SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x02, 0x30, 0x17, 0x18, 0xA0
_OBJECT_ID, _EXTENSIONS, _DNS_NAME, _ADDRESS = 0x06, 0xA3, 0x82, 0x87
_ATTRIBUTES = {
    bytes([0x55, 4, n]): kind for n, kind in ((3, "CN"), (10, "O"), (11, "OU"), (6, "C"))
}
_ALTERNATIVE_NAMES = bytes([0x55, 0x1D, 0x11])
_ENCODINGS = {0x14: "latin-1", 0x1E: "utf-16-be", 0x1C: "utf-32-be"}  # by tag; else UTF-8
_UTC_FORM = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_FORM = re.compile(rb"[0-9]{14}Z")


class NotACertificate(ValueError):
    """Raised for bytes that are not the DER of an X.509 certificate."""


@lru_cache(maxsize=256)  # the same ones come again at each look
def read_certificate(der: bytes) -> Certificate:
    """What people want to know of a certificate.

    Raises NotACertificate, and nothing else, for any other bytes.
    """
    certificate, rest = _enter(der, 0, len(der), _SEQUENCE)
    if rest != len(der):
        raise NotACertificate("bytes after the certificate")
    at, end = _enter(der, *certificate, _SEQUENCE)[0]
    if at < end and der[at] == _VERSION:
        at = _enter(der, at, end, _VERSION)[1]
    for tag in (_INTEGER, _SEQUENCE):  # serial number, signature
        at = _enter(der, at, end, tag)[1]
    issuer, at = _enter(der, at, end, _SEQUENCE)
    validity, at = _enter(der, at, end, _SEQUENCE)
    not_after = _not_after(der, *validity)
    subject, at = _enter(der, at, end, _SEQUENCE)
    at = _enter(der, at, end, _SEQUENCE)[1]  # the key
    return Certificate(
        subject=_name(der, *subject),
        issuer=_name(der, *issuer),
        end=not_after,
        names=_alternative_names(der, at, end),
    )


def _not_after(der: bytes, at: int, end: int) -> int:
    not_before, at = _time(der, at, end)
    not_after, at = _time(der, at, end)
    if at != end or not_after < not_before:
        raise NotACertificate("a validity that is none")
    return not_after


def _name(der: bytes, at: int, end: int) -> str:
    """A distinguished name in words: its common name, else what it has."""
    found: dict[str, str] = {}
    for _, *one_set in _values(der, at, end):
        for _, *pair in _values(der, *one_set):
            parts = list(_values(der, *pair))
            if len(parts) == 2 and parts[0][0] == _OBJECT_ID:
                (_, begin, until), (tag, text, text_end) = parts
                kind = _ATTRIBUTES.get(der[begin:until])
                if kind is not None:
                    found.setdefault(kind, _text(tag, der[text:text_end]))
    return ", ".join(f"{kind}={found[kind]}" for kind in _ATTRIBUTES.values() if kind in found)


def _alternative_names(der: bytes, at: int, end: int) -> tuple[str, ...]:
    """The host names and addresses that it is for (RFC 5280, section 4.2.1.6)."""
    names: list[str] = []
    for tag, *extensions in _values(der, at, end):
        if tag != _EXTENSIONS:
            continue
        for _, *listed in _values(der, *extensions):
            for _, *extension in _values(der, *listed):
                parts = list(_values(der, *extension))
                if len(parts) >= 2 and der[parts[0][1] : parts[0][2]] == _ALTERNATIVE_NAMES:
                    for _, *several in _values(der, *parts[-1][1:]):
                        names += _general_names(der, *several)
    return tuple(names[:NAMES_LIMIT])


def _general_names(der: bytes, at: int, end: int) -> Iterator[str]:
    for tag, begin, until in _values(der, at, end):
        value = der[begin:until]
        if tag == _DNS_NAME:
            yield escape(value, 253)
        elif tag == _ADDRESS and len(value) in (4, 16):
            yield str(ip_address(value))


def _text(tag: int, value: bytes) -> str:
    """A string of any of the kinds that names may be written in."""
    return escape(value.decode(_ENCODINGS.get(tag, "utf-8"), "replace"), 100)


def _values(der: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The values from `at` to `end`, each as its tag and span; as far as they can be read."""
    while at < end:
        tag = der[at]
        try:
            (begin, until), at = _enter(der, at, end, tag)
        except NotACertificate:
            return
        yield tag, begin, until


def _enter(der: bytes, at: int, end: int, tag: int) -> tuple[tuple[int, int], int]:
    """The span of the value at `at`, which must have `tag`, and where what follows it begins."""
    if at + 2 > end or der[at] != tag:
        raise NotACertificate(f"no tag {tag:#x} at byte {at}")
    length, begin = der[at + 1], at + 2
    if length >= 0x80:
        octets = length - 0x80
        if not 1 <= octets <= 4 or begin + octets > end:
            raise NotACertificate(f"a length that cannot be read at byte {at + 1}")
        length = int.from_bytes(der[begin : begin + octets])
        if length < 0x80 or length >> (8 * (octets - 1)) == 0:
            raise NotACertificate(f"a length longer than it need be at byte {at + 1}")
        begin += octets
    if begin + length > end:
        raise NotACertificate(f"a value longer than what it is in, at byte {at}")
    return (begin, begin + length), begin + length


def _time(der: bytes, at: int, end: int) -> tuple[int, int]:
    """The time at `at` in Unix milliseconds, and where what follows it begins."""
    generalized = at < end and der[at] == _GENERALIZED_TIME
    (begin, until), after = _enter(der, at, end, _GENERALIZED_TIME if generalized else _UTC_TIME)
    text = der[begin:until]
    if not (_GENERALIZED_FORM if generalized else _UTC_FORM).fullmatch(text):
        raise NotACertificate(f"a time that cannot be read at byte {at}")
    if not generalized:  # two digits of the year: 1950 to 2049 (RFC 5280, section 4.1.2.5.1)
        text = (b"19" if text[:2] >= b"50" else b"20") + text
    try:
        moment = datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise NotACertificate(f"a time that does not exist at byte {at}") from error
    return int(moment.timestamp()) * 1000, after
