"""A body unpacked piece by piece, never by more than is wanted: a bomb stays a small bang."""

from __future__ import annotations

import zlib

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's window bits for each wrapping
_MEMBER = b"\x1f\x8b\x08"  # how a member of gzip begins


class Decoder:
    """Collects a body of at most `limit` bytes, unpacking gzip and deflate as it comes.

    Other codings are kept as they came. Raises CheckFailed(PROTOCOL_ERROR) for bytes
    that cannot be unpacked.
    """

    def __init__(self, coding: str, limit: int) -> None:
        self.body = bytearray()
        self.truncated = False
        self._limit = limit
        self._received = 0
        self._coding = coding.strip().lower()
        self._unpacker = zlib.decompressobj(_GZIP) if self._coding in ("gzip", "x-gzip") else None

    def add(self, data: bytes) -> None:
        """Take more of what was received; sets `truncated` once there is more than is kept."""
        self._received += len(data)
        room = self._limit - len(self.body)
        if self._coding == "deflate" and self._unpacker is None and data:
            # Some servers send it bare, though RFC 9110 wants it in zlib's wrapping.
            self._unpacker = zlib.decompressobj(_ZLIB if data[0] & 0x0F == 8 else _RAW)
        try:
            piece = self._unpack(data, room + 1) if self._unpacker else data
        except zlib.error as error:
            what = f"the body is not {self._coding}, though its head says so"
            raise CheckFailed(Reason.PROTOCOL_ERROR, what) from error
        self.body += piece[:room]
        self.truncated = len(piece) > room or self._received > self._limit

    def _unpack(self, data: bytes, most: int) -> bytes:
        assert self._unpacker is not None  # noqa: S101  only asked for where there is one
        piece = self._unpacker.decompress(data, most)
        # Several members of gzip are one body (RFC 1952, section 2.2); other rubbish is let be.
        while len(piece) < most and self._unpacker.unused_data.startswith(_MEMBER):
            rest = self._unpacker.unused_data
            self._unpacker = zlib.decompressobj(_GZIP)
            piece += self._unpacker.decompress(rest, most - len(piece))
        return piece
