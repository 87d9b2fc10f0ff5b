"""The language of conditions: from the text a person wrote to a comparison.

    status < 400                         latency <= 500ms
    status in [200, 204]                 header[content-type] contains json
    json(data.items[0].ok) == true       body matches "version \\d+"
    count(data.items) >= 3               count(errors) == 0
    cert_days > 14                       dns == 192.0.2.7

A condition is a word, an operator and an operand. Operands are numbers, durations (`500ms`, `2s`;
for latency), texts (bare, or in quotes, and then never a number), and lists for `in`.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from uptop_core.conditions.json_path import Step, parse_path
from uptop_core.conditions.patterns import compile_pattern
from uptop_core.errors import ConfigError, MissingExtra, Problem

TEXT_LIMIT = 1000  # characters of one condition


class Word(StrEnum):
    """What a condition may look at."""

    STATUS = "status"
    LATENCY = "latency"
    HEADER = "header"
    BODY = "body"
    JSON = "json"
    COUNT = "count"
    CERT_DAYS = "cert_days"
    DNS = "dns"
    IP = "ip"


class Operator(StrEnum):
    """How what was found is compared with the operand."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    MATCHES = "matches"
    IN = "in"

    @property
    def is_order(self) -> bool:
        """True for the four that need numbers."""
        return self in _ORDER


