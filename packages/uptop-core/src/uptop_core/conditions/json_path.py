"""Paths into JSON documents: `data.items[3].name`, `["a key with dots"]`, `[-1]`, `$`.

In: the text between the parentheses of `json(path)`. Out: steps, and what they lead to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = str | int
"""A key of an object, or a place in a list (negative: counted from its end)."""

PATH_LIMIT = 64  # steps in one path

_STEP = re.compile(
    r"""(?P<dot>\.)?(?P<key>[^\s.\[\]"'()]+)"""
    r"""|\[\s*(?P<index>-?\d{1,9})\s*\]"""
    r"""|\[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]"""
    r"""|\[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]"""
)


class Nothing(LookupError):
    """Raised when a document has nothing at a path; `path` is as far as it could not be followed."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"nothing at {path}")


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path; none (`$` or nothing) is the whole document. ValueError says what is
    wrong with it.
    """
    rest = text.strip()
    dotted = rest.startswith("$")
    rest = rest.removeprefix("$")
    steps: list[Step] = []
    while rest:
        match = _STEP.match(rest)
        if match is None or (match["key"] and bool(match["dot"]) is not (dotted or bool(steps))):
            raise ValueError(f"cannot be read at '{rest}': write it like data.items[3].name")
        if match["key"] is not None:
            steps.append(match["key"])
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            quoted = match["double"] if match["double"] is not None else match["single"]
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        rest = rest[match.end() :]
        if len(steps) > PATH_LIMIT:
            raise ValueError(f"has more than {PATH_LIMIT} steps")
    return tuple(steps)


def follow(document: object, steps: Sequence[Step]) -> object:
    """What is at the end of `steps`. Raises Nothing, naming the first step that leads nowhere."""
    here = document
    for place, step in enumerate(steps):
        match here, step:
            case dict(), str() if step in here:
                here = here[step]
            case list(), int() if -len(here) <= step < len(here):
                here = here[step]
            case _:
                raise Nothing(_written(steps[: place + 1]))
    return here


def _written(steps: Sequence[Step]) -> str:
    """Steps as a person would write them."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _STEP.fullmatch(step):
            text += f".{step}" if text else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text
