"""A condition of Gatus → one of ours, or what an expectation of a check says. Pure.

In: `[STATUS] == 200` and its kind of check. Out: fields of a check; `conditions` holds texts.
"""

from __future__ import annotations

import re
from typing import Any

from uptop_core.conditions.json_path import parse_path
from uptop_core.conditions.language import read_number
from uptop_leader.imports.fields import go_duration
from uptop_leader.imports.gathering import NoCounterpart, quoted

ANY_CODE = "100-599"
_OPERATORS = ("==", "!=", "<=", ">=", ">", "<")  # in the order in which Gatus looks for them
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_PLACEHOLDER = re.compile(r"\[([A-Z_]+)\](.*)", re.DOTALL)
_FUNCTION = re.compile(r"(any|pat)\((.*)\)", re.DOTALL)
_CODE_GLOB = re.compile(r"[1-5][0-9]?\*{1,2}")
_WORDS = {"IP": "ip", "BODY": "body"}
_DAY_S = 86_400
_NONE = "it has no counterpart"


def translated(text: str, kind: str) -> dict[str, Any]:
    """The fields that say the same. Raises NoCounterpart."""
    left, operator, right = _parts(text)
    placeholder = _PLACEHOLDER.fullmatch(left)
    if placeholder is None:
        raise NoCounterpart(_NONE)
    name, path = placeholder[1], placeholder[2].strip()
    if path and name != "BODY":
        raise NoCounterpart(_NONE)
    match name:
        case "STATUS" if kind == "http":
            return _status(operator, right)
        case "STATUS" if (kind, operator, right) == ("ssh", "==", "0"):
            return {}
        case "RESPONSE_TIME" if operator in _MIRRORED:
            return _condition(f"latency {operator} {_milliseconds(right)}ms")
        case "CERTIFICATE_EXPIRATION" if operator in _MIRRORED:
            days = _milliseconds(right) / 1000 / _DAY_S
            return _condition(f"cert_days {operator} {days:.6g}")
        case "CONNECTED" if (operator, right) in (("==", "true"), ("!=", "false")):
            return {}
        case "DNS_RCODE" if kind == "dns" and operator == "==":
            return {"rcode": right}
        case "BODY" if kind == "dns" and not path:
            return _records(operator, right)
        case "BODY" if path:
            return _condition(_compared(_json(path), operator, right))
        case "BODY" if kind == "websocket":
            return _message(operator, right)
        case "BODY" | "IP":
            return _condition(_compared(_WORDS[name], operator, right))
    raise NoCounterpart(_NONE)


def _parts(text: str) -> tuple[str, str, str]:
    """Placeholder, operator and what it is compared with."""
    for operator in _OPERATORS:
        left, found, right = text.partition(f" {operator} ")
        if found:
            left, right = left.strip(), right.strip()
            if not left.startswith("[") and right.startswith("["):
                return right, _MIRRORED.get(operator, operator), left
            return left, operator, right
    raise NoCounterpart("it is no condition")


def _condition(text: str) -> dict[str, Any]:
    return {"conditions": [text]}


def _status(operator: str, right: str) -> dict[str, Any]:
    function = _FUNCTION.fullmatch(right)
    if operator == "==" and function is None and right.isdigit():
        return {"accepted_codes": right}
    if operator == "==" and function is not None and function[1] == "any":
        return {"accepted_codes": ",".join(_options(function[2]))}
    if operator == "==" and function is not None and _CODE_GLOB.fullmatch(function[2]):
        digits = function[2].rstrip("*")
        return {"accepted_codes": f"{digits:0<3}-{digits:9<3}"}
    if function is not None or read_number(right) is None:
        raise NoCounterpart(_NONE)
    return _condition(f"status {operator} {right}")


def _records(operator: str, right: str) -> dict[str, Any]:
    if operator == "==" and _FUNCTION.fullmatch(right) is None:
        return {"expected": [right]}
    return _condition(_compared("dns", operator, right))


def _message(operator: str, right: str) -> dict[str, Any]:
    """Of a websocket the body is the message that was awaited."""
    function = _FUNCTION.fullmatch(right)
    if operator != "==" or (function is not None and function[1] == "any"):
        raise NoCounterpart(_NONE)
    if function is None:
        return {"expect": right, **_condition(f"body == {quoted(right)}")}
    if "*" in function[2].strip("*") or "?" in function[2]:
        raise NoCounterpart(_NONE)
    return {"expect": function[2].strip("*")}


def _json(path: str) -> str:
    written = path.removeprefix(".")
    try:
        parse_path(written)
    except ValueError:
        raise NoCounterpart(_NONE) from None
    return f"json({written})"


def _compared(word: str, operator: str, right: str) -> str:
    """`word` compared with what stands there, which may be a function."""
    function = _FUNCTION.fullmatch(right)
    if function is None:
        if right.startswith(("[", "len(", "has(")):
            raise NoCounterpart(_NONE)
        if operator in _MIRRORED and word in _WORDS.values():
            raise NoCounterpart(_NONE)
        return f"{word} {operator} {_operand(right)}"
    if function[1] == "any" and operator == "==":
        return f"{word} in [{', '.join(_operand(one) for one in _options(function[2]))}]"
    if function[1] == "pat" and operator in ("==", "!="):
        return _matching(word, function[2], is_wanted=operator == "==")
    raise NoCounterpart(_NONE)


def _matching(word: str, pattern: str, *, is_wanted: bool) -> str:
    """That a pattern of `*` and `?` fits the whole of it, or does not."""
    inner = pattern.strip("*")
    if is_wanted and pattern == f"*{inner}*" and inner and "?" not in inner and "*" not in inner:
        return f"{word} contains {quoted(inner)}"
    signs = {"*": r"[\s\S]*", "?": r"[\s\S]"}
    whole = "".join(signs.get(sign, re.escape(sign)) for sign in pattern)
    return f"{word} matches " + quoted(rf"\A{whole}\Z" if is_wanted else rf"\A(?!{whole}\Z)")


def _options(written: str) -> list[str]:
    return [one.strip() for one in written.split(",") if one.strip()]


def _operand(text: str) -> str:
    return text if read_number(text) is not None else quoted(text)


def _milliseconds(text: str) -> int:
    """Gatus compares whole milliseconds; a duration is such a number too."""
    seconds = go_duration(text)
    number = seconds * 1000 if seconds is not None else read_number(text)
    if number is None:
        raise NoCounterpart(_NONE)
    return int(number)
