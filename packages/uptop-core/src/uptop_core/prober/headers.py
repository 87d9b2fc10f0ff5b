"""What may stand in the headers that a person writes for a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # the name of a header (RFC 9110, 5.6.2)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def header_problems(headers: Mapping[str, str], ours: Collection[str], why: str) -> Iterator[str]:
    """What is wrong with `headers`, in words that repeat no value. The names in `ours` (lower-case)
    are not for people to set; `why` says so.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield f"{name!r} is not the name of a header"
        elif name.lower() in ours:
            yield f"{name} {why} and cannot be set"
        elif CONTROL.search(value) or value != value.strip():
            yield f"the value of {name} must have no control characters, and no space around it"
