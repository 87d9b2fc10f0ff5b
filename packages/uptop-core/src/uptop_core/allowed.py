"""What a field allows, in plain words, and whether a value is that.

In: a value and the type of a field that holds no other fields, as `msgspec.inspect` describes it.
Out: None, or the sentence for the person who wrote the value.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time

import msgspec
from msgspec import inspect

from uptop_core.escaping import escape

_SHOWN_LIMIT = 40  # characters of a value in a sentence
_NOUNS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
    list: "a list",
    tuple: "a list",
    dict: "a set of fields",
}
_PARSED: dict[type, tuple[type, str]] = {
    inspect.DateTimeType: (datetime, "a date and time such as 2024-05-01T12:00:00Z"),
    inspect.DateType: (date, "a date such as 2024-05-01"),
    inspect.TimeType: (time, "a time such as 12:00:00"),
}


def objection(value: object, kind: inspect.Type, *, hidden: bool = False) -> str | None:
    """What is wrong with `value` as a `kind`, and what is allowed; None when nothing is.

    With `hidden` the sentence does not show the value, which may be a secret. Types that are not
    known here are left to msgspec.
    """
    shown = "this value" if hidden else show(value)
    match kind:
        case inspect.StrType():
            return _text(value, kind, shown)
        case inspect.IntType():
            if isinstance(value, bool) or not isinstance(value, int):
                return f"must be a whole number, not {shown}"
            return _range(value, kind, shown)
        case inspect.FloatType():
            if isinstance(value, bool) or not isinstance(value, int | float):
                return f"must be a number, not {shown}"
            return _range(value, kind, shown)
        case inspect.BoolType():
            return None if isinstance(value, bool) else f"must be true or false, not {shown}"
        case inspect.NoneType():
            return None if value is None else f"must be left empty, not {shown}"
        case inspect.LiteralType() | inspect.EnumType():
            return _choice(value, kind, shown)
        case _:
            return _parsed(value, kind, shown)


def noun(value: object) -> str:
    """What kind of thing a value is, for "not …"."""
    return _NOUNS.get(type(value), "a value of another kind")


def show(value: object) -> str:
    """A value as a person wrote it, shortened, and what it is where that is not plain to see."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return escape(str(value), _SHOWN_LIMIT) if abs(value) < 1e100 else "so large a number"
    return f"'{escape(value, _SHOWN_LIMIT)}'" if isinstance(value, str) else noun(value)


def _text(value: object, kind: inspect.StrType, shown: str) -> str | None:
    if not isinstance(value, str):
        return f"must be a text, not {noun(value) if value is None else shown}"
    if kind.min_length and len(value) < kind.min_length:
        if kind.min_length == 1:
            return "must not be empty"
        return f"is too short ({len(value)} characters), at least {kind.min_length}"
    if kind.max_length is not None and len(value) > kind.max_length:
        return f"is too long ({len(value)} characters), at most {kind.max_length}"
    if kind.pattern and not re.search(kind.pattern, value):
        return f"{shown} does not match {kind.pattern}"
    return None


def _range(value: object, kind: inspect.IntType | inspect.FloatType, shown: str) -> str | None:
    assert isinstance(value, int | float)  # noqa: S101  both callers have looked
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if kind.ge is not None and value < kind.ge:
        return f"{shown} is too small, at least {kind.ge:g}"
    if kind.gt is not None and value <= kind.gt:
        return f"{shown} is too small, more than {kind.gt:g}"
    if kind.le is not None and value > kind.le:
        return f"{shown} is too large, at most {kind.le:g}"
    if kind.lt is not None and value >= kind.lt:
        return f"{shown} is too large, less than {kind.lt:g}"
    return None


def _choice(value: object, kind: inspect.LiteralType | inspect.EnumType, shown: str) -> str | None:
    if isinstance(kind, inspect.LiteralType):
        known: list[object] = list(kind.values)
    else:
        known = [member.value for member in kind.cls]
    if any(value == one and type(value) is type(one) for one in known):
        return None
    return f"{shown} is not known; allowed are {', '.join(str(one) for one in known)}"


def _parsed(value: object, kind: inspect.Type, shown: str) -> str | None:
    target, words = _PARSED.get(type(kind), (None, ""))
    if target is None:
        return None
    try:
        msgspec.convert(value, target)
    except msgspec.ValidationError:
        return f"must be {words}, not {shown}"
    return None
