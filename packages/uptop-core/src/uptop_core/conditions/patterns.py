"""Regular expressions of conditions, bounded: in length, in repeats, and in the time they take.

They need the package `regex`, whose searches can be given a deadline; the standard library's cannot.
"""

from __future__ import annotations

import math
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from uptop_core.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regex import Pattern

SEARCH_LIMIT_S = 0.1
PATTERN_LIMIT = 500  # characters
REPEATS_LIMIT = 100_000  # product of all {n}: nested ones are unrolled when compiled

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_COUNTED = re.compile(r"\{\s*(\d{1,9})")
_SPACED = re.compile(r"\(\?[A-Za-z01]*x")  # where counts may be written in pieces


class PatternTooSlow(Exception):
    """Raised when a search was not done within its time."""


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern[str]:
    """The compiled pattern. ValueError says what is wrong with it; MissingExtra without `regex`."""
    try:
        import regex
    except ImportError:
        raise MissingExtra("conditions with matches", "uptop-core[checks]") from None
    if len(text) > PATTERN_LIMIT:
        raise ValueError(f"the pattern is too long, at most {PATTERN_LIMIT} characters")
    bare = _ESCAPED.sub("", text)
    if _SPACED.search(bare):
        raise ValueError("the pattern must not have the flag x: write it without spaces of its own")
    if math.prod(int(count) or 1 for count in _COUNTED.findall(bare)) > REPEATS_LIMIT:
        raise ValueError(f"the pattern repeats too much, at most {REPEATS_LIMIT} times in all")
    try:
        return regex.compile(text)
    except regex.error as error:
        raise ValueError(f"the pattern cannot be read: {error}") from None
    except RecursionError:
        raise ValueError("the pattern is nested too deep") from None


def found_in(pattern: str, texts: Iterable[str]) -> bool:
    """Whether `pattern` is anywhere in one of `texts`. Raises PatternTooSlow after 0.1 s in all, of
    CPU time as `regex` counts it: a machine that is busy with other things makes no pattern slow.
    """
    compiled = compile_pattern(pattern)
    deadline = time.process_time() + SEARCH_LIMIT_S
    for text in texts:
        left = deadline - time.process_time()
        if left <= 0:
            raise PatternTooSlow
        try:
            if compiled.search(text, timeout=left):
                return True
        except TimeoutError:
            raise PatternTooSlow from None
    return False
