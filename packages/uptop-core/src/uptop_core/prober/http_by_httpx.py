"""The other way to ask by http, for what our own engine does not do: proxies and HTTP/2.

Same meaning as `uptop_core.prober.http.exchange`, and the same fields of the look. What speaks HTTP
is httpcore, the engine of httpx, over connections of our own: always to the vetted address, one for
each look, nothing taken from the environment. It is also what asks where httptools is missing.

Behind a proxy the vetted address, and so `look.address`, is that of the proxy. Names of targets are
resolved by the proxy, so only targets that are written as addresses are vetted here.
"""

from __future__ import annotations

import ssl
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio
import httpcore
from anyio.streams.tls import TLSAttribute

from uptop_core.errors import CheckFailed, MissingExtra
from uptop_core.escaping import escape
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.connect import connect
from uptop_core.prober.decoding import Decoder
from uptop_core.prober.http import BODY_LIMIT, Request, Response
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.proxies import parse_proxy
from uptop_core.prober.resolve import guard, resolve
from uptop_core.prober.socks import connect_by_socks
from uptop_core.prober.tls import handshake, note_end
from uptop_core.targets import parse_host

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from anyio.abc import ByteStream

    from uptop_core.prober.proxies import Proxy
    from uptop_core.prober.urls import Url

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
_PEEK_S = 2.0  # most that is spent on learning the end of a certificate that was refused

# Reading and connecting are ours and raise CheckFailed themselves; the rest of the tree is here so
# that nothing it could raise is ever taken for something else.
REASONS: Mapping[type[Exception], Reason] = {
    httpcore.RemoteProtocolError: Reason.PROTOCOL_ERROR,
    httpcore.LocalProtocolError: Reason.INTERNAL_ERROR,
    httpcore.ProtocolError: Reason.PROTOCOL_ERROR,
    httpcore.ConnectTimeout: Reason.CONNECT_TIMEOUT,
    httpcore.PoolTimeout: Reason.INTERNAL_ERROR,
    httpcore.TimeoutException: Reason.TIMEOUT,
    httpcore.NetworkError: Reason.RESET,
    httpcore.ProxyError: Reason.PROXY_ERROR,
    httpcore.UnsupportedProtocol: Reason.INTERNAL_ERROR,
    httpcore.ConnectionNotAvailable: Reason.INTERNAL_ERROR,
}


async def exchange(look: Look, request: Request) -> Response:
    """Ask once and read the answer. Raises CheckFailed when there is none that can be read.

    Raises MissingExtra when HTTP/2 is wanted and its extra is not installed.
    """
    if request.http2:
        _need_h2()
    way = _Way(look, request)
    try:
        return await _ask(way)
    except CheckFailed as error:
        if way.proxy and error.reason in (Reason.TLS_ERROR, Reason.CERT_EXPIRED):
            await _peek(way)
        raise


def failure(error: Exception) -> CheckFailed:
    """What an error of httpcore says of the target, or of the proxy."""
    reason = next(REASONS[kind] for kind in type(error).__mro__ if kind in REASONS)
    if reason is Reason.INTERNAL_ERROR:  # its text may repeat a header, and so a secret
        return CheckFailed(reason, f"the request cannot be made ({type(error).__name__})")
    said = escape(str(error), 160)
    if reason is Reason.PROTOCOL_ERROR:
        return CheckFailed(reason, f"not a whole HTTP answer: {said}")
    if reason is Reason.PROXY_ERROR:
        return CheckFailed(reason, f"the proxy does not connect: {said}")
    return CheckFailed(reason, said or "the connection was lost")


def _need_h2() -> None:
    try:
        import h2.connection  # noqa: F401  what httpcore imports when it needs it
    except ImportError:
        raise MissingExtra("http2 of an http check", "uptop-core[http2]") from None