_ORDER = (Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
_TEXT = (Operator.EQUAL, Operator.UNEQUAL, Operator.CONTAINS, Operator.MATCHES, Operator.IN)
_ALLOWED: dict[Word, tuple[Operator, ...]] = {
    Word.STATUS: (Operator.EQUAL, Operator.UNEQUAL, *_ORDER, Operator.IN),
    Word.LATENCY: _ORDER,
    Word.COUNT: (Operator.EQUAL, Operator.UNEQUAL, *_ORDER, Operator.IN),
    Word.CERT_DAYS: _ORDER,
    Word.DNS: _TEXT,
    Word.IP: _TEXT,
}
_FORMS = (
    "status", "latency", "header[name]", "body", "json(path)", "count(path)", "cert_days", "dns",
    "ip",
)  # fmt: skip
_WITH_PATH = (Word.JSON, Word.COUNT)
_WITH_NUMBER = (Word.STATUS, Word.COUNT)
_MEANT = {
    "=": "==",
    "===": "==",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "=~": "matches",
    "~": "matches",
}

_WORD = re.compile(r"[A-Za-z_]\w*|\[\s*\w+\s*\]|\S+")
_OPERATOR = re.compile(r"[=!<>~]+|[A-Za-z]+|\S+")
_HEADER_NAME = re.compile(r"\[\s*([!#$%&'*+.^`|~\w-]+)\s*\]", re.ASCII)
_JSON_PATH = re.compile(r"""\(((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"'()])*)\)""")
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s*(ms|s|m)", re.ASCII)
_ITEM = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']*?)\s*(?:,|$)""")
_NS = {"ms": 1e6, "s": 1e9, "m": 60e9}


class Operand(Struct, frozen=True):
    """What is compared with: its text, and its number if it is one (nanoseconds for latency)."""

    text: str
    number: float | None = None


class Comparison(Struct, frozen=True):
    """One condition, read. `name` is a header's name in lower case or the path as it was written,
    `steps` that path; `operands` holds one, or for `in` any number.
    """

    word: Word
    operator: Operator
    operands: tuple[Operand, ...]
    name: str = ""
    steps: tuple[Step, ...] = ()


def problem(text: str) -> str | None:
    """What is wrong with a condition and what is allowed, or None. Where the package `regex` is
    not installed a pattern is not looked at: nobody runs it here either.
    """
    try:
        comparison = parse(text)
        if comparison.operator is Operator.MATCHES:
            compile_pattern(comparison.operands[0].text)
    except ConfigError as error:
        return error.problems[0].message
    except ValueError as error:
        return str(error)
    except MissingExtra:
        return None
    return None


@lru_cache(maxsize=4096)
def parse(text: str) -> Comparison:
    """Read one condition. Raises ConfigError with one problem, whose field is the text itself."""
    try:
        if len(text) > TEXT_LIMIT:
            raise ValueError(f"a condition has at most {TEXT_LIMIT} characters")
        word, name, rest = _read_word(text.strip())
        operator, rest = _read_operator(word, rest.strip())
        operands = _read_operands(word, operator, rest.strip())
        steps = parse_path(name) if word in _WITH_PATH else ()
    except ValueError as error:
        raise ConfigError([Problem(text[:TEXT_LIMIT], str(error))]) from None
    return Comparison(word, operator, operands, name, steps)


def read_number(text: str) -> float | None:
    """The number that a text spells, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _read_word(text: str) -> tuple[Word, str, str]:
    """The word, the name or path that belongs to it, and the rest."""
    match = _WORD.match(text)
    if match is None:
        raise ValueError(f"is empty; a condition begins with one of {', '.join(_FORMS)}")
    try:
        word = Word(match[0])
    except ValueError:
        raise ValueError(_unknown_word(match[0])) from None
    rest = text[match.end() :]
    if word is Word.HEADER:
        named = _HEADER_NAME.match(rest)
        if named is None:
            raise ValueError("header needs a name, such as header[content-type]")
        return word, named[1].lower(), rest[named.end() :]
    if word in _WITH_PATH:
        path = _JSON_PATH.match(rest)
        if path is None:
            raise ValueError(f"{word} needs a path, such as {word}(data.items[3].name)")
        try:
            parse_path(path[1])
        except ValueError as error:
            raise ValueError(f"the path of {word} {error}") from None
        return word, path[1].strip(), rest[path.end() :]
    return word, "", rest


def _unknown_word(written: str) -> str:
    near = difflib.get_close_matches(written.strip("[] ").lower(), list(Word), n=1)
    meant = [form for form in _FORMS if near and form.startswith(near[0])]
    return f"unknown word '{written}'{_hint(meant)} known are: {', '.join(_FORMS)}"


def _hint(meant: list[str]) -> str:
    """The join between what is wrong and what is allowed."""
    return f"; did you mean '{meant[0]}'?" if meant else ";"


def _read_operator(word: Word, text: str) -> tuple[Operator, str]:
    allowed = _ALLOWED.get(word, tuple(Operator))
    choice = ", ".join(allowed)
    match = _OPERATOR.match(text)
    if match is None:
        raise ValueError(f"{word} needs a comparison: one of {choice}")
    written = match[0]
    if written not in allowed:
        near = [_MEANT[written]] if written in _MEANT else []
        near = near or difflib.get_close_matches(written.lower(), allowed, n=1)
        hint = _hint([one for one in near if one in allowed])
        raise ValueError(f"{word} cannot be compared with '{written}'{hint} allowed are: {choice}")
    return Operator(written), text[match.end() :]


def _read_operands(word: Word, operator: Operator, text: str) -> tuple[Operand, ...]:
    if not text:
        raise ValueError(f"nothing stands after '{operator}'")
    if operator is Operator.IN:
        if not (text.startswith("[") and text.endswith("]")):
            raise ValueError("'in' needs a list, such as [200, 204]")
        written = _items(text[1:-1])
    else:
        written = [text]
    operands = tuple(_operand(word, item) for item in written)
    if word is Word.LATENCY:
        return operands
    wants_number = operator.is_order or word in _WITH_NUMBER
    strange = next((one.text for one in operands if one.number is None), None)
    if wants_number and strange is not None:
        raise ValueError(f"'{word} {operator}' needs a number, not '{strange}'")
    return operands


def _items(text: str) -> list[str]:
    """What stands between the commas; quoted items may hold commas."""
    items: list[str] = []
    while text.strip():
        match = _ITEM.match(text)
        if match is None or not match[1]:
            raise ValueError('the list cannot be read; write it like [200, 204] or ["a", "b"]')
        items.append(match[1])
        text = text[match.end() :]
    if not items:
        raise ValueError("the list is empty")
    return items


def _operand(word: Word, text: str) -> Operand:
    if word is Word.LATENCY:
        duration = _DURATION.fullmatch(text)
        if duration is None:
            raise ValueError(f"latency needs a duration such as 500ms or 2s, not '{text}'")
        return Operand(text, float(duration[1]) * _NS[duration[2]])
    if text[0] in "\"'":
        if len(text) < 2 or text[-1] != text[0] or re.search(rf"(?<!\\){text[0]}", text[1:-1]):
            raise ValueError(f"the quotes of {text} do not match")
        return Operand(_unquoted(text[1:-1], text[0]))
    return Operand(text, read_number(text))


def _unquoted(text: str, quote: str) -> str:
    """Only the quote itself can be escaped: a backslash is common in patterns and stays."""
    return text.replace(f"\\{quote}", quote)
