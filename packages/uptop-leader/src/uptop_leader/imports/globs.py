"""Patterns as Go's `filepath.Match` reads them, and so Gatus → regular expressions. Pure."""

from __future__ import annotations

import re

SPECIAL = frozenset("*?[\\")
"""The signs that mean something in a pattern."""

_SIGNS = re.compile(r"\\(.)|(\*)|(\?)|\[(\^?)([^\]]+)\]", re.DOTALL)
_IN_CLASS = re.compile(r"\\.|[\[\\&|~]", re.DOTALL)  # what means something of its own there


def fitting(glob: str, *, before: str = "", space: str = "", is_wanted: bool = True) -> str:
    """The expression that finds something when `glob` fits the whole of a text, or, if that is not
    wanted, when it does not. The expression `before` stands in front of it, `space` is allowed around.

    What stands between two stars may be taken where it is found first, so that there is no going
    back: a long text must not take long.
    """
    first, *others = _pieces(glob)
    expression = before + (first if not first and others else space + first)
    for place, piece in enumerate(others, 1):
        if place < len(others):
            expression += rf"(?>[\s\S]*?{piece})" if piece else ""
        elif piece:
            expression += rf"[\s\S]*{piece}{space}\Z"
    if not others:
        expression += rf"{space}\Z"
    return rf"\A{expression}" if is_wanted else rf"\A(?!{expression})"


def glob_of(text: str) -> str:
    """The pattern that fits `text` alone."""
    return "".join(f"\\{sign}" if sign in SPECIAL else sign for sign in text)


def _pieces(glob: str) -> list[str]:
    """The expressions for what stands before, between and behind the stars."""
    pieces, at = [""], 0
    for match in _SIGNS.finditer(glob):
        pieces[-1] += re.escape(glob[at : match.start()])
        at = match.end()
        sign, star, _, without, within = match.groups()
        if star:
            pieces.append("")
        elif sign is not None:
            pieces[-1] += re.escape(sign)
        elif within is not None:
            pieces[-1] += f"[{without}{_IN_CLASS.sub(lambda one: chr(92) + one[0][-1], within)}]"
        else:
            pieces[-1] += r"[\s\S]"
    pieces[-1] += re.escape(glob[at:])
    return pieces
