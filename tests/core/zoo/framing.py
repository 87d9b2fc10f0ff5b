"""Where a body ends: lengths, chunks, both, neither, and bodies where none may be."""

from __future__ import annotations

from tests.core.listeners import repeating
from tests.core.zoo.animal import HELLO, OK, Animal, stays_open

_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_POST = {"method": "POST", "body": "told"}


def _says(name: str, answer: bytes, ours: str, **ask: str) -> Animal:
    return Animal(name=name, ours=ours, says={"/": answer}, ask=ask)


def _length(name: str, headers: bytes, ours: str) -> Animal:
    return _says(name, OK + headers + b"\r\n\r\nhello", ours)


def _chunks(name: str, chunks: bytes, ours: str) -> Animal:
    return _says(name, _CHUNKED + chunks, ours)


_LENGTHS = (
    _length("a length of letters", b"Content-Length: five", "protocol_error"),
    _length("a negative length", b"Content-Length: -5", "protocol_error"),
    _length("a length with a sign", b"Content-Length: +5", "protocol_error"),
    _length("a hexadecimal length", b"Content-Length: 0x5", "protocol_error"),
    _length("an empty length", b"Content-Length:", "protocol_error"),
    _length("a length with a fraction", b"Content-Length: 5.0", "protocol_error"),
    _length("two lengths that agree", b"Content-Length: 5\r\nContent-Length: 5", "200 /"),
    _length("two lengths that differ", b"Content-Length: 5\r\nContent-Length: 4", "protocol_error"),
    _length("two lengths in one line", b"Content-Length: 5, 4", "protocol_error"),
    _length("a length too long", b"Content-Length: 50", "protocol_error"),
    _length("a length too long, with a tab behind", b"Content-Length: 50\t", "protocol_error"),
    _length("a length too short", b"Content-Length: 3", "200 /"),
    _length("a length beyond 64 bits", b"Content-Length: 99999999999999999999", "protocol_error"),
    _length("a length of a thousand digits", b"Content-Length: " + b"9" * 1000, "protocol_error"),
    _length("a length of 0 and a body", b"Content-Length: 0", "200 /"),
    _length("a length with zeros in front", b"Content-Length: 0000000005", "200 /"),
)

_PARTS = (
    _chunks("chunks", b"5\r\nhello\r\n0\r\n\r\n", "200 /"),
    _chunks("chunks in capitals, zeros in front", b"00A\r\nhellohello\r\n000\r\n\r\n", "200 /"),
    _chunks("chunks with extensions", b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n', "200 /"),
    _chunks("chunks with trailers", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "200 /"),
    _chunks("a chunk's size of letters", b"zz\r\nhello\r\n0\r\n\r\n", "protocol_error"),
    _chunks("a negative chunk's size", b"-5\r\nhello\r\n0\r\n\r\n", "protocol_error"),
    _chunks("an empty chunk's size", b"\r\nhello\r\n0\r\n\r\n", "protocol_error"),
    _chunks("a chunk's size beyond 64 bits", b"fffffffffffffffff\r\nhello", "protocol_error"),
    _chunks("a chunk's size of a thousand digits", b"f" * 1000 + b"\r\nhello", "protocol_error"),
    _chunks("a chunk longer than its size", b"3\r\nhello\r\n0\r\n\r\n", "protocol_error"),
    _chunks("a chunk that is cut off", b"50\r\nhello", "protocol_error"),
    _chunks("no last chunk", b"5\r\nhello\r\n", "protocol_error"),
    _chunks("a last chunk that is cut off", b"5\r\nhello\r\n0\r\n", "protocol_error"),
    _chunks("no chunks at all", b"", "protocol_error"),
    _chunks("more after the last chunk", b"5\r\nhello\r\n0\r\n\r\nmore", "200 /"),
    _chunks("chunks of one byte", b"1\r\nx\r\n" * 500 + b"0\r\n\r\n", "200 /"),
    _says(
        "chunks and a length that agree",
        OK + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "200 /",
    ),
    _says(
        "a transfer coding that nobody knows",
        OK + b"Transfer-Encoding: rot13\r\n\r\nuryyb",
        "200 /",
    ),
    _says(
        "chunked twice",
        OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "200 /",
    ),
)

_NEITHER = (
    _says("HTTP/1.0 without a length", b"HTTP/1.0 200 OK\r\n\r\nhello", "200 /"),
    _says(
        "HTTP/1.0 with chunks",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "200 /",
    ),
    _says("no length and no body", OK + b"\r\n", "200 /"),
    Animal(name="keep-alive that is kept", ours="200 /", talk=stays_open(HELLO)),
    Animal(
        name="keep-alive after chunks",
        ours="200 /",
        talk=stays_open(_CHUNKED, b"5\r\nhello\r\n", b"0\r\n\r\n"),
    ),
    Animal(
        name="HTTP/1.0 keep-alive with a length",
        ours="200 /",
        talk=stays_open(
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"
        ),
    ),
    Animal(
        name="no length, and no close either",
        ours="timeout",
        talk=stays_open(OK + b"\r\nhello"),
        hangs=True,
    ),
    Animal(
        name="a length that never comes",
        ours="timeout",
        talk=stays_open(OK + b"Content-Length: 50\r\n\r\nhello"),
        hangs=True,
    ),
    Animal(
        name="a body without end",
        ours="200 /",
        talk=repeating(OK + b"\r\n", b"x" * 65_536),
        hangs=True,
    ),
    Animal(
        name="chunks without end",
        ours="200 /",
        talk=repeating(_CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        hangs=True,
    ),
    Animal(
        name="ten gigabytes",
        ours="200 /",
        talk=repeating(OK + b"Content-Length: 10737418240\r\n\r\n", b"x" * 65_536),
        hangs=True,
    ),
)

_NONE = (
    _says("204", b"HTTP/1.1 204 No Content\r\n\r\n", "204 /"),
    _says("204 with a body", b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", "204 /"),
    _says("204 with a body and no length", b"HTTP/1.1 204 No\r\n\r\nhello", "204 /"),
    _says("304 with a body", b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nhello", "304 /"),
    _says("205 with a body", b"HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\nhello", "205 /"),
    _says("a HEAD", OK + b"Content-Length: 5\r\n\r\n", "200 /", method="HEAD"),
    _says("a HEAD with a body", HELLO, "200 /", method="HEAD"),
    _says("a HEAD with chunks", _CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "200 /", method="HEAD"),
    Animal(
        name="a HEAD that is kept open",
        ours="200 /",
        talk=stays_open(OK + b"Content-Length: 5000\r\n\r\n"),
        ask={"method": "HEAD"},
    ),
    _says("a POST", HELLO, "200 /", **_POST),
    _says("206 that nobody asked for", HELLO.replace(b"200 OK", b"206 Part"), "206 /"),
)

ANIMALS = (*_LENGTHS, *_PARTS, *_NEITHER, *_NONE)
