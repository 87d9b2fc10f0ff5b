"""http: up means that the answer meets the expectations, within the timeout."""

from __future__ import annotations

import base64
import re
from functools import cache, cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

from uptop_core.check import Check
from uptop_core.errors import CheckFailed, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import IpVersion, host_of, origin_of
from uptop_core.outcomes import Reason
from uptop_core.prober.headers import CONTROL, header_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look
    from uptop_core.prober.http import Engine, Request, Response

_CODES = re.compile(r"\s*([1-5][0-9]{2})(?:\s*-\s*([1-5][0-9]{2}))?\s*")
_OURS = ("content-length", "transfer-encoding")  # follow from the body


class HttpCheck(Check, tag="http", frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """Asks a URL. Defaults: GET, status 200-299, up to 10 redirects, certificates verified.

    `accepted_codes` is a comma-separated list of codes and ranges. `username` and `password` are
    for basic auth, `bearer` is a token. `check_ssl` warns `expiry_threshold` days before the
    certificate, or one in its chain, ends. `follow_redirects` is how many redirects are
    followed at most. `ip_version` 4 or 6 uses only addresses of that version (of the proxy, if
    there is one); 0 uses both, and the one that answers first.

    `proxy` is `http://`, `https://` or `socks5://`, then `name:port`, with `user:password@` before
    the name if the proxy requires it. The proxy resolves the target's name and connects to it, so
    the node's rules for addresses apply to the proxy, and to a target that is written as an
    address. `http2` offers HTTP/2 to an https target, which may still choose HTTP/1.1; it needs
    the extra `uptop-core[http2]`.
    """

    example: ClassVar[str] = (
        'url: "https://shop.example.com/health", check_ssl: true, conditions: [\'json(status) == "ok"\', {soft: "latency < 500ms"}]'
    )

    secrets: ClassVar[tuple[str, ...]] = ("password", "bearer", "headers", "proxy")

    url: str
    method: Annotated[str, Meta(pattern="^[A-Z]{1,20}$")] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    username: str = ""
    password: str = ""
    bearer: str = ""
    accepted_codes: str = "200-299"
    follow_redirects: Annotated[int, Meta(ge=0, le=30)] = 10
    ignore_tls: bool = False
    check_ssl: bool = False
    expiry_threshold: Annotated[int, Meta(ge=1, le=365)] = 7
    ip_version: IpVersion = 0
    proxy: str = ""
    http2: bool = False

    def host(self) -> str | None:
        """The host of the URL; None when the URL names none."""
        return host_of(self.url)

    def certificate_warning_days(self) -> int | None:
        """As `check_ssl` and `expiry_threshold` say."""
        return self.expiry_threshold if self.check_ssl else None

    def told(self) -> tuple[str | None, ...]:
        """The target's origin, and the proxy, which reads what goes over http."""
        return (origin_of(self.url), self.proxy)

    def problems(self) -> Iterator[Problem]:
        """A URL that cannot be asked, codes that cannot be read, headers that cannot be sent."""
        from uptop_core.prober.proxies import proxy_problem
        from uptop_core.prober.urls import url_problem

        if (wrong := url_problem(self.url, self.ip_version)) is not None:
            yield Problem("url", wrong)
        if not self.method.isalpha() or self.method == "CONNECT":
            yield Problem("method", "must be a method such as GET, HEAD or POST, but not CONNECT")
        try:
            parse_codes(self.accepted_codes)
        except ValueError as error:
            yield Problem("accepted_codes", str(error))
        if self.proxy and (wrong := proxy_problem(self.proxy)) is not None:
            yield Problem("proxy", wrong)
        for wrong in header_problems(self.headers, _OURS, "follows from the body"):
            yield Problem("headers", wrong)
        yield from self._credential_problems()

    def _credential_problems(self) -> Iterator[Problem]:
        if self.bearer and (self.username or self.password):
            yield Problem("bearer", "cannot be used together with username and password")
        if self.password and not self.username:
            yield Problem("username", "must be set when there is a password")
        if ":" in self.username:
            yield Problem("username", "must not contain a colon")
        if CONTROL.search(self.bearer) or self.bearer != self.bearer.strip():
            yield Problem("bearer", "must have no control characters, and no space around it")
        if (self.bearer or self.username) and any(
            name.lower() == "authorization" for name in self.headers
        ):
            yield Problem("headers", "Authorization is there twice: here and as credentials")

    def prepare(self) -> None:
        """The engine, and what follows from the settings alone."""
        self._exchange, self._codes  # noqa: B018  worked out here, once

    async def run(self, look: Look) -> None:
        """Ask, follow, compare."""
        response = await self._follow(look)
        status = response.status
        look.status, look.headers, look.body = status, response.headers, response.body
        for codes in self._codes:
            if status in codes:
                return
        what = f"HTTP {status}, expected {self.accepted_codes.strip()}{_whereto(response)}"
        raise CheckFailed(Reason.STATUS_MISMATCH, what)

    async def _follow(self, look: Look) -> Response:
        request, exchange, hops = self._request, self._exchange, 0
        if look.vantage.skip_verify:
            request = msgspec.structs.replace(request, verify=False)
        while True:
            try:
                response = await exchange(look, request)
            except CheckFailed as error:
                if hops == 0:
                    raise
                what = f"redirected to {request.url.host}: {error.detail}"
                raise CheckFailed(error.reason, what) from error
            if not (300 <= response.status < 400 and self.follow_redirects):
                return response
            following = _following(request, response)
            if following is None:
                return response
            hops += 1
            if hops > self.follow_redirects:
                what = f"more than {self.follow_redirects} redirects{_whereto(response)}"
                raise CheckFailed(Reason.REDIRECT_ERROR, what)
            request = following

    # What follows from the settings alone is worked out at the first look and kept with them.

    @cached_property
    def _exchange(self) -> Engine:
        """What asks its requests, those after a redirect too; imported here, at the first look."""
        from uptop_core.prober.http import load

        return load(self._request)

    @cached_property
    def _codes(self) -> tuple[range, ...]:
        return parse_codes(self.accepted_codes)

    @cached_property
    def _request(self) -> Request:
        from uptop_core.prober.http import Request
        from uptop_core.prober.urls import parse_url

        headers = {"User-Agent": _user_agent(), "Accept": "*/*"}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        elif self.username:
            pair = f"{self.username}:{self.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        written = {name.lower() for name in self.headers}
        ours = [(name, value) for name, value in headers.items() if name.lower() not in written]
        try:
            url = parse_url(self.url)
        except ValueError as error:
            # Refused when it was written; a script may come here without having asked.
            raise CheckFailed(Reason.INTERNAL_ERROR, f"url: {error}") from error
        return Request(
            method=self.method,
            url=url,
            headers=(*ours, *self.headers.items()),
            body=self.body.encode(),
            verify=not self.ignore_tls,
            ip_version=self.ip_version,
            proxy=self.proxy,
            http2=self.http2,
        )


def _whereto(response: Response) -> str:
    """Where an answer leads that is not followed, without what may be a secret."""
    where = re.split(r"[?#]", response.headers.get("location", ""), maxsplit=1)[0]
    where = re.sub(r"//[^/]*@", "//", where)
    if not (where and 300 <= response.status < 400):
        return ""
    return f"; it leads to {escape(where, 100)}"


def _following(request: Request, response: Response) -> Request | None:
    from uptop_core.prober.redirects import next_request

    return next_request(request, response)


def parse_codes(written: str) -> tuple[range, ...]:
    """The codes of a list such as "200-299" or "200,204,301-302".

    Raises ValueError with a sentence for anything else.
    """
    ranges: list[range] = []
    for part in written.split(","):
        match = _CODES.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise ValueError(
                f"{part.strip()!r} is neither a status code (100 to 599) nor a range of them,"
                ' as in "200-299" or "200,204,301-302"'
            )
        ranges.append(range(first, last + 1))
    return tuple(ranges)


@cache
def _user_agent() -> str:
    return f"uptop/{metadata.version('uptop-core')}"
