"""The seam for http: one request and its answer, over one connection to a vetted address.

In: a `Request`. Out: a `Response`; the phases, the address and the certificate's end go into the
`Look`. Nothing outside this module knows what speaks HTTP, and which of the engines asks is said in
one function here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.urls import Url

if TYPE_CHECKING:
    from uptop_core.looks import Look

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

BODY_LIMIT = 1024 * 1024  # bytes of an unpacked body that are read


class Request(Struct, frozen=True, kw_only=True, dict=True):
    """What is asked. Host, Connection and Content-Length are added where `headers` lack them.

    `ip_version` is that of the address that is connected to, 0 for either.
    `proxy`, in the form of `uptop_core.prober.proxies`, is asked to ask; `http2` offers HTTP/2.
    """

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    verify: bool = True
    ip_version: Literal[0, 4, 6] = 0
    proxy: str = ""
    http2: bool = False

    @property
    def lines(self) -> list[tuple[str, str]]:
        """All headers that are sent. Raises CheckFailed(INTERNAL_ERROR) for those that cannot be;
        it repeats no value.
        """
        given = {name.lower() for name, _ in self.headers}
        lines = [("Host", self.url.authority), ("Connection", "close")]
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(("Content-Length", str(len(self.body))))
        if any(
            not _NAME.fullmatch(name) or _NO_VALUE.search(value) for name, value in self.headers
        ):
            what = "the request cannot be made: a name or value of its headers cannot be sent"
            raise CheckFailed(Reason.INTERNAL_ERROR, what)
        return [*(line for line in lines if line[0].lower() not in given), *self.headers]

    @cached_property
    def packet(self) -> bytes:
        """The request as HTTP/1.1 sends it. Raises as `lines` does."""
        head = [f"{self.method} {self.url.target} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in self.lines]
        return "\r\n".join((*head, "\r\n")).encode() + self.body


class Response(Struct, frozen=True, kw_only=True):
    """What was answered. Names of headers are lower-case, values of the same name joined by commas.

    `body` is unpacked and holds at most 1 MiB; `truncated` says that there was more.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool = False


Engine = Callable[["Look", Request], Awaitable[Response]]


def load(request: Request) -> Engine:
    """What asks this request once and reads the answer, imported: a first look must not wait for
    that. It raises CheckFailed when there is no answer that can be read."""
    ours = None if request.proxy or request.http2 else _of_httptools()
    return ours or _of_httpx()


@cache
def _of_httptools() -> Engine | None:
    """Our own engine; None where httptools, of the extra `checks`, is not installed."""
    if find_spec("httptools") is None:
        return None
    from uptop_core.prober import http_by_httptools

    return http_by_httptools.exchange


@cache
def _of_httpx() -> Engine:
    from uptop_core.prober import http_by_httpx

    return http_by_httpx.exchange
