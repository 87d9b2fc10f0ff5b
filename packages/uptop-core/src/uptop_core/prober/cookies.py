"""Cookies on the way through redirects, as far as one look needs them. Pure.

Some targets set a cookie and redirect to where one already is, to see whether it comes back: who
never sends one goes round for ever. So what was set goes along to the same host, as RFC 6265 wants
it; paths and domains are not looked at, since all of it is forgotten at the end of the look.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.prober.http import Response
    from uptop_core.prober.urls import Url

# Headers of one name come joined by commas, and dates have commas of their own.
_BETWEEN = re.compile(r",\s*(?=[^;,=\s]+=)")
_MOST = 50
_LONG_AGO = 2001  # who takes a cookie away writes 1970
_LONGEST = 4096  # characters of one


def with_cookies(
    headers: tuple[tuple[str, str], ...], response: Response, url: Url
) -> tuple[tuple[str, str], ...]:
    """`headers` of a request to `url` with the cookies that `response`, of the same host, set."""
    written = response.headers.get("set-cookie", "")
    if not written:
        return headers
    sent = next((value for name, value in headers if name.lower() == "cookie"), "")
    jar = dict(_pairs(sent.split(";")))
    for one in _BETWEEN.split(written)[:_MOST]:
        pair, *attributes = one.split(";")
        for name, value in _pairs([pair]):
            known = {key.lower(): said for key, said in _attributes(attributes)}
            jar.pop(name, None)
            if not _is_over(known) and (url.scheme == "https" or "secure" not in known):
                jar[name] = value
    others = tuple(line for line in headers if line[0].lower() != "cookie")
    cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
    return (*others, ("Cookie", cookies)) if cookies else others


def _pairs(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if sign and name and part.isprintable() and len(part) <= _LONGEST:
            yield name, value


def _attributes(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()


def _is_over(attributes: dict[str, str]) -> bool:
    """Whether a cookie is taken away by this: it ends at once, or long ago."""
    if (age := attributes.get("max-age")) is not None:
        return age.startswith("-") or age == "0"
    try:
        return parsedate_to_datetime(attributes.get("expires", "")).year < _LONG_AGO
    except ValueError:
        return False
