"""When a certificate ends, read from its DER bytes.

The standard library shows the fields of a certificate only when it was verified, yet the end of one
that was not is just what people want to know. So this reads the one field that is needed (RFC 5280,
section 4.1; DER by X.690), refuses all that is not strict, and looks at nothing else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_INTEGER, _SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x02, 0x30, 0x17, 0x18, 0xA0
_UTC_FORM = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_FORM = re.compile(rb"[0-9]{14}Z")


class NotACertificate(ValueError):
    """Raised for bytes that are not the DER of an X.509 certificate."""


def certificate_end_ms(der: bytes) -> int:
    """The certificate's notAfter in Unix milliseconds UTC.

    Raises NotACertificate, and nothing else, for any other bytes.
    """
    certificate, rest = _enter(der, 0, len(der), _SEQUENCE)
    if rest != len(der):
        raise NotACertificate("bytes after the certificate")
    at, end = _enter(der, *certificate, _SEQUENCE)[0]
    if at < end and der[at] == _VERSION:
        at = _enter(der, at, end, _VERSION)[1]
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, signature, issuer
        at = _enter(der, at, end, tag)[1]
    at, end = _enter(der, at, end, _SEQUENCE)[0]  # validity
    not_before, at = _time(der, at, end)
    not_after, at = _time(der, at, end)
    if at != end or not_after < not_before:
        raise NotACertificate("a validity that is none")
    return not_after


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
