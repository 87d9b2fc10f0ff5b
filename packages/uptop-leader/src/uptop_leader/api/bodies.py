"""Reading request bodies: bounded while they arrive and while they unpack, then decoded strictly."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, TypeVar

import anyio
import msgspec

from uptop_leader.refusals import BadRequest, TooLarge, TooSlow, UnknownEncoding

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

T = TypeVar("T")

ARRIVAL_S = 15.0  # how long a body may take to arrive
_GZIP = 31  # zlib's window bits for: gzip header and trailer
_DIGITS = re.compile(r"[0-9]+")
_PLACE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, unpacked, at most `limit` bytes of it, packed or not.

    Raises TooLarge, UnknownEncoding, TooSlow, and BadRequest for gzip that is none.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise UnknownEncoding(encoding)
    declared = request.headers.get("content-length", "")
    if _DIGITS.fullmatch(declared) and (len(declared) > 18 or int(declared) > limit):
        raise _too_large(limit)
    unpacked = _Gunzip(limit) if encoding == "gzip" else _Plain(limit)
    try:
        with anyio.fail_after(ARRIVAL_S):
            async for chunk in request.stream():
                unpacked.feed(chunk)
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {ARRIVAL_S:g} s") from None
    return unpacked.done()


def decoded(body: bytes, decode: Callable[[bytes], T]) -> T:
    """What the JSON in `body` says; BadRequest names the field and what is wrong with it."""
    try:
        return decode(body)
    except RecursionError:
        raise BadRequest("", "the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise BadRequest("", "the JSON is not UTF-8") from None
    except msgspec.ValidationError as error:
        raise BadRequest(*problem_of(str(error))) from None
    except msgspec.DecodeError as error:
        raise BadRequest("", f"not JSON: {error}") from None


def problem_of(text: str) -> tuple[str, str]:
    """The dotted path and the sentence of a validation error of msgspec."""
    placed = _PLACE.fullmatch(text)
    what, path = placed.groups() if placed else (text, "")
    if missing := _MISSING.fullmatch(what):
        return f"{path}.{missing[1]}".lstrip("."), "is needed"
    return path, what[:1].lower() + what[1:]


class _Plain:
    """Collects a body that is not packed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._parts.append(chunk)

    def done(self) -> bytes:
        return b"".join(self._parts)


class _Gunzip(_Plain):
    """Collects a gzip body; what it unpacks to is counted before it takes memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._unpack = zlib.decompressobj(_GZIP)
        self._packed = 0

    def feed(self, chunk: bytes) -> None:
        self._packed += len(chunk)
        if self._packed > self._limit:
            raise _too_large(self._limit)
        try:
            super().feed(self._unpack.decompress(chunk, self._limit - self._size + 1))
        except zlib.error:
            raise BadRequest("", "the body is not gzip") from None
        if self._unpack.unused_data:
            raise BadRequest("", "something follows the gzip in the body")

    def done(self) -> bytes:
        if self._packed and not self._unpack.eof:
            raise BadRequest("", "the gzip in the body is cut off")
        return super().done()


def _too_large(limit: int) -> TooLarge:
    shown = f"{limit // 1024} KiB" if limit < 1024 * 1024 else f"{limit // (1024 * 1024)} MiB"
    return TooLarge(f"the body may have at most {shown}, unpacked")
