"""A condition of Gatus → one of ours, or what an expectation of a check says. Pure.

In: `[STATUS] == 200` and its kind of check. Out: fields of a check; `conditions` holds texts. What is
compared there is without the space around it, and names of placeholders know no case.
"""

from __future__ import annotations

import math
import re
from typing import Any

from uptop_core.checks.http import parse_codes
from uptop_core.conditions.json_path import parse_path
from uptop_core.conditions.language import read_number
from uptop_core.prober.dns_records import record_problem
from uptop_leader.imports.fields import go_duration
from uptop_leader.imports.gathering import NoCounterpart, quoted
from uptop_leader.imports.globs import SPECIAL, fitting, glob_of

ANY_CODE = "100-599"
_OPERATORS = ("==", "!=", "<=", ">=", ">", "<")  # in the order in which Gatus looks for them
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_PLACEHOLDER = re.compile(r"\[([A-Z_]+)\](.*)", re.DOTALL | re.IGNORECASE)
_LEFT = ("[", "len(", "has(")  # what stands on the left, as a rule
_COUNTED = re.compile(r"(len|has)\(\s*\[BODY\](.*)\)", re.DOTALL | re.IGNORECASE)
_HAS = {
    ("==", "true"): "> 0",
    ("!=", "false"): "> 0",
    ("==", "false"): "== 0",
    ("!=", "true"): "== 0",
}
_FUNCTION = re.compile(r"(any|pat)\((.*)\)", re.DOTALL)
_CODE_GLOB = re.compile(r"[1-5][0-9]?\*{1,2}")
_WORDS = {"IP": "ip", "BODY": "body"}
_BEFORE_NAME = {"MX": r"\d+ ", "SRV": r"\d+ \d+ "}
_RCODES = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED")
_AWAITED = ("port", "websocket")  # kinds that read no answer unless they await one
_DAY_S = 86_400
_NONE = "it has no counterpart"


def domain_days(text: Any) -> int | None:
    """For how many days, at least, a domain must last; None for a condition on something else."""
    try:
        left, operator, right = _parts(str(text))
        if left.upper() == "[DOMAIN_EXPIRATION]" and operator in (">", ">="):
            return math.ceil(_milliseconds(right) / 1000 / _DAY_S)
    except NoCounterpart:
        pass
    return None


def translated(text: str, kind: str, records: str = "") -> dict[str, Any]:
    """The fields that say the same for a `kind` of check, of dns for a type of `records`. Raises
    NoCounterpart.
    """
    left, operator, right = _parts(text)
    if (counted := _COUNTED.fullmatch(left)) is not None and kind in ("http", "grpc"):
        return _condition(_count(counted[1], counted[2].strip(), operator, right))
    placeholder = _PLACEHOLDER.fullmatch(left)
    if placeholder is None:
        raise NoCounterpart(_NONE)
    name, path = placeholder[1].upper(), placeholder[2].strip()
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
        case "DNS_RCODE" if kind == "dns" and operator == "==" and right in _RCODES:
            return {"rcode": right}
        case "BODY" if kind == "dns" and not path:
            return _records(operator, right, records)
        case "BODY" if kind in _AWAITED and not path:
            return _message(operator, right, kind)
        case "BODY" if path and kind in ("http", "grpc"):
            return _condition(_compared(f"json({_path(path)})", operator, right))
        case "BODY" | "IP" if name == "IP" or kind == "http":
            return _condition(_compared(_WORDS[name], operator, right))
    raise NoCounterpart(_NONE)


def _parts(text: str) -> tuple[str, str, str]:
    """Placeholder, operator and what it is compared with."""
    for operator in _OPERATORS:
        left, found, right = text.partition(f" {operator} ")
        if found:
            left, right = left.strip(), right.strip()
            if right.startswith(_LEFT) and not left.startswith(_LEFT):
                return right, _MIRRORED.get(operator, operator), left
            return left, operator, right
    raise NoCounterpart("it is no condition")


def _condition(text: str) -> dict[str, Any]:
    return {"conditions": [text]}


