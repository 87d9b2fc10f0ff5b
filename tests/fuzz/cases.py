"""What a server might send: answers of the zoo, mutated, and random ones put together from parts.

A case is made from its seed and its number alone, so that any can be made again.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Literal

from msgspec import Struct

from tests.core.zoo import codings, endings, framing, heads, redirects, status_lines
from tests.core.zoo.animal import HELLO

Ending = Literal["close", "reset", "silence"]

_LONGEST = 300_000  # bytes of a case; longer ones only take longer
_PARTS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b";", b"\xff", b"\x1b[2J", b"\r\n\r\n",
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b"100 Continue", b"101 Switching", b"204 No", b"200 OK",
    b"302 Go", b"304 Same", b"999", b"-1", b"Content-Length: ", b"Content-Length: 5\r\n", b"0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Connection: close\r\n",
    b"Content-Encoding: deflate\r\n", b"Location: ", b"Location: //[::1\r\n", b"Upgrade: x\r\n",
    b"Connection: keep-alive\r\n", b"5\r\nhello\r\n", b"ffffffffffffffff\r\n", b"\x1f\x8b\x08\0",
    b"hello", b"X-A: b\r\n", b"Set-Cookie: a=b; Path=/\r\n", b"http://", b"127.0.0.1",
    "\N{RIGHT-TO-LEFT OVERRIDE}é".encode(), b"99999999999999999999", b"0x1f", b"+5", b"\x80",
)  # fmt: skip
_GOOD = (
    HELLO,
    b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO,
    b"HTTP/1.0 200 OK\r\nServer: a\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 50, mtime=0),
    b"HTTP/1.1 302 Found\r\nLocation: http://example.com:8080/b?c#d\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
)


class Case(Struct, frozen=True):
    """The pieces that are sent, one after another, and what comes after them."""

    pieces: tuple[bytes, ...]
    ending: Ending

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces)


def case(seed: int, number: int) -> Case:
    """The case of this number."""
    chance = Random(f"{seed}:{number}")
    data = _put_together(chance) if chance.random() < 0.3 else _mutated(chance)
    endings: tuple[Ending, ...] = ("close", "close", "close", "reset", "silence")
    return Case(_cut(chance, data[:_LONGEST]), chance.choice(endings))


@cache
def corpus() -> tuple[bytes, ...]:
    """What is mutated: all that the zoo says."""
    houses = (status_lines, framing, heads, endings, codings, redirects)
    said = {
        answer
        for house in houses
        for animal in house.ANIMALS
        for answer in animal.says.values()
        if len(answer) <= _LONGEST
    }
    return (HELLO, *sorted(said - {HELLO}))


def _put_together(chance: Random) -> bytes:
    begin = chance.choice((b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 "))
    parts = (
        chance.choice(_PARTS) if chance.random() < 0.9 else chance.randbytes(chance.randrange(20))
        for _ in range(chance.randrange(40))
    )
    return begin + b"".join(parts)


def _mutated(chance: Random) -> bytes:
    data = chance.choice(chance.choice((_GOOD, corpus())))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        data = chance.choice(_MUTATIONS)(chance, data)
    return data


def _place(chance: Random, data: bytes) -> int:
    """Somewhere, rather in the head than in a long body."""
    end = data.find(b"\r\n\r\n") + 4 if chance.random() < 0.8 else len(data)
    return chance.randrange(max(end, 1))


def _flip(chance: Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return (
        data[:at]
        + bytes(byte ^ 1 << chance.randrange(8) for byte in data[at : at + 1])
        + data[at + 1 :]
    )


def _overwrite(chance: Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.randbytes(1) + data[at + 1 :]


def _insert(chance: Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.choice(_PARTS) + data[at:]


def _remove(chance: Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 1, 2, 10, 100)) :]


def _repeat(chance: Random, data: bytes) -> bytes:
    at = _place(chance, data)
    piece = data[at : at + chance.choice((1, 2, 10, 50))]
    return data[:at] + piece * chance.choice((2, 3, 20, 2000)) + data[at:]


def _truncate(chance: Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _splice(chance: Random, data: bytes) -> bytes:
    other = chance.choice(corpus())
    return data[: _place(chance, data)] + other[_place(chance, other) :]


_MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip, _overwrite, _insert, _insert, _remove, _repeat, _truncate, _splice,
)  # fmt: skip


def _cut(chance: Random, data: bytes) -> tuple[bytes, ...]:
    """In one piece, in a few, or (the beginning) byte by byte."""
    kind = chance.random()
    if kind < 0.5 or not data:
        return (data,)
    if kind < 0.9:
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 6)))
    else:
        cuts = list(range(min(len(data), 400)))
    bounds = (0, *cuts, len(data))
    return tuple(data[a:b] for a, b in itertools.pairwise(bounds) if a < b)
