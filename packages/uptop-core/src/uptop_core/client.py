"""The client of the leader's API: one method per question, and every failure one of three errors.

`LeaderAway`: nothing answered, or something that is not a leader (a proxy's page is never an
acknowledgement). `LeaderBusy`: come again. `LeaderRefused`: the same request will not work again.
One of the few modules that import httpx.
"""

from __future__ import annotations

import gzip
import ssl
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx
import msgspec
from msgspec import Struct

from uptop_core.errors import LeaderAway, LeaderBusy, LeaderRefused, LeaderStrange
from uptop_core.escaping import escape
from uptop_core.wire import (
    POLL_HEADER,
    PROTOCOL,
    PROTOCOL_HEADER,
    SECRET_HEADER,
    SIGHTING_HEADER,
    Assignment,
    Assignments,
    ErrorAnswer,
    Health,
    PeerPoll,
    PeerSighting,
    Recheck,
    Registered,
    Registration,
    ResultsAnswer,
    ResultsBatch,
)

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

DEADLINE_S = 10.0  # for a whole exchange, beyond what the leader is asked to wait
ANSWER_LIMIT = 32 * 1024 * 1024  # bytes of an answer, unpacked
_ZIP_FROM = 1024  # smaller bodies are not worth packing
_WORDS_LIMIT = 300  # characters of what a stranger says that go into our sentence


class Fetched(Struct, frozen=True, kw_only=True):
    """Assignments as fetched, with the ETag to ask with again. `skipped` names the monitors that
    this version cannot read, because a newer leader sent them.
    """

    assignments: Assignments
    etag: str | None
    skipped: tuple[str, ...] = ()


class _Given(Struct, frozen=True):
    """Assignments on the wire, to be read one by one. Without `monitors` they are those that are
    known; where none are, it is no answer."""

    monitors: tuple[msgspec.Raw, ...] | None = None
    recheck: tuple[Recheck, ...] = ()


class _Name(Struct, frozen=True):
    id: str = "?"
    name: str = ""


class _Taken(Struct, frozen=True):
    ok: bool


class _Answer(Struct, frozen=True):
    status: int
    headers: httpx.Headers
    body: bytes


