"""One exchange with a leader over HTTP, and the errors that it may end with.

`LeaderAway`: nothing answered, or something that is not a leader (a proxy's page is never an
acknowledgement). `LeaderBusy`: come again. `LeaderRefused`: the same request will not work again.
One of the few modules that import httpx.
"""

from __future__ import annotations

import gzip
import os
import ssl
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx
import msgspec
from msgspec import Struct

from uptop_core.errors import (
    CheckFailed,
    LeaderAway,
    LeaderBusy,
    LeaderRefused,
    LeaderStrange,
    Problem,
)
from uptop_core.escaping import escape
from uptop_core.prober.decoding import Decoder
from uptop_core.wire import PROTOCOL, PROTOCOL_HEADER, SECRET_HEADER, ErrorAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

DEADLINE_S = 10.0  # for a whole exchange, beyond what the leader is asked to wait
ANSWER_LIMIT = 32 * 1024 * 1024  # bytes of an answer, unpacked
WORDS_LIMIT = 300  # characters of what a stranger says that go into our sentence
_ZIP_FROM = 1024  # smaller bodies are not worth packing
_FINE = (200, 201)


class _Taken(Struct, frozen=True):
    ok: bool


class Answer(Struct, frozen=True):
    """What came back, whole."""

    status: int
    headers: httpx.Headers
    body: bytes


class Exchange:
    """Asks one leader at `url`; an async context manager.

    `secret` is the cluster's, `token` a node key or an API token: each is sent if given. `tls`
    replaces the usual authorities. `http` replaces the whole client (its owner closes it).
    `deadline_s` is for each exchange. Proxies from the environment are not used, and redirects
    are not followed.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        http: httpx.AsyncClient | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {
            PROTOCOL_HEADER: str(PROTOCOL),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        if secret:
            self._headers[SECRET_HEADER] = secret
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._deadline_s = deadline_s
        self._owned = http is None
        self._verify = tls or (http is None and _authorities(self.url))
        self._http = http or open_http(self._verify, kept=4)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._owned:
            await self._http.aclose()

    async def get_json(
        self,
        path: str,
        into: type[T],
        params: Mapping[str, Any] | None = None,
        *,
        wait_s: float = 0.0,
    ) -> T:
        """Any other question; `path` begins with a slash, the answer is read as `into`. The leader
        may hold it for `wait_s` seconds.
        """
        return self._read(await self._ask("GET", path, params=params, wait_s=wait_s), into)

    async def post_json(self, path: str, body: bytes) -> None:
        """Hand over JSON; only an answer with `ok` says that it was taken."""
        if not self._read(await self._post(path, body), _Taken).ok:
            raise LeaderAway(self.url, "it did not acknowledge what it was given")

    async def _post(self, path: str, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        if len(body) >= _ZIP_FROM:
            body = gzip.compress(body, compresslevel=3, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return await self._ask("POST", path, headers=headers, content=body)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        wait_s: float = 0.0,
        http: httpx.AsyncClient | None = None,
    ) -> Answer:
        """One exchange, the whole of it within the deadline; whatever fails is LeaderAway."""
        deadline = self._deadline_s + wait_s
        try:
            with anyio.fail_after(deadline):
                async with (http or self._http).stream(
                    method,
                    self.url + path,
                    params=params,
                    headers={**self._headers, **(headers or {})},
                    content=content,
                    timeout=deadline,
                ) as response:
                    return await self._whole(response)
        except (TimeoutError, httpx.TimeoutException):
            raise LeaderAway(self.url, f"no answer within {deadline:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._unheard(error) from error

    def _unheard(self, error: Exception) -> LeaderAway:
        """What it means that no answer came, for this reason."""
        return LeaderAway(self.url, escape(_why(error), WORDS_LIMIT))

    async def _whole(self, response: httpx.Response) -> Answer:
        """An answer that is read to its end."""
        body = await self._body(response)
        return Answer(response.status_code, response.headers, body)

    async def _body(self, response: httpx.Response) -> bytes:
        # Unpacked here: httpx unpacks whatever came at once, as often as the head says.
        unpacked = Decoder(response.headers.get("Content-Encoding", ""), ANSWER_LIMIT)
        try:
            async for piece in response.aiter_raw():
                unpacked.add(piece)
                if unpacked.truncated:
                    raise LeaderAway(self.url, f"an answer of more than {ANSWER_LIMIT >> 20} MiB")
        except CheckFailed as error:
            raise LeaderAway(self.url, error.detail) from None
        return bytes(unpacked.body)

    def _read(self, answer: Answer, into: type[T]) -> T:
        """The answer of a leader that did what was asked; else the error that it is."""
        if answer.status not in _FINE:
            raise self._failure(answer)
        try:
            return msgspec.json.decode(answer.body, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._odd() from None

    def _odd(self) -> LeaderAway:
        return LeaderStrange(self.url)

    def _failure(self, answer: Answer) -> LeaderAway | LeaderBusy | LeaderRefused:
        status = answer.status
        try:
            told = msgspec.json.decode(answer.body, type=ErrorAnswer)
            words, code = escape(told.detail or told.title, WORDS_LIMIT), told.code
            problems = tuple(_problem(fields) for fields in told.problems)
        except (msgspec.DecodeError, UnicodeDecodeError):
            words, code, problems = "no reason given", "", ()
        if status in (429, 503):
            return LeaderBusy(self.url, status, words, _seconds(answer.headers.get("Retry-After")))
        if 400 <= status < 500:
            return LeaderRefused(self.url, status, code, words, problems)
        return LeaderAway(self.url, f"answered {status}: {words}")


def _problem(fields: dict[str, str]) -> Problem:
    line = fields.get("line", "")
    where, what = (escape(fields.get(name, ""), WORDS_LIMIT) for name in ("field", "message"))
    return Problem(where, what, int(line) if line.isascii() and line.isdecimal() else None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it came from, also where several went wrong at once, as with a name that
    has several addresses.
    """
    left = [error]
    for one in left:
        yield one
        if isinstance(one, BaseExceptionGroup):
            left.extend(one.exceptions)
        if (before := one.__cause__ or one.__context__) is not None:
            left.append(before)


def _why(error: Exception) -> str:
    """What the system said where httpx tells only that no attempt to connect has worked."""
    if isinstance(error, httpx.ConnectError):
        numbers = (
            one.errno
            for one in causes(error)
            if isinstance(one, OSError) and type(one).__module__ == "builtins"
        )
        if said := dict.fromkeys(os.strerror(number) for number in numbers if number):
            return ", ".join(said)
    return str(error) or type(error).__name__


def open_http(verify: ssl.SSLContext | bool, *, kept: int) -> httpx.AsyncClient:
    """A client that keeps so many connections open for the next question."""
    return httpx.AsyncClient(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=kept),
    )


def _authorities(url: str) -> ssl.SSLContext | bool:
    """The authorities that a leader's certificate may come from: the system's, where a cluster
    has its own, and the public ones. A plain connection needs none of their memory.
    """
    if not url.startswith("https:"):
        return False
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _seconds(written: str | None) -> float | None:
    """Retry-After as seconds; its form as a date is not used by a leader."""
    if written is None or not written.isascii() or not written.isdigit():
        return None
    return min(float(written), 3600.0)
