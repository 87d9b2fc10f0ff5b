"""Where an answer redirects to, and what may be asked there. Pure.

Methods change as RFC 9110 (section 15.4) allows and browsers do. What belongs to one origin is not
told to another one.
"""

from __future__ import annotations

import msgspec

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.cookies import with_cookies
from uptop_core.prober.http import Request, Response
from uptop_core.prober.urls import Url, joined

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_A_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-length"})
# Only these go along to another origin: any other header may be a key under a name of its own.
_HARMLESS = frozenset(
    {"user-agent", "accept", "accept-language", "accept-encoding", "cache-control", "pragma"}
    | _OF_A_BODY
)


def next_request(request: Request, response: Response) -> Request | None:
    """The request that `response` redirects `request` to; None when it does not redirect.

    Raises CheckFailed(REDIRECT_ERROR) for a place that cannot be asked.
    """
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or location is None:
        return None
    try:
        # Header values are read as Latin-1, but what is not ASCII in a URL is UTF-8.
        url = joined(request.url, location.encode("latin-1").decode("utf-8", "replace"))
    except ValueError as error:
        what = f"HTTP {response.status} with a Location that cannot be followed: {error}"
        raise CheckFailed(Reason.REDIRECT_ERROR, what) from error
    headers = _kept(request, url)
    if url.host == request.url.host:
        headers = with_cookies(headers, response, url)
    moved = msgspec.structs.replace(request, url=url, headers=headers)
    return _without_body(moved) if _becomes_get(request.method, response.status) else moved


def _becomes_get(method: str, status: int) -> bool:
    if status == 303:
        return method not in ("GET", "HEAD")
    return status in (301, 302) and method == "POST"


def _without_body(request: Request) -> Request:
    headers = tuple(line for line in request.headers if line[0].lower() not in _OF_A_BODY)
    return msgspec.structs.replace(request, method="GET", headers=headers, body=b"")


def _kept(request: Request, url: Url) -> tuple[tuple[str, str], ...]:
    if url.origin == request.url.origin or _is_upgrade(request.url, url):
        return request.headers
    return tuple(line for line in request.headers if line[0].lower() in _HARMLESS)


def _is_upgrade(old: Url, new: Url) -> bool:
    """The same host by https where it was http, both at their usual ports."""
    return new.origin == ("https", old.host, 443) and old.origin == ("http", old.host, 80)
