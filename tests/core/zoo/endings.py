"""Connections that end too soon, or hardly move."""

from __future__ import annotations

import anyio
from anyio.abc import ByteStream

from tests.core.listeners import Handler, closing, repeating, reset, resetting, silent
from tests.core.zoo.animal import HELLO, OK, Animal, byte_by_byte, read_request, stays_open

_LONG = b"x" * 300_000


def _ends_after(piece: bytes) -> dict[str, bytes]:
    return {"/": piece}


def _resets_after(piece: bytes) -> Handler:
    """Say it and see it arrive, then reset."""

    async def handle(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(piece)
        await anyio.sleep(0.2)  # else the reset may throw away what was said, as RST may
        reset(stream)

    return handle


async def _hangs_up(stream: ByteStream) -> None:
    """Close at once, before anything was read."""


async def _half_closes(stream: ByteStream) -> None:
    """Answer, close only the own direction, and wait."""
    await read_request(stream)
    await stream.send(OK + b"\r\nhello")
    await stream.send_eof()
    await stream.receive()


async def _half_closes_at_once(stream: ByteStream) -> None:
    await stream.send_eof()
    await silent(stream)


async def _answers_early(stream: ByteStream) -> None:
    """Refuse a large body after its first bytes, and go on reading."""
    await stream.receive()
    await stream.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with anyio.move_on_after(0.5):
        await silent(stream)


async def _refuses_early(stream: ByteStream) -> None:
    """Refuse a large body after its first bytes, and close without having read it."""
    await stream.receive()
    await stream.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await anyio.sleep(0.2)


_EARLY = (
    Animal(name="nothing, then closed", ours="protocol_error", talk=closing),
    Animal(name="closed at once", ours="protocol_error or reset", talk=_hangs_up),
    Animal(name="half a version", ours="protocol_error", says=_ends_after(b"HTT")),
    Animal(name="half a status line", ours="protocol_error", says=_ends_after(b"HTTP/1.1 20")),
    Animal(name="only a status line", ours="protocol_error", says=_ends_after(OK)),
    Animal(name="half a header", ours="protocol_error", says=_ends_after(OK + b"Content-Le")),
    Animal(name="half a head", ours="protocol_error", says=_ends_after(OK + b"X-A: b\r\n")),
    Animal(name="half a body", ours="protocol_error", says=_ends_after(HELLO[:-2])),
    Animal(
        name="half a long body",
        ours="protocol_error",
        says=_ends_after(OK + b"Content-Length: 600000\r\n\r\n" + _LONG),
    ),
)

_RESETS = (
    Animal(name="reset instead of an answer", ours="reset", talk=resetting),
    Animal(name="reset in the status line", ours="reset", talk=_resets_after(b"HTTP/1.1 2")),
    Animal(name="reset in the head", ours="reset", talk=_resets_after(OK + b"X-A")),
    Animal(name="reset in the body", ours="reset", talk=_resets_after(HELLO[:-2])),
    Animal(name="reset instead of the end", ours="reset", talk=_resets_after(OK + b"\r\nhello")),
    Animal(name="reset after the end", ours="200 /", talk=_resets_after(HELLO)),
    Animal(
        name="reset in the chunks",
        ours="reset",
        talk=_resets_after(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    ),
)

_HALVES = (
    Animal(name="half-close after the answer", ours="200 /", talk=_half_closes),
    Animal(name="half-close at once", ours="protocol_error", talk=_half_closes_at_once),
    Animal(
        name="an answer before the whole request was read",
        ours="413 /",
        talk=_answers_early,
        ask={"method": "POST", "body": "x" * 5_000_000},
    ),
    Animal(
        name="an answer, then a reset, in the middle of the request",
        ours="413 /",
        talk=_refuses_early,
        ask={"method": "POST", "body": "x" * 100_000},
    ),
)

_SLOW = (
    Animal(name="silence", ours="timeout", talk=silent, hangs=True),
    Animal(
        name="a head by single bytes without end",
        ours="timeout",
        talk=repeating(OK + b"X-A: ", b"y", pause_s=0.05),
        hangs=True,
    ),
    Animal(
        name="a body by single bytes without end",
        ours="timeout",
        talk=repeating(OK + b"\r\n", b"y", pause_s=0.05),
        hangs=True,
    ),
    Animal(
        name="100 again and again",
        ours="timeout",
        talk=repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.05),
        hangs=True,
    ),
    Animal(
        name="a head that stops half-way",
        ours="timeout",
        talk=stays_open(OK + b"X-A: b\r\n"),
        hangs=True,
    ),
    Animal(name="one byte per write", ours="200 /", talk=byte_by_byte(HELLO)),
    Animal(
        name="one byte per write, in chunks",
        ours="200 /",
        talk=byte_by_byte(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ),
    Animal(
        name="a body in pieces",
        ours="200 /",
        talk=stays_open(OK + b"Content-Length: 15\r\n\r\n", *[b"hello"] * 3, pause_s=0.05),
    ),
)

ANIMALS = (*_EARLY, *_RESETS, *_HALVES, *_SLOW)
