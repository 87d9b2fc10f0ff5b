"""http by httpcore, the engine of httpx, over connections of our own: no pool, no proxies of the
environment, no context per check.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import httpcore

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.connect import connect
from uptop_core.prober.decoding import Decoder
from uptop_core.prober.http import BODY_LIMIT, Response
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.resolve import resolve
from uptop_core.prober.tls import handshake

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from ssl import SSLContext

    from anyio.abc import ByteStream

    from uptop_core.looks import Look
    from uptop_core.prober.http import Request
    from uptop_core.prober.urls import Url

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)

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
    httpcore.ProxyError: Reason.INTERNAL_ERROR,
    httpcore.UnsupportedProtocol: Reason.INTERNAL_ERROR,
    httpcore.ConnectionNotAvailable: Reason.INTERNAL_ERROR,
}


async def exchange(look: Look, request: Request) -> Response:
    """Ask once and read the answer. Raises CheckFailed when there is none that can be read."""
    url = request.url
    addresses = await resolve(look, url.host, url.port)
    connection = await connect(look, addresses, url.port)
    stream: ByteStream = connection
    try:
        if url.scheme == "https":
            stream = await handshake(
                look, connection, url.host, url.port, verify=request.verify, alpn=("http/1.1",)
            )
        return await _ask(look, stream, request)
    finally:
        await anyio.aclose_forcefully(stream)


async def _ask(look: Look, stream: ByteStream, request: Request) -> Response:
    url = _url(request.url)
    connection = httpcore.AsyncHTTP11Connection(url.origin, _Line(look, stream))
    look.enter(Phase.FIRST_BYTE)
    try:
        response = await connection.handle_async_request(
            httpcore.Request(
                request.method, url, headers=_head(request), content=request.body or None
            )
        )
        headers = _joined(response.headers)
        decoder = Decoder(headers.get("content-encoding", ""), BODY_LIMIT)
        await _read(response, decoder)
    except tuple(REASONS) as error:
        raise failure(error) from error
    look.enter(None)
    return Response(
        status=response.status,
        headers=headers,
        body=bytes(decoder.body),
        truncated=decoder.truncated,
    )


async def _read(response: httpcore.Response, decoder: Decoder) -> None:
    stream: AsyncGenerator[bytes, None] = response.stream.__aiter__()  # type: ignore[union-attr,assignment]  # an async generator, though typed as less
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            decoder.add(chunk)
            if decoder.truncated:
                return


def failure(error: Exception) -> CheckFailed:
    """What an error of the engine says of the target."""
    reason = next(REASONS[kind] for kind in type(error).__mro__ if kind in REASONS)
    if reason is Reason.INTERNAL_ERROR:  # its text may repeat a header, and so a secret
        return CheckFailed(reason, f"the request cannot be made ({type(error).__name__})")
    said = escape(str(error), 160)
    if reason is Reason.PROTOCOL_ERROR:
        return CheckFailed(reason, f"not a whole HTTP answer: {said}")
    return CheckFailed(reason, said or "the connection was lost")


class _Line(httpcore.AsyncNetworkStream):
    """The connection as the engine wants it. Deadlines are the caller's, so timeouts are ignored."""

    def __init__(self, look: Look, stream: ByteStream) -> None:
        self._look = look
        self._stream = stream
        self._answered = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            data = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            if not self._answered:
                what = "the target closed the connection without an answer"
                raise CheckFailed(Reason.PROTOCOL_ERROR, what) from None
            return b""
        except _BROKEN as error:
            when = "while answering" if self._answered else "before it answered"
            raise stream_failure(error, when) from error
        if not self._answered:
            self._answered = True
            self._look.enter(Phase.TRANSFER)
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
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError("the connection is made before it is handed over")

    def get_extra_info(self, info: str) -> Any:  # noqa: ARG002
        return None


def _url(url: Url) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.scheme.encode(),
        host=url.host.encode(),
        port=url.port,
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
