"""First step of a document that is JSON: text → plain values, which know no lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

from uptop_leader.declared.references import expand
from uptop_leader.declared.written import DEPTH_LIMIT, KEY_LIMIT, Unreadable, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HALF = re.compile(r"\\[uU](0000)?[dD][89a-fA-F]")  # of a pair that stands for one character


def read_json(text: str) -> Written | None:
    """The values of a JSON text, or None when it is none: then it may be YAML in braces."""
    written = Written()

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if any(len(key) > KEY_LIMIT for key in found):
            raise Unreadable(f"a key has at most {KEY_LIMIT} characters")
        if len(found) < len(items):
            counts = Counter(key for key, _ in items)
            for key in sorted(key for key, count in counts.items() if count > 1):
                written.tell(key, "stands twice in one object")
        return found

    try:
        written.value = json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse)
    except Unreadable as error:
        written.problems.append(error.problem)
    except (ValueError, RecursionError):
        return None
    return written


def fault_of(value: Any, text: str) -> str | None:
    """What is wrong with a value as a whole that was read from the JSON `text`: it is nested too
    deeply, or holds half of a surrogate pair, which no text in UTF-8 can.
    """
    level, depth = [value], 0
    while level:
        if depth > DEPTH_LIMIT:
            return f"nested deeper than {DEPTH_LIMIT} levels"
        level = [inner for one in level for inner in _within(one)]
        depth += 1
    if _HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "holds half of a surrogate pair: write the character itself, or both halves"
    return None


def _within(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def expand_all(written: Written, environ: Mapping[str, str] | None) -> None:
    """Expand the references of a JSON value, in place."""
    try:
        _expand_within(written, [], written.value, environ)
    except Unreadable as error:
        written.problems.append(error.problem)


def _expand_within(
    written: Written, trail: list[str | int], value: Any, environ: Mapping[str, str] | None
) -> None:
    """Those of a value at the end of a trail, which is made a place in words only to tell of it."""
    for key, inner in _items(value):
        trail.append(key)
        if isinstance(inner, str) and "${" in inner:
            value[key], problems = expand(inner, environ)
            for problem in problems:
                written.tell(_place(trail), problem)
        else:
            _expand_within(written, trail, inner, environ)
        trail.pop()


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _place(trail: Iterable[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in trail)
    return "".join(steps).removeprefix(".")
