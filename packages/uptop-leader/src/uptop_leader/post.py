"""Part of step 12: one HTTP request to a service, and what its answer means for the delivery.

The only module of the providers that knows the HTTP client. Redirects are never followed, because
the request carries credentials. What the service says of an error goes into the error's text only
after `scrub` has taken the secrets out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import httpx
import msgspec
from msgspec import Struct

from uptop_core.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Http = httpx.AsyncClient
"""The client that is passed in; made with `trust_env=False`, so no proxy and no .netrc."""

ANSWER_LIMIT = 16_384  # bytes of an answer that are read
_SAID_LIMIT = 160
_LONGEST_WAIT_S = 86_400.0
_TRANSIENT = frozenset({408, 423, 425, 429})


class Request(Struct, frozen=True, kw_only=True):
    """What to send: `body` is encoded as JSON, `form` as a form; `auth` is basic auth."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = {}
    body: object = None
    form: Mapping[str, str] | None = None
    auth: tuple[str, str] | None = None


class _Answer(Struct, frozen=True):
    status: int
    retry_after: str
    body: bytes


async def post(http: Http, request: Request, scrub: Callable[[str], str] | None) -> None:
    """Send `request`; return when the service has taken it, else raise DeliveryError.

    `scrub` takes secrets out of what the service says; None leaves its words out altogether. The
    caller sets the deadline by cancelling.
    """
    answer = await _ask(http, request)
    if 200 <= answer.status < 300:
        return
    said = scrub(_said(answer.body)) if scrub else ""
    what = f"the service answered {answer.status}" + (f": {said}" if said else "")
    if 300 <= answer.status < 400:
        what = f"the service answered {answer.status}: redirects are not followed"
    transient = answer.status >= 500 or answer.status in _TRANSIENT
    raise DeliveryError(
        what,
        permanent=not transient,
        # A gateway that gave up waiting cannot know what became of the request behind it.
        unknown=answer.status == 504,
        retry_after_s=_retry_after_s(answer) if transient else None,
    )


async def _ask(http: Http, request: Request) -> _Answer:
    headers = {"Accept-Encoding": "identity", "User-Agent": "uptop", **request.headers}
    content = None
    if request.form is None:
        headers.setdefault("Content-Type", "application/json")
        content = msgspec.json.encode(request.body)
    try:
        async with http.stream(
            request.method,
            request.url,
            headers=headers,
            content=content,
            data=request.form,
            auth=request.auth,
            follow_redirects=False,
        ) as response:
            answer = b""
            if not response.is_success:
                answer = await _start_of(response)
            wait = response.headers.get("Retry-After", "")
            return _Answer(response.status_code, wait, answer)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise DeliveryError(f"no connection: {_name(error)}") from None
    except (
        httpx.InvalidURL,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
        UnicodeError,
    ):
        raise DeliveryError(
            "the request cannot be made of these settings", permanent=True
        ) from None
    except httpx.HTTPError as error:
        raise DeliveryError(f"cut off before the answer: {_name(error)}", unknown=True) from None


async def _start_of(response: httpx.Response) -> bytes:
    """The first bytes of an answer; a service that breaks off here has answered all the same."""
    found = b""
    try:
        async for chunk in response.aiter_raw():
            found += chunk
            if len(found) >= ANSWER_LIMIT:
                break
    except httpx.HTTPError:
        pass
    return found[:ANSWER_LIMIT]


def _name(error: Exception) -> str:
    """What kind of error it was. Its own text may hold the URL."""
    return type(error).__name__


def _said(body: bytes) -> str:
    """The service's own words about an error: the usual fields of a JSON answer, or a short text."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode("utf-8", "replace")
        return "" if "<" in text else text[:_SAID_LIMIT]
    if not isinstance(answer, dict):
        return ""
    for field in ("description", "errorDescription", "errors", "message", "error"):
        value = answer.get(field)
        words = value if isinstance(value, list) else [value]
        text = ", ".join(word for word in words if isinstance(word, str))
        if text:
            return text[:_SAID_LIMIT]
    return ""


def _retry_after_s(answer: _Answer) -> float | None:
    """How long the service asks to wait: the header's seconds, or the field of its JSON answer."""
    value: object = answer.retry_after
    if not value:
        try:
            body = msgspec.json.decode(answer.body, type=_Waits)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
            return None
        value = body.retry_after if body.retry_after is not None else body.parameters.retry_after
    try:
        seconds = float(value)  # type: ignore[arg-type]  # None is caught as a TypeError
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if math.isfinite(seconds) else None


class _Parameters(Struct, frozen=True):
    retry_after: float | None = None


class _Waits(Struct, frozen=True):
    """Discord says `retry_after` at the top, Telegram inside `parameters`."""

    retry_after: float | None = None
    parameters: _Parameters = _Parameters()
