"""How the text of a setting becomes a value, and back: one form per kind of value.

A form says in words what it allows; the reader of the settings makes the sentence.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

T = TypeVar("T")

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_YES = ("true", "1", "yes", "on")
_NO = ("false", "0", "no", "off")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?", re.ASCII)


class Form(Struct, Generic[T], frozen=True):
    """`read` makes the value of a text or raises ValueError, whose words (if any) replace
    `allowed` in the sentence; `write` makes the text of a value, for the documents.
    """

    allowed: str
    read: Callable[[str], T]
    write: Callable[[T], str] = str


def text(allowed: str = "any text", pattern: str | None = None) -> Form[str]:
    """Text; with `pattern`, only what matches it from end to end, in the words of `allowed`."""

    def read(written: str) -> str:
        if pattern is not None and not re.fullmatch(pattern, written):
            raise ValueError
        return written

    return Form(allowed, read)


def boolean() -> Form[bool]:
    """true or false, in the usual words."""

    def read(written: str) -> bool:
        if written.lower() in _YES:
            return True
        if written.lower() in _NO:
            return False
        raise ValueError

    return Form("true or false (also 1/0, yes/no, on/off)", read, lambda value: str(value).lower())


def whole(at_least: int, at_most: int | None = None) -> Form[int]:
    """A whole number within limits, both included."""
    upper = f" to {at_most}" if at_most is not None else " up"

    def read(written: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", written):
            raise ValueError
        value = int(written)
        if value < at_least or (at_most is not None and value > at_most):
            raise ValueError
        return value

    return Form(f"a whole number from {at_least}{upper}", read)


def choice(*words: str) -> Form[str]:
    """One of some words, whatever their case."""

    def read(written: str) -> str:
        if written.lower() not in words:
            raise ValueError
        return written.lower()

    return Form("one of " + ", ".join(words), read)


def duration(at_least: float = 0.0, at_most: float = math.inf) -> Form[float]:
    """A time in seconds, written as a number with ms, s, m, h or d; a bare number is seconds."""
    limits = [f"at least {write_duration(at_least)}"] if at_least else []
    limits += [f"at most {write_duration(at_most)}"] if at_most < math.inf else []
    words = ", ".join(["a time such as 30s, 5m, 12h, 7d", *limits])

    def read(written: str) -> float:
        found = _DURATION.fullmatch(written.lower())
        if found is None:
            raise ValueError
        value = float(found[1]) * _UNITS[found[2] or "s"]
        if not at_least <= value <= at_most or math.isinf(value):
            raise ValueError
        return value

    return Form(words, read, write_duration)


def write_duration(seconds: float) -> str:
    """Seconds in the largest unit that leaves no fraction: 604800 → 7d, 90 → 90s."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds}s"


def several(each: Form[T]) -> Form[tuple[T, ...]]:
    """Several values of one form, comma-separated; empty ones are left out."""

    def read(written: str) -> tuple[T, ...]:
        parts = (part.strip() for part in written.split(","))
        return tuple(each.read(part) for part in parts if part)

    def write(values: tuple[T, ...]) -> str:
        return ",".join(each.write(value) for value in values)

    return Form(f"{each.allowed}; several are comma-separated", read, write)


def url(*schemes: str) -> Form[str]:
    """A URL with a host, of one of `schemes` (default http, https), without a password in it.

    A trailing slash is cut off, so that a path can be added.
    """
    known = schemes or ("http", "https")

    def read(written: str) -> str:
        try:
            parts = urlsplit(written)
            port = parts.port  # raises ValueError with words of its own
        except ValueError:
            raise ValueError from None
        if parts.scheme.lower() not in known or not parts.hostname or port == 0:
            raise ValueError
        if "@" in parts.netloc:
            raise ValueError("a URL without a user name or password in it")
        if re.search(r"[\s\x00-\x1f\x7f]", written) or parts.query or parts.fragment:
            raise ValueError
        return written.rstrip("/")

    return Form(f"a URL such as {known[-1]}://host.example:8080", read)


def network() -> Form[IpNetwork]:
    """A block of addresses such as 10.0.0.0/8; a single address is a block of one."""

    def read(written: str) -> IpNetwork:
        try:
            return ipaddress.ip_network(written)
        except ValueError:
            raise ValueError from None

    return Form("a block of addresses such as 10.0.0.0/8 or fd00::/8", read)


def path() -> Form[Path]:
    """A path of a file; `~` is the home directory."""
    return Form("a path of a file", lambda written: Path(written).expanduser())


def form_for(kind: Any, choices: tuple[Any, ...]) -> Form[Any] | None:
    """The form that a plain type has by itself: bool, str, Path, a Literal of words."""
    if choices:
        return choice(*choices)
    plain: dict[Any, Form[Any]] = {bool: boolean(), str: text(), Path: path()}
    return plain.get(kind)
