"""What a condition's word stands for in one look: the values to compare, or why there are none.

In: a comparison and a look. Out: a `Subject`. How values are shown to people is decided here too,
so that no control character and no secret gets further.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from uptop_core.conditions.json_path import Nothing, follow
from uptop_core.conditions.language import Comparison, Word
from uptop_core.escaping import escape

if TYPE_CHECKING:
    from uptop_core.looks import Look
    from uptop_core.outcomes import Timings

FOUND_LIMIT = 100  # characters of `FailedCondition.found`

_DAY_S = 86_400
_SECRET = re.compile(r"pass|secret|token|cookie|auth|session|credential|signature|key", re.I)
# Only these: other codecs are slow on long input, warn, or are no character sets at all.
_CHARSET = re.compile(
    r"""charset=["']?(utf-?(?:8|16|32)|(?:us-)?ascii|latin-?1|iso-?8859-?\d{1,2}|koi8-[ru]"""
    r"""|(?:windows-|cp)\d{3,4}|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift_jis|iso-2022-jp)\b""",
    re.I,
)


class Absent(Exception):
    """Raised when there is nothing to compare; the text says so in the words of `found`."""


class Subject(Struct, frozen=True):
    """What was found. A comparison holds when it holds for one of the `values` (texts or numbers);
    `shown` is what people read.
    """

    values: tuple[str | float, ...]
    shown: str


def find(comparison: Comparison, look: Look, timings: Timings, now: float) -> Subject:
    """The subject of `comparison`. `now` is in Unix seconds. Raises Absent."""
    match comparison.word:
        case Word.STATUS:
            return _one(look.status, "no status")
        case Word.LATENCY:
            return Subject((float(timings.total_ns),), _milliseconds(timings.total_ns))
        case Word.HEADER:
            return _header(look, comparison.name)
        case Word.BODY:
            return _body(look)
        case Word.JSON:
            return _json(look, comparison)
        case Word.COUNT:
            return _count(look, comparison)
        case Word.CERT_DAYS:
            return _cert_days(look, now)
        case Word.DNS:
            if not look.records:
                raise Absent("no records")
            return Subject(tuple(look.records), plain(", ".join(look.records)))
        case Word.IP:
            return _one(look.address, "no address")


def plain(text: str) -> str:
    """A text as it may be shown anywhere: one line, no control characters, not too long."""
    return escape(text, FOUND_LIMIT - 1)


def _one(value: float | str | None, absent: str) -> Subject:
    if value is None:
        raise Absent(absent)
    return Subject((value,), plain(str(value)))


def _milliseconds(ns: int) -> str:
    """Four digits, so that what is shown of 500.3 ms is not 500."""
    return f"{ns / 1e6:.4g} ms" if ns < 1e9 else f"{ns / 1e9:.4g} s"


def _header(look: Look, name: str) -> Subject:
    value = next((value for key, value in look.headers.items() if key.lower() == name), None)
    if value is None:
        raise Absent("no such header")
    return Subject((value,), _named(name, value))


def _named(name: str, value: str) -> str:
    """A value under a name: names that smell of a secret hide it."""
    if _SECRET.search(name):
        return "a value that is not shown"
    return plain(f'"{value}"')


def _body(look: Look) -> Subject:
    """Bodies are not shown, only their length: they may hold anything, and keeping any of one is
    the operator's choice (`keep_body`).
    """
    text = _text(look)
    return Subject((text,), f"a body of {len(text)} characters" if text else "an empty body")


def _text(look: Look) -> str:
    content_type = next(
        (value for key, value in look.headers.items() if key.lower() == "content-type"), ""
    )
    match = _CHARSET.search(content_type)
    try:
        return look.body.decode(match[1] if match else "utf-8", "replace").removeprefix("\ufeff")
    except LookupError:  # a number that no character set has
        return look.body.decode("utf-8", "replace")


def _count(look: Look, comparison: Comparison) -> Subject:
    """How many items, fields or characters there are; none where there is nothing."""
    try:
        value = _at(look, comparison)
    except Nothing:
        value = None
    if value is None:
        count = 0
    else:
        count = len(value) if isinstance(value, list | dict | str) else 1
    return Subject((float(count),), str(count))


def _json(look: Look, comparison: Comparison) -> Subject:
    try:
        value = _at(look, comparison)
    except Nothing as nothing:
        raise Absent(plain(str(nothing))) from None
    if isinstance(value, list):
        return Subject(tuple(_scalar(item) for item in value), f"a list of {len(value)}")
    if isinstance(value, dict):
        return Subject((_scalar(value),), f"an object with {len(value)} fields")
    scalar = _scalar(value)
    if isinstance(value, str) or _SECRET.search(comparison.name):
        return Subject((scalar,), _named(comparison.name, str(scalar)))
    return Subject((scalar,), plain(str(scalar)))


def _at(look: Look, comparison: Comparison) -> object:
    """What stands at the path of a comparison. Raises Nothing, or Absent where there is no JSON."""
    if not look.body:
        raise Absent("an empty body")
    try:
        return follow(msgspec.json.decode(_text(look)), comparison.steps)
    except RecursionError:
        raise Absent("JSON that is nested too deep") from None
    except msgspec.DecodeError:
        raise Absent("not JSON") from None


def _scalar(value: object) -> str | float:
    """A JSON value to compare with: numbers and texts as they are, all else as JSON writes it."""
    if isinstance(value, str | float) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return msgspec.json.encode(value).decode()


def _cert_days(look: Look, now: float) -> Subject:
    if look.cert_end is None:
        raise Absent("no certificate")
    days = (look.cert_end / 1000 - now) / _DAY_S
    return Subject((days,), f"{days:.1f} days")
