"""How the leader listens: what a slow or silent client may hold is bounded, and a new certificate is
taken up without a restart.

uvicorn bounds none of it with httptools: who sends a head for ever, or none, or the rest of a body that
was answered already, or takes no answer, would be kept for ever.
"""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

HEAD_LIMIT = 64 * 1024
"""Bytes of a request's line and headers."""
PIPELINED = 16
"""Requests that may wait on one connection for the answers before theirs: each takes a hundred times
the memory of its bytes."""
HEAD_S = 10.0
"""How long they may take, from the first byte on; on a new connection, from its beginning."""
UNTAKEN_S = 60.0
"""How long a client may take nothing of what it is sent; the kernel counts, where it can."""
GOODBYE_S = 0.5
"""How long a client may take to close its end of TLS once the leader stops. Who keeps a connection for
later does not read it meanwhile, and would be waited for in vain."""
_READ_S = 0.01  # enough for the loop to look at all connections once more
_LOOK_S = 5.0

log = logging.getLogger(__name__)
_of_requests = logging.getLogger(f"{__name__}.requests")
_of_requests.setLevel(logging.CRITICAL)  # no line for each bad or slow one: strangers could fill it


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with bounds for heads, and for who is slow."""

    head_limit = HEAD_LIMIT
    head_s = HEAD_S
    untaken_s = UNTAKEN_S

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._head_bytes = 0
        self._in_head = True
        self._in_body = False
        self._until: asyncio.TimerHandle | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        self._is_stopping = False
        self.on_end: Callable[[], None] | None = None
        """Called once, when the connection is no more."""
        self.logger = _of_requests

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head from now on."""
        super().connection_made(transport)
        connected = transport.get_extra_info("socket")
        if connected is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.untaken_s * 1000)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self._until = self.loop.call_later(self.head_s, self.time_is_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect(None)
        if self._goodbye is not None:
            self._goodbye.cancel()
        if self.on_end is not None:
            self.on_end()
            self.on_end = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a head that never ends."""
        if not self._in_head:
            self._head_bytes = 0
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.head_limit:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
        if self._until is None and self._waits_for_nothing():
            self._expect(self.head_s)

    def on_message_begin(self) -> None:
        """A head begins."""
        if len(self.pipeline) >= PIPELINED:
            raise _TooManyAtOnce  # ends the reading; see `send_400_response`
        self._in_head = True
        if self._until is None:
            self._expect(self.head_s)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._in_head, self._in_body = False, True
        self._expect(None)
        super().on_headers_complete()
        if self.parser.should_upgrade():  # nothing that follows on this connection would be read
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request has ended."""
        if self._in_body and self.cycle.response_complete:
            self._expect(None)
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has ended. The rest of a body that nobody reads any more may take as long as a
        head."""
        super().on_response_complete()
        self._see_off()
        if self._in_body and not self._in_head and self.cycle.response_complete:
            self._expect(self.head_s)

    def shutdown(self) -> None:
        """The leader stops: let go of who waits for nothing now, of others when they are answered."""
        self._is_stopping = True
        super().shutdown()
        self._see_off()

    def _see_off(self) -> None:
        """End a connection that is closed for the leader's end, when all was taken."""
        if self._is_stopping and self.transport.is_closing():
            self._goodbye = self.loop.call_later(GOODBYE_S, self._cut)

    def _cut(self) -> None:
        if self.transport.get_write_buffer_size():
            self._see_off()
        else:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  it says the same each time
        """Answer what is no request, and be done with it. Where others wait for their answers before
        it, it would be taken for one of those.
        """
        if not self.pipeline:
            self.transport.write(_UNREADABLE)
        self.transport.close()

    def _waits_for_nothing(self) -> bool:
        """Whether what came just now has ended the time for a next request, and was none."""
        return not self.is_busy and self.timeout_keep_alive_task is None and not self._in_body

    def _expect(self, within_s: float | None) -> None:
        if self._until is not None:
            self._until.cancel()
        self._until = None if within_s is None else self.loop.call_later(within_s, self.time_is_up)

    def time_is_up(self) -> None:
        """Read what is there already, then end it: a process that was held up may see that the time
        is over before it sees what came in time."""
        self._until = self.loop.call_later(_READ_S, self._too_late)

    def _too_late(self) -> None:
        self._until = None
        if not self.transport.is_closing():
            if self._in_head and self._head_bytes:
                self.transport.write(_TOO_SLOW)
            self.transport.close()


class _TooManyAtOnce(Exception):
    """Raised when more requests wait on a connection than may."""


def _last_words(status: str, detail: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(detail)}"
    safe = "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close"
    return f"{head}\r\n{safe}\r\n\r\n{detail}".encode()


_TOO_LARGE = _last_words(
    "431 Request Header Fields Too Large", f"headers of more than {HEAD_LIMIT >> 10} KiB"
)
_UNREADABLE = _last_words("400 Bad Request", "this is no request of HTTP/1.1")
_TOO_SLOW = _last_words("408 Request Timeout", f"no whole request within {HEAD_S:g} s")


async def keep_fresh(
    context: ssl.SSLContext, cert: Path, key: Path, every_s: float = _LOOK_S
) -> None:
    """Take up certificate and key when their files change: new connections get them, those that
    there are go on. Files that do not fit together, or cannot be read, change nothing.
    """
    taken = seen = await to_thread.run_sync(_state, cert, key)
    while True:
        await anyio.sleep(every_s)
        before, seen = seen, await to_thread.run_sync(_state, cert, key)
        if seen in (taken, None) or seen != before:  # they may still be written
            continue
        taken = seen
        try:
            await to_thread.run_sync(_take, context, cert, key)
        except (OSError, ssl.SSLError) as error:
            log.error("the new certificate %s cannot be used, the old one stays: %s", cert, error)
        else:
            log.info("the certificate %s has changed, new connections get it", cert)


def _take(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    # On trial first: half of a pair that does not fit would spoil the context.
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    context.load_cert_chain(cert, key)


def _state(*paths: Path) -> tuple[tuple[int, int, int], ...] | None:
    try:
        stats = [path.stat() for path in paths]
    except OSError:
        return None
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in stats)
