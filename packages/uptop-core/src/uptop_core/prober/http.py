"""The seam for http: one request and its answer, over one connection to a vetted address.

In: a `Request`. Out: a `Response`; the phases, the address and the certificate's end go into the
`Look`. Nothing outside this module knows what speaks HTTP, and which of the engines asks is said in
one function here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.prober.urls import Url

if TYPE_CHECKING:
    from uptop_core.looks import Look

BODY_LIMIT = 1024 * 1024  # bytes of an unpacked body that are read


class Request(Struct, frozen=True, kw_only=True):
    """What is asked. Host, Connection and Content-Length are added where `headers` lack them.

    `proxy`, in the form of `uptop_core.prober.proxies`, is asked to ask; `http2` offers HTTP/2.
    """

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    verify: bool = True
    proxy: str = ""
    http2: bool = False


class Response(Struct, frozen=True, kw_only=True):
    """What was answered. Names of headers are lower-case, values of the same name joined by commas.

    `body` is unpacked and holds at most 1 MiB; `truncated` says that there was more.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool = False


Engine = Callable[["Look", Request], Awaitable[Response]]


async def exchange(look: Look, request: Request) -> Response:
    """Ask once and read the answer. Raises CheckFailed when there is none that can be read."""
    return await _engine(request)(look, request)


def _engine(request: Request) -> Engine:  # noqa: ARG001  what it asks for may choose
    """What asks this request: a function (look, request) → response that raises CheckFailed."""
    from uptop_core.prober import http_by_httpx

    return http_by_httpx.exchange
