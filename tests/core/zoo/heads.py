"""Headers: floods, long ones, and bytes that have no place there."""

from __future__ import annotations

from tests.core.listeners import repeating
from tests.core.zoo.animal import OK, Animal

_REST = b"Content-Length: 5\r\n\r\nhello"


def _head(name: str, headers: bytes, ours: str) -> Animal:
    return Animal(name=name, ours=ours, says={"/": OK + headers + b"\r\n" + _REST})


ANIMALS = (
    _head("a header that is empty", b"X-A:", "200 /"),
    _head("a header with spaces around", b"X-A: \t a b \t ", "200 /"),
    _head("a header in Latin-1", b"X-A: Sch\xf6n", "200 /"),
    _head("a header in UTF-8", "X-A: schön \N{SNOWMAN}".encode(), "200 /"),
    _head("a hundred headers", b"\r\n".join(b"X-%d: y" % n for n in range(100)), "200 /"),
    _head("a header of 8000 bytes", b"X-A: " + b"y" * 8000, "200 /"),
    _head("many cookies", b"\r\n".join([b"Set-Cookie: a=" + b"b" * 300] * 30), "200 /"),
    _head("a header with terminal escapes", b"X-A: \x1b[2J\x1b]0;me\x07", "200 /"),
    _head("NUL in a header", b"X-A: a\x00b", "protocol_error"),
    _head("a return in a header", b"X-A: a\rb", "protocol_error"),
    _head("DEL in a header", b"X-A: a\x7fb", "200 /"),
    _head("a line without a colon", b"X-A", "protocol_error"),
    _head("a line of only a colon", b": a", "protocol_error"),
    _head("a space before the colon", b"X-A : a", "protocol_error"),
    _head("a space in a name", b"X A: a", "protocol_error"),
    _head("NUL in a name", b"X\x00A: a", "protocol_error"),
    _head("a name that is not ASCII", b"X-\xc3\xb6: a", "protocol_error"),
    _head("a header folded as of old", b"X-A: a\r\n b\r\n\tc", "200 /"),
    _head("a first header that is folded", b" X-A: a", "200 /"),
    _head("a header flood", b"X-A: " + b"y" * 200_000, "protocol_error"),
    _head("a flood of headers", b"\r\n".join([b"X-A: yyyyyyyyyy"] * 20_000), "protocol_error"),
    Animal(
        name="a head without end",
        ours="protocol_error",
        talk=repeating(OK, b"X-More: and more\r\n" * 99),
    ),
    Animal(
        name="a header without end",
        ours="protocol_error",
        talk=repeating(OK + b"X-A: ", b"y" * 4096),
    ),
    Animal(
        name="a status line without end",
        ours="protocol_error",
        talk=repeating(b"HTTP/1.1 200 ", b"y" * 4096),
    ),
)