def _status(operator: str, right: str) -> dict[str, Any]:
    function = _FUNCTION.fullmatch(right)
    if operator == "==" and function is None and right.isdigit():
        return _codes(right)
    if operator == "==" and function is not None and function[1] == "any":
        return _codes(",".join(_options(function[2])))
    if operator == "==" and function is not None and _CODE_GLOB.fullmatch(function[2]):
        digits = function[2].rstrip("*")
        return _codes(f"{digits:0<3}-{digits:9<3}")
    if function is not None or read_number(right) is None:
        raise NoCounterpart(_NONE)
    return _condition(f"status {operator} {right}")


def _codes(written: str) -> dict[str, Any]:
    try:
        parse_codes(written)
    except ValueError:
        raise NoCounterpart(_NONE) from None
    return {"accepted_codes": written}


def _records(operator: str, right: str, kind: str) -> dict[str, Any]:
    """Of a record there is the name alone, or `name:port`; ours are whole, without their last dots."""
    function = _FUNCTION.fullmatch(right)
    is_pattern = function is not None and function[1] == "pat"
    if operator not in ("==", "!=") or (operator == "!=" and not is_pattern and function):
        raise NoCounterpart(_NONE)
    if kind not in _BEFORE_NAME and not is_pattern:
        if operator == "==" and function is None:
            if record_problem(right, kind or "A") is not None:
                raise NoCounterpart(_NONE)
            return {"expected": [right]}
        return _condition(_compared("dns", operator, right))
    if function is None:
        globs = [glob_of(right)]
    else:
        globs = [function[2]] if is_pattern else list(map(glob_of, _options(function[2])))
    found = (_of_record(glob, kind, is_wanted=operator == "==") for glob in globs)
    return _condition(f"dns matches {quoted('|'.join(found))}")


def _of_record(glob: str, kind: str, *, is_wanted: bool) -> str:
    before = _BEFORE_NAME.get(kind, "")
    if kind == "SRV":
        glob, _, port = glob.rpartition(":")
        before += f"{port} " if port.isdigit() else r"\d+ "
    if kind != "TXT":
        glob = glob.lower().removesuffix(".")
    return fitting(glob, before=before, is_wanted=is_wanted)


def _message(operator: str, right: str, kind: str) -> dict[str, Any]:
    """Of a websocket the body is the message that was awaited, of a port all that came until then."""
    function = _FUNCTION.fullmatch(right)
    if operator != "==" or (function is not None and function[1] == "any"):
        raise NoCounterpart(_NONE)
    wanted = right if function is None else function[2].strip("*")
    if function is not None and SPECIAL & set(wanted):
        raise NoCounterpart(_NONE)
    expected = {"expect": escaped(wanted) if kind == "port" else wanted}
    return expected | (_condition(f"body == {quoted(right)}") if function is None else {})


def escaped(text: str) -> str:
    """A text as a port check's `send` and `expect` are written."""
    return text.replace("\\", r"\\").replace("\r", r"\r").replace("\n", r"\n")


def _count(function: str, path: str, operator: str, right: str) -> str:
    """How many there are; that there is something means more than none."""
    if function == "len" and read_number(right) is not None:
        return f"count({_path(path)}) {operator} {right}"
    if function == "has" and (operator, right) in _HAS:
        return f"count({_path(path)}) {_HAS[operator, right]}"
    raise NoCounterpart(_NONE)


def _path(path: str) -> str:
    written = path.removeprefix(".")
    try:
        parse_path(written)
    except ValueError:
        raise NoCounterpart(_NONE) from None
    return written or "$"


def _compared(word: str, operator: str, right: str) -> str:
    """`word` compared with what stands there, which may be a function."""
    function = _FUNCTION.fullmatch(right)
    if function is None:
        if right.startswith(_LEFT):
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
    if is_wanted and pattern == f"*{inner}*" and inner and not SPECIAL & set(inner):
        return f"{word} contains {quoted(inner)}"
    space = r"\s*" if word == "body" else ""
    return f"{word} matches {quoted(fitting(pattern, space=space, is_wanted=is_wanted))}"


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
