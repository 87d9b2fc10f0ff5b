"""Status lines: wrong ones, absent ones, odd ones, and answers in front of the answer."""

from __future__ import annotations

from tests.core.listeners import greeting
from tests.core.zoo.animal import HELLO, OK, Animal

_REST = b"Content-Length: 5\r\n\r\nhello"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _line(name: str, line: bytes, ours: str) -> Animal:
    return Animal(name=name, ours=ours, says={"/": line + b"\r\n" + _REST})


def _front(name: str, front: bytes, ours: str = "200 /") -> Animal:
    return Animal(name=name, ours=ours, says={"/": front + HELLO})


ANIMALS = (
    _line("a plain answer", b"HTTP/1.1 200 OK", "200 /"),
    _line("no reason phrase", b"HTTP/1.1 200 ", "200 /"),
    _line("no reason phrase, no space", b"HTTP/1.1 200", "200 /"),
    _line("a reason phrase that is not ASCII", "HTTP/1.1 200 Schön".encode(), "200 /"),
    _line("a reason phrase in Latin-1", b"HTTP/1.1 200 Sch\xf6n", "200 /"),
    _line("a long reason phrase", b"HTTP/1.1 200 " + b"x" * 4000, "200 /"),
    _line("HTTP/1.0", b"HTTP/1.0 200 OK", "200 /"),
    _line("status 599", b"HTTP/1.1 599 Odd", "599 /"),
    _line("lower-case http", b"http/1.1 200 OK", "protocol_error"),
    _line("HTTP/2.0 in a line", b"HTTP/2.0 200 OK", "200 /"),
    _line("HTTP/1 without a minor version", b"HTTP/1 200 OK", "protocol_error"),
    _line("a version of letters", b"HTTP/x.y 200 OK", "protocol_error"),
    _line("no version", b"HTTP 200 OK", "protocol_error"),
    _line("a status of two digits", b"HTTP/1.1 20 OK", "protocol_error"),
    _line("a status of four digits", b"HTTP/1.1 2000 OK", "protocol_error"),
    _line("a negative status", b"HTTP/1.1 -20 OK", "protocol_error"),
    _line("a status of letters", b"HTTP/1.1 OK 200", "protocol_error"),
    _line("no status at all", b"HTTP/1.1", "protocol_error"),
    _line("status 000", b"HTTP/1.1 000 Zero", "protocol_error"),
    _line("another protocol", b"SSH-2.0-OpenSSH_9.9", "protocol_error"),
    _line("ICY, as radios say", b"ICY 200 OK", "protocol_error"),
    _line("spaces in front", b"  HTTP/1.1 200 OK", "protocol_error"),
    _line("a mark of order in front", b"\xef\xbb\xbfHTTP/1.1 200 OK", "protocol_error"),
    Animal(name="HTTP/0.9", ours="protocol_error", says={"/": b"<html>hello</html>"}),
    Animal(name="a head without a body's length", ours="200 /", says={"/": OK + b"\r\nhello"}),
    Animal(name="one byte that is no answer", ours="protocol_error", says={"/": b"\n"}),
    Animal(
        name="line ends without returns",
        ours="200 /",
        says={"/": HELLO.replace(b"\r\n", b"\n")},
    ),
    Animal(
        name="an answer to nothing asked yet",
        ours="200 /",
        talk=greeting(HELLO),
    ),
    _front("100 in front", _CONTINUE),
    _front("103 in front", _HINTS),
    _front("100 and 103 in front", _CONTINUE + _HINTS),
    _front("102 and 199 in front", b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 199 What\r\n\r\n"),
    _front("twenty 103 in front", _HINTS * 20),
    _front("100 with a length in front", b"HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n"),
    Animal(name="100 and nothing after it", ours="protocol_error", says={"/": _CONTINUE}),
    Animal(
        name="101 that nobody asked for",
        ours="101 /",
        says={"/": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nxxx"},
    ),
)