class _Way(httpcore.AsyncNetworkBackend):
    """The way to one target: connects where it is told by `request`, whatever httpcore asks for.

    `peeking` goes as far as the target's certificate and verifies nothing.
    """

    def __init__(self, look: Look, request: Request, *, peeking: bool = False) -> None:
        self.look = look
        self.request = request
        self.proxy = _proxy(request.proxy)
        self.peeking = peeking
        self.asked = False
        self.answered = False
        if self.proxy is not None and (literal := parse_host(request.url.host)) is not None:
            guard([literal], look.vantage)

    @property
    def at_proxy(self) -> bool:
        """Whether what happens now is between us and the proxy."""
        return self.proxy is not None and not self.asked

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        if self.proxy is None:
            url = self.request.url
            return _Line(self, await self._connected(url.host, url.port))
        try:
            stream = await self._connected(self.proxy.host, self.proxy.port)
        except CheckFailed as error:
            raise CheckFailed(error.reason, f"the proxy: {error.detail}") from error
        self.look.enter(Phase.CONNECT)  # until the target is asked: that is what the proxy does
        if self.proxy.scheme == "socks5":
            await self._through_socks(stream, self.proxy)
        return _Line(self, stream)

    async def _connected(self, host: str, port: int) -> ByteStream:
        addresses = await resolve(self.look, host, port)
        return await connect(self.look, addresses, port)

    async def _through_socks(self, stream: ByteStream, proxy: Proxy) -> None:
        url = self.request.url
        try:
            await connect_by_socks(stream, proxy, url.host, url.port)
        except BaseException as error:
            await anyio.aclose_forcefully(stream)
            if isinstance(error, _BROKEN):
                raise self.lost(error) from error
            raise

    def lost(self, error: Exception) -> CheckFailed:
        """The connection broke."""
        if self.at_proxy:
            return CheckFailed(Reason.PROXY_ERROR, "the proxy reset the connection")
        return stream_failure(error, "while answering" if self.answered else "before it answered")

    def ended(self) -> CheckFailed:
        """The connection was closed before there was an answer."""
        if self.at_proxy:
            return CheckFailed(Reason.PROXY_ERROR, "the proxy closed the connection")
        what = "the target closed the connection without an answer"
        return CheckFailed(Reason.PROTOCOL_ERROR, what)

    async def secure_proxy(self, stream: ByteStream) -> ByteStream:
        """TLS with the proxy itself; its certificate says nothing of the target's."""
        assert self.proxy is not None  # noqa: S101  only asked for where there is one
        vantage = self.look.vantage
        aside = Look(vantage, self.look.timeout_s)
        host, port = self.proxy.host, self.proxy.port
        try:
            return await handshake(
                aside, stream, host, port, verify=not vantage.skip_verify, alpn=("http/1.1",)
            )
        except CheckFailed as error:
            raise CheckFailed(Reason.PROXY_ERROR, f"the proxy: {error.detail}") from error

    async def secure_target(self, stream: ByteStream) -> ByteStream:
        """TLS with the target."""
        url, look = self.request.url, self.look
        alpn = ("h2", "http/1.1") if self.request.http2 else ("http/1.1",)
        verify = self.request.verify and not self.peeking
        if self.proxy is None:
            return await handshake(look, stream, url.host, url.port, verify=verify, alpn=alpn)
        # A look of its own, for that one knows no address: the target's is the proxy's secret, and
        # a certificate that is refused is looked at once more through the proxy (see `_peek`).
        aside = Look(look.vantage, look.timeout_s)
        look.enter(None if self.peeking else Phase.TLS)
        try:
            return await handshake(aside, stream, url.host, url.port, verify=verify, alpn=alpn)
        finally:
            look.enter(None)
            note_end(look, aside.cert_end)

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore is doing, so that the phases begin where they do."""
        if event.endswith(".send_request_headers.started"):
            if info["request"].method != b"CONNECT":
                self.asked = True
                self.look.enter(Phase.FIRST_BYTE)
        elif event == "http2.receive_response_headers.complete":
            self.begins()

    def begins(self) -> None:
        """The answer begins."""
        self.answered = True
        self.look.enter(Phase.TRANSFER)


class _Line(httpcore.AsyncNetworkStream):
    """A connection as httpcore wants it. Deadlines are the caller's, so timeouts are ignored."""

    def __init__(self, way: _Way, stream: ByteStream, *, to_target: bool = False) -> None:
        self._way = way
        self._stream = stream
        self._to_target = to_target
        self._tls = stream.extra(TLSAttribute.ssl_object, None)
        self._is_h2 = self._tls is not None and self._tls.selected_alpn_protocol() == "h2"

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        way = self._way
        try:
            data = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            if not way.answered:
                raise way.ended() from None
            return b""
        except _BROKEN as error:
            raise way.lost(error) from error
        if way.asked and not way.answered and not self._is_h2:
            way.begins()
            if data[:5] != b"HTTP/"[: len(data)]:  # else one would wait for the end of its head
                what = f'not HTTP: the answer begins with "{escape(data, 60)}"'
                raise CheckFailed(Reason.PROTOCOL_ERROR, what)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        if not buffer:
            return
        try:
            await self._stream.send(buffer)
        except _BROKEN as error:
            # Not the end: a server may answer and close before it has read the whole request.
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await anyio.aclose_forcefully(self._stream)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002  ours are shared, and know whom to verify
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        way = self._way
        proxy = way.proxy
        if proxy is not None and proxy.scheme == "https" and not self._to_target:
            return _Line(way, await way.secure_proxy(self._stream), to_target=True)
        secured = await way.secure_target(self._stream)
        if way.peeking:
            await anyio.aclose_forcefully(secured)
            raise _Seen
        return _Line(way, secured, to_target=True)

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else None


