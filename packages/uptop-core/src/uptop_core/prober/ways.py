"""The connection of one look as httpcore wants it: straight to the target, or by a proxy.

Always to the vetted address, whatever httpcore asks for; it also tells the look which phase it is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpcore
from anyio.streams.tls import TLSAttribute

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.connect import connect
from uptop_core.prober.http2 import Goodbyes
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.proxies import parse_proxy
from uptop_core.prober.resolve import guard, resolve
from uptop_core.prober.socks import connect_by_socks
from uptop_core.prober.tls import handshake, note_chain
from uptop_core.targets import parse_host

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

    from anyio.abc import ByteStream

    from uptop_core.prober.http import Request
    from uptop_core.prober.proxies import Proxy

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Way(httpcore.AsyncNetworkBackend):
    """The way to one target: connects where it is told by `request`, whatever httpcore asks for.

    `peeking` goes as far as the target's certificate and verifies nothing.
    """

    def __init__(self, look: Look, request: Request, *, peeking: bool = False) -> None:
        self.look = look
        self.request = request
        self.proxy = _proxy(request.proxy)
        self.peeking = peeking
        self.asked = False  # the target itself
        self.is_h2 = False
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
            return Line(self, await self._connected(url.host, url.port))
        try:
            stream = await self._connected(self.proxy.host, self.proxy.port)
        except CheckFailed as error:
            raise CheckFailed(error.reason, f"the proxy: {error.detail}") from error
        self.look.enter(Phase.CONNECT)  # until the target is asked: that is what the proxy does
        if self.proxy.scheme == "socks5":
            await self._through_socks(stream, self.proxy)
        return Line(self, stream)

    async def _connected(self, host: str, port: int) -> ByteStream:
        addresses = await resolve(self.look, host, port, self.request.ip_version)
        return await connect(self.look, addresses, port)

    async def _through_socks(self, stream: ByteStream, proxy: Proxy) -> None:
        url = self.request.url
        try:
            await connect_by_socks(stream, proxy, url.host, url.port)
        except _BROKEN as error:
            await anyio.aclose_forcefully(stream)
            raise self.lost(error) from error
        except BaseException:  # the deadline too
            await anyio.aclose_forcefully(stream)
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
            note_chain(look, aside.chain, aside.cert_end)

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


class Line(httpcore.AsyncNetworkStream):
    """A connection as httpcore wants it. Deadlines are the caller's, so timeouts are ignored."""

    def __init__(self, way: Way, stream: ByteStream, *, to_target: bool = False) -> None:
        self._way = way
        self._stream = stream
        self._to_target = to_target
        self._tls = stream.extra(TLSAttribute.ssl_object, None)
        self._goodbyes: Goodbyes | None = None
        if self._tls is not None and self._tls.selected_alpn_protocol() == "h2":
            way.is_h2 = True
            self._goodbyes = Goodbyes()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        way = self._way
        try:
            data = await self._next(max_bytes)
        except anyio.EndOfStream:
            if not way.answered:
                raise way.ended() from None
            return b""
        except _BROKEN as error:
            raise way.lost(error) from error
        if way.asked and not way.answered and not way.is_h2:
            way.begins()
            if data[:5] != b"HTTP/"[: len(data)]:  # else one would wait for the end of its head
                what = f'not HTTP: the answer begins with "{escape(data, 60)}"'
                raise CheckFailed(Reason.PROTOCOL_ERROR, what)
        return data

    async def _next(self, max_bytes: int) -> bytes:
        while True:
            data = await self._stream.receive(max_bytes)
            if self._goodbyes is None or (data := self._goodbyes.without(data)):
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
            return Line(way, await way.secure_proxy(self._stream), to_target=True)
        secured = await way.secure_target(self._stream)
        if way.peeking:
            await anyio.aclose_forcefully(secured)
            raise Seen
        return Line(way, secured, to_target=True)

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else None


class Seen(Exception):
    """Raised once the certificate was seen, to end a peek."""


def _proxy(written: str) -> Proxy | None:
    if not written:
        return None
    try:
        return parse_proxy(written)
    except ValueError as error:
        # Refused when it was written; a script may come here without having asked.
        raise CheckFailed(Reason.INTERNAL_ERROR, f"proxy: {error}") from error
