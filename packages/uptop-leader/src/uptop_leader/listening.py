"""How the leader listens: a head of a request is bounded in size and time, and a new certificate is
taken up without a restart.

uvicorn bounds neither with httptools: who sends a head for ever, or none, would be kept for ever.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

HEAD_LIMIT = 64 * 1024
"""Bytes of a request's line and headers."""
HEAD_S = 10.0
"""How long they may take, from the first byte on; on a new connection, from its beginning."""
_LOOK_S = 5.0

log = logging.getLogger(__name__)


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with bounds for heads."""

    head_limit = HEAD_LIMIT
    head_s = HEAD_S

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._head_bytes = 0
        self._in_head = True
        self._until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head from now on."""
        super().connection_made(transport)
        self._until = self.loop.call_later(self.head_s, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect(None)
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

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        if self._until is None:
            self._expect(self.head_s)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._in_head = False
        self._expect(None)
        super().on_headers_complete()

    def _expect(self, within_s: float | None) -> None:
        if self._until is not None:
            self._until.cancel()
        self._until = None if within_s is None else self.loop.call_later(within_s, self._too_late)

    def _too_late(self) -> None:
        self._until = None
        if not self.transport.is_closing():
            if self._head_bytes:
                self.transport.write(_TOO_SLOW)
            self.transport.close()


def _last_words(status: str, detail: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(detail)}"
    return f"{head}\r\nConnection: close\r\n\r\n{detail}".encode()


_TOO_LARGE = _last_words(
    "431 Request Header Fields Too Large", f"headers of more than {HEAD_LIMIT >> 10} KiB"
)
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
