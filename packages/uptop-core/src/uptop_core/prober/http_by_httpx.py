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
from typing import TYPE_CHECKING

import anyio
import httpcore

from uptop_core.errors import CheckFailed, MissingExtra
from uptop_core.looks import Look
from uptop_core.outcomes import Reason
from uptop_core.prober.decoding import Decoder
from uptop_core.prober.http import BODY_LIMIT, Request, Response
from uptop_core.prober.http2 import in_words
from uptop_core.prober.tls import note_chain
from uptop_core.prober.ways import Seen, Way

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from uptop_core.prober.proxies import Proxy
    from uptop_core.prober.urls import Url

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
    way = Way(look, request)
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
    said = in_words(error)
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


async def _ask(way: Way) -> Response:
    request = way.request
    async with _pool(way) as pool:
        try:
            response = await pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    _url(request.url),
                    headers=[(name.encode(), value.encode()) for name, value in request.lines],
                    content=request.body or None,
                    extensions={"trace": way.trace},
                )
            )
            headers = _joined(response.headers)
            decoder = Decoder(headers.get("content-encoding", ""), BODY_LIMIT)
            await _read(response, decoder)
        except tuple(REASONS) as error:
            raise _blamed(way, error) from error
    way.look.enter(None)
    return Response(
        status=response.status,
        headers=headers,
        body=bytes(decoder.body),
        truncated=decoder.truncated,
    )


def _blamed(way: Way, error: Exception) -> CheckFailed:
    """What went wrong, put down to whom it is due."""
    if way.is_h2 and way.asked and isinstance(error, httpcore.LocalProtocolError):
        # httpcore calls it ours when h2 refuses frames that came; what we send is in order.
        error = httpcore.RemoteProtocolError(str(error))
    failed = failure(error)
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


async def _peek(way: Way) -> None:
    """Learn the end of a certificate that was refused, by a second way that verifies nothing.

    Best effort, in at most half of what is left of the look: why it was refused must not be hidden.
    """
    left_s = way.look.left_s() / 2
    aside = Look(way.look.vantage, way.look.timeout_s)
    with anyio.move_on_after(min(left_s, _PEEK_S)):
        try:
            await _ask(Way(aside, way.request, peeking=True))
        except (CheckFailed, Seen):
            note_chain(way.look, aside.chain)


def _pool(way: Way) -> httpcore.AsyncConnectionPool:
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


def _url(url: Url) -> httpcore.URL:
    host, _, port = url.authority.rpartition(":")
    named_port = bool(host) and not port.endswith("]")
    return httpcore.URL(
        scheme=url.scheme.encode(),
        host=(host if named_port else url.authority).encode(),
        port=url.port if named_port else None,
        target=url.target.encode(),
    )


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; several of one name are joined (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
