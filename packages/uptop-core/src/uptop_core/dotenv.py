"""Reading a `.env` file: KEY=VALUE lines, comments, quotes, an `export` before the key.

Nothing is expanded: `$` is an ordinary character, so that secrets may hold one.
"""

from __future__ import annotations

import re

from msgspec import Struct

from uptop_core.errors import Problem

_KEY = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$"}


class Entry(Struct, frozen=True):
    """The value of one key, and the line (from 1) it stands on."""

    value: str
    line: int


def parse_dotenv(content: str) -> tuple[dict[str, Entry], list[Problem]]:
    """The entries of a file by key (the last one counts), and every line that cannot be read.

    Problems name the line and never show it: it may hold a secret.
    """
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(content.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _KEY.fullmatch(line)
        value = _value(found[2]) if found else None
        if found is None:
            problems.append(Problem("", "not of the form KEY=VALUE", number))
        elif value is None:
            problems.append(Problem(found[1], "the quotes do not match", number))
        else:
            entries[found[1]] = Entry(value, number)
    return entries, problems


def _value(written: str) -> str | None:
    """The value as meant, or None when a quote is not closed."""
    if written[:1] not in ("'", '"'):
        return re.split(r"(?:^|\s)#", written, maxsplit=1)[0].strip()
    found = _QUOTED.fullmatch(written)
    if found is None:
        return None
    if found[2] is not None:
        return found[2]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), found[1])