class LeaderClient:
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
        self._headers = {PROTOCOL_HEADER: str(PROTOCOL), "Accept": "application/json"}
        if secret:
            self._headers[SECRET_HEADER] = secret
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._deadline_s = deadline_s
        self._owned = http is None
        self._verify = tls or (http is None and _authorities(self.url))
        self._http = http or _http(self._verify, kept=4)

    async def __aenter__(self) -> LeaderClient:
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

    async def register(self, registration: Registration) -> Registered:
        """Make this node known; LeaderRefused 409 when another live instance has its id."""
        body = msgspec.json.encode(registration)
        return self._read(await self._post("/api/probe/register", body), Registered)

    async def assignments(
        self,
        node_id: str,
        *,
        instance: str = "",
        etag: str | None = None,
        known: tuple[Assignment, ...] | None = None,
        wait_s: float = 0.0,
    ) -> Fetched | None:
        """What the node is to run; None when that is what `etag` names. The leader holds the
        answer for up to `wait_s` seconds while nothing changes. `known` are the monitors that
        came with `etag`: where only rechecks have changed, they need not be sent again.
        """
        params = {"node_id": node_id}
        if instance:
            params["instance"] = instance
        if wait_s > 0:
            params["wait"] = f"{wait_s:g}"
        if etag and known is not None:
            params["partly"] = "true"
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._ask(
            "GET", "/api/probe/assignments", params=params, headers=headers, wait_s=wait_s
        )
        if answer.status == 304 and etag:
            return None
        given, following = self._read(answer, _Given), answer.headers.get("ETag")
        if given.monitors is not None:
            return _fetched(given.monitors, given.recheck, following)
        if known is None or "partly" not in params:
            raise self._odd()
        assignments = Assignments(monitors=known, recheck=given.recheck)
        return Fetched(assignments=assignments, etag=following)

    async def report(self, batch: ResultsBatch) -> ResultsAnswer:
        """Hand over results. Only what this returns is an acknowledgement."""
        answer = self._read(
            await self._post("/api/probe/results", msgspec.json.encode(batch)), ResultsAnswer
        )
        if not answer.ok:
            raise LeaderAway(self.url, "it did not acknowledge the results")
        return answer

    async def health(
        self, *, anew: bool = False, told: PeerPoll | PeerSighting | None = None
    ) -> Health:
        """What the node says of itself, also when that is 503; with `anew` on a connection that
        is made for this question. `told` is what it is told with it.
        """
        headers = {}
        if told is not None:
            name = POLL_HEADER if isinstance(told, PeerPoll) else SIGHTING_HEADER
            headers[name] = msgspec.json.encode(told).decode("ascii")
        if not anew or not self._owned:
            answer = await self._ask("GET", "/api/health", headers=headers)
        else:
            async with _http(self._verify, kept=0) as http:
                answer = await self._ask("GET", "/api/health", headers=headers, http=http)
        if answer.status == 503:
            try:
                return msgspec.json.decode(answer.body, type=Health)
            except msgspec.DecodeError:
                pass
        return self._read(answer, Health)

    async def get_json(
        self,
        path: str,
        into: type[T],
        params: dict[str, str] | None = None,
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

    async def _post(self, path: str, body: bytes) -> _Answer:
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
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        wait_s: float = 0.0,
        http: httpx.AsyncClient | None = None,
    ) -> _Answer:
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
                    body = await self._body(response)
                    return _Answer(response.status_code, response.headers, body)
        except (TimeoutError, httpx.TimeoutException):
            raise LeaderAway(self.url, f"no answer within {deadline:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            words = escape(str(error), _WORDS_LIMIT) or type(error).__name__
            raise LeaderAway(self.url, words) from error

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > ANSWER_LIMIT:
                raise LeaderAway(self.url, f"an answer of more than {ANSWER_LIMIT >> 20} MiB")
        return bytes(body)

    def _read(self, answer: _Answer, into: type[T]) -> T:
        """The answer of a leader that did what was asked; else the error that it is."""
        if answer.status != 200:
            raise self._failure(answer)
        try:
            return msgspec.json.decode(answer.body, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._odd() from None

    def _odd(self) -> LeaderAway:
        return LeaderStrange(self.url)

    def _failure(self, answer: _Answer) -> LeaderAway | LeaderBusy | LeaderRefused:
        status = answer.status
        try:
            told = msgspec.json.decode(answer.body, type=ErrorAnswer)
            words, code = escape(told.detail or told.title, _WORDS_LIMIT), told.code
        except (msgspec.DecodeError, UnicodeDecodeError):
            words, code = "no reason given", ""
        if status in (429, 503):
            return LeaderBusy(self.url, status, words, _seconds(answer.headers.get("Retry-After")))
        if 400 <= status < 500:
            return LeaderRefused(self.url, status, code, words)
        return LeaderAway(self.url, f"answered {status}: {words}")


def _fetched(
    raws: tuple[msgspec.Raw, ...], rechecks: tuple[Recheck, ...], etag: str | None
) -> Fetched:
    monitors: list[Assignment] = []
    skipped: list[str] = []
    for raw in raws:
        try:
            monitors.append(msgspec.json.decode(raw, type=Assignment))
        except msgspec.DecodeError as error:
            skipped.append(f"{_name(raw)}: {error}")
    assignments = Assignments(monitors=tuple(monitors), recheck=rechecks)
    return Fetched(assignments=assignments, etag=etag, skipped=tuple(skipped))


def _http(verify: ssl.SSLContext | bool, *, kept: int) -> httpx.AsyncClient:
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


def _name(raw: Any) -> str:
    try:
        monitor = msgspec.json.decode(raw, type=_Name)
    except msgspec.DecodeError:
        return "?"
    return escape(monitor.name or monitor.id, _WORDS_LIMIT)