class _Seen(Exception):
    """Raised once the certificate was seen, to end a peek."""


async def _ask(way: _Way) -> Response:
    request = way.request
    async with _pool(way) as pool:
        try:
            response = await pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    _url(request.url),
                    headers=_head(request),
                    content=request.body or None,
                    extensions={"trace": way.trace},
                )
            )
            headers = _joined(response.headers)
            decoder = Decoder(headers.get("content-encoding", ""), BODY_LIMIT)
            await _read(response, decoder)
        except tuple(REASONS) as error:
            raise _blamed(way, failure(error)) from error
    way.look.enter(None)
    return Response(
        status=response.status,
        headers=headers,
        body=bytes(decoder.body),
        truncated=decoder.truncated,
    )


def _blamed(way: _Way, failed: CheckFailed) -> CheckFailed:
    """The same, put down to the proxy while nobody but the proxy has been asked."""
    if way.at_proxy and failed.reason in (Reason.PROTOCOL_ERROR, Reason.RESET):
        return CheckFailed(Reason.PROXY_ERROR, f"the proxy: {failed.detail}")
    return failed


async def _read(response: httpcore.Response, decoder: Decoder) -> None:
    stream: AsyncGenerator[bytes, None] = response.stream.__aiter__()  # type: ignore[union-attr,assignment]  # an async generator, though typed as less
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            decoder.add(chunk)
            if decoder.truncated:
                return


async def _peek(way: _Way) -> None:
    """Learn the end of a certificate that was refused, by a second way that verifies nothing.

    Best effort, in at most half of what is left of the look: why it was refused must not be hidden.
    """
    left_s = way.look.left_s() / 2
    aside = Look(way.look.vantage, way.look.timeout_s)
    with anyio.move_on_after(min(left_s, _PEEK_S)):
        try:
            await _ask(_Way(aside, way.request, peeking=True))
        except (CheckFailed, _Seen):
            note_end(way.look, aside.cert_end)


def _pool(way: _Way) -> httpcore.AsyncConnectionPool:
    proxy = way.proxy
    return httpcore.AsyncConnectionPool(
        ssl_context=_unused(),
        proxy=None if proxy is None or proxy.scheme == "socks5" else _spoken_to(proxy),
        max_connections=1,
        max_keepalive_connections=0,
        http2=way.request.http2,
        network_backend=way,
    )


def _spoken_to(proxy: Proxy) -> httpcore.Proxy:
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    return httpcore.Proxy(
        httpcore.URL(scheme=proxy.scheme, host=host, port=proxy.port, target="/"),
        auth=(proxy.username.encode(), proxy.password.encode()) if proxy.username else None,
        ssl_context=_unused() if proxy.scheme == "https" else None,
    )


@cache
def _unused() -> ssl.SSLContext:
    """For httpcore, which makes one at 20 ms each time where it is given none."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(written: str) -> Proxy | None:
    if not written:
        return None
    try:
        return parse_proxy(written)
    except ValueError as error:
        # Refused when it was written; a script may come here without having asked.
        raise CheckFailed(Reason.INTERNAL_ERROR, f"proxy: {error}") from error


def _url(url: Url) -> httpcore.URL:
    host, _, port = url.authority.rpartition(":")
    named_port = bool(host) and not port.endswith("]")
    return httpcore.URL(
        scheme=url.scheme.encode(),
        host=(host if named_port else url.authority).encode(),
        port=url.port if named_port else None,
        target=url.target.encode(),
    )


def _head(request: Request) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in request.headers}
    lines = [("Host", request.url.authority), ("Connection", "close")]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(("Content-Length", str(len(request.body))))
    ours = [(name, value) for name, value in lines if name.lower() not in given]
    return [
        (name.encode("ascii"), value.encode("utf-8")) for name, value in (*ours, *request.headers)
    ]


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; several of one name are joined (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
