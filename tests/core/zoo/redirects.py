"""Redirects: where they lead, what is asked there, and those that lead nowhere."""

from __future__ import annotations

from typing import Any

from tests.core.zoo.animal import HELLO, Animal

_POST = {"method": "POST", "body": "told"}


def to(location: bytes, status: int = 302) -> bytes:
    """An answer that leads there."""
    return b"HTTP/1.1 %d Go\r\nLocation: %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (
        status,
        location,
    )


def _leads(name: str, location: bytes, ours: str, *, status: int = 302, **more: Any) -> Animal:
    return Animal(name=name, ours=ours, says={"/": to(location, status), "/b": HELLO}, **more)


_KINDS = tuple(
    _leads(f"{status}, {what}", b"/b", "200 /b", status=status, ask=ask)
    for status in (301, 302, 303, 307, 308)
    for what, ask in (("asked by GET", {}), ("asked by POST", _POST))
)

_PLACES = (
    _leads("a relative place", b"b", "200 /b"),
    _leads("a place with dots", b"/a/../b", "200 /b"),
    _leads("a place with its host", b"//127.0.0.1:@PORT@/b", "200 /b"),
    _leads("a whole place", b"http://127.0.0.1:@PORT@/b", "200 /b"),
    _leads("a place in capitals", b"HTTP://127.0.0.1:@PORT@/b", "200 /b"),
    _leads("a place with a fragment", b"/b#part", "200 /b"),
    _leads("only a fragment", b"#part", "redirect_error"),
    _leads("a place with spaces around", b"  /b  ", "200 /b"),
    _leads("another name of the same host", b"http://localhost:@PORT@/b", "200 /b"),
    Animal(
        name="a place of another origin",
        ours="200 /c",
        says={"/": to(b"http://127.0.0.1:@OTHER@/c")},
        beside={"/c": HELLO},
    ),
    Animal(
        name="there and back",
        ours="200 /b",
        says={"/": to(b"http://127.0.0.1:@OTHER@/c"), "/b": HELLO},
        beside={"/c": to(b"http://127.0.0.1:@PORT@/b")},
    ),
    Animal(
        name="a query alone",
        ours="200 /a?x=1",
        path="/a",
        says={"/a": to(b"?x=1"), "/a?x=1": HELLO},
    ),
    Animal(
        name="a place with a space in it",
        ours="200 /a%20b",
        says={"/": to(b"/a b"), "/a%20b": HELLO},
    ),
    Animal(
        name="a place that is not ASCII",
        ours="200 /%C3%B6",
        says={"/": to("/ö".encode()), "/%C3%B6": HELLO},
    ),
    Animal(
        name="a hop over four places",
        ours="200 /4",
        says={
            "/": to(b"/1"), "/1": to(b"2", 301), "/2": to(b"/3", 307), "/3": to(b"/4", 308),
            "/4": HELLO,
        },
    ),
)  # fmt: skip

_NOWHERE = (
    Animal(
        name="a redirect without a place",
        ours="302 /",
        says={"/": b"HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n"},
    ),
    _leads("an empty place", b"", "redirect_error"),
    _leads("a loop of one", b"/", "redirect_error"),
    Animal(name="a loop of two", ours="redirect_error", says={"/": to(b"/a"), "/a": to(b"/")}),
    Animal(
        name="one hop too many",
        ours="redirect_error",
        says={f"/{n or ''}": to(b"/%d" % (n + 1)) for n in range(12)} | {"/12": HELLO},
    ),
    Animal(
        name="as many hops as allowed",
        ours="200 /10",
        says={f"/{n or ''}": to(b"/%d" % (n + 1)) for n in range(10)} | {"/10": HELLO},
    ),
    _leads("to ftp", b"ftp://127.0.0.1:@PORT@/b", "redirect_error"),
    _leads("to a file", b"file:///etc/passwd", "redirect_error"),
    _leads("to a script", b"javascript:alert(1)", "redirect_error"),
    _leads("to no host", b"http://", "redirect_error"),
    _leads("to no host but a port", b"http://:80/", "redirect_error"),
    _leads("to a port beyond all", b"http://127.0.0.1:99999/b", "redirect_error"),
    _leads("to half an address", b"http://[::1/b", "redirect_error"),
    _leads("to credentials", b"http://me:you@127.0.0.1:@PORT@/b", "redirect_error"),
    _leads("to a number in disguise", b"http://2130706433:@PORT@/b", "blocked_target"),
    _leads("to where nobody listens", b"http://127.0.0.1:1/b", "connect_refused"),
    _leads("to a name that is not there", b"http://nowhere.invalid/b", "nxdomain"),
    _leads("not followed when not wanted", b"/b", "302 /", ask={"follow_redirects": 0}),
    _leads("300 with a place", b"/b", "300 /", status=300),
    _leads("304 with a place", b"/b", "304 /", status=304),
    _leads("305 with a place", b"/b", "305 /", status=305),
    _leads("201 with a place", b"/b", "201 /", status=201),
    Animal(
        name="to something that is no HTTP",
        ours="protocol_error",
        says={"/": to(b"/b"), "/b": b"hello"},
    ),
    Animal(
        name="to a 500",
        ours="500 /b",
        says={"/": to(b"/b"), "/b": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
    ),
    Animal(
        name="two places",
        ours="404 /b,%20/c",
        says={
            "/": to(b"/b\r\nLocation: /c"),
            "/b": HELLO,
            "/c": HELLO,
        },
    ),
)

ANIMALS = (*_KINDS, *_PLACES, *_NOWHERE)
