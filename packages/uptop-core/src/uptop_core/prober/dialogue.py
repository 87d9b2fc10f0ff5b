"""A talk with a target over one connection, in lines or in blocks of bytes: for protocols in which
both sides speak by turns.

Whatever goes wrong on the way becomes a CheckFailed with a reason, and what a target may say at a
time is bounded.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.looks import Look, Phase
from uptop_core.outcomes import Reason
from uptop_core.prober.connect import connect
from uptop_core.prober.os_errors import stream_failure
from uptop_core.prober.resolve import resolve
from uptop_core.prober.tls import handshake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import ByteStream
    from anyio.streams.tls import TLSStream

    from uptop_core.prober.streams import Stream

LINE_LIMIT = 8 * 1024  # bytes of a line
_SAMPLE = 120  # characters of an answer that are shown


@asynccontextmanager
async def dialogue(
    look: Look, host: str, port: int, ip_version: int = 0
) -> AsyncIterator[Dialogue]:
    """A talk with `host`:`port`, resolved, vetted and connected; closed at the end.

    Raises CheckFailed as `resolve` and `connect` do.
    """
    connection = await connect(look, await resolve(look, host, port, ip_version), port)
    connection.hasten()  # who speaks twice in a row must not wait for an acknowledgement
    try:
        yield Dialogue(connection)
    finally:
        connection.close()


class Dialogue:
    """Both directions of a connection; everything raises CheckFailed when it is lost."""

    def __init__(self, connection: Stream) -> None:
        self._connection = connection
        self._stream: ByteStream = connection
        self._unread = bytearray()
        self._line = b""

    async def send(self, data: bytes) -> None:
        """Hand over `data`, all of it."""
        try:
            await self._stream.send(data)
            await self._connection.flush()
        except anyio.BrokenResourceError as error:
            raise stream_failure(error, "while talking") from error

    async def line(self) -> bytes:
        """The next line, without its end."""
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > LINE_LIMIT:
                raise strange("a line has no end", self._unread)
            await self._receive()
        taken = bytes(self._unread[:end]).removesuffix(b"\r")
        del self._unread[: end + 1]
        self._line = taken
        return taken

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self._unread) < count:
            await self._receive()
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken

    async def some(self) -> bytes:
        """What comes next, at least a byte."""
        if not self._unread:
            await self._receive()
        taken = bytes(self._unread)
        self._unread.clear()
        return taken

    async def secure(
        self,
        look: Look,
        host: str,
        port: int,
        *,
        ignore_tls: bool,
        alpn: tuple[str, ...] = (),
        opening: Callable[[Dialogue], Awaitable[None]] | None = None,
    ) -> TLSStream:
        """Go on in TLS, with a certificate for `host` unless it is to be ignored. `opening` is what
        was said before. The phase is over afterwards.
        """
        if self._unread:  # or somebody between could slip in what is taken for encrypted
            raise strange("the target said something before TLS began", self._unread)

        async def begin(connection: Stream) -> None:
            if opening is not None:
                await opening(Dialogue(connection))

        secured = await handshake(
            look,
            self._connection,
            host,
            port,
            verify=not (ignore_tls or look.vantage.skip_verify),
            alpn=alpn,
            opening=begin,
        )
        self._stream = secured
        return secured

    def listen(self, look: Look) -> None:
        """From now on the answer is awaited. If it is too late, what came of it is told."""
        self._line = b""
        look.enter(Phase.FIRST_BYTE)
        look.when_cut_off = partial(self._cut_off, look.timeout_s)

    def end(self, look: Look) -> None:
        """The answer has come, when its last bytes did."""
        look.enter(None, self._connection.arrived_ns)
        look.when_cut_off = None

    def _cut_off(self, timeout_s: float) -> tuple[Reason, str]:
        heard = self._line or self._unread
        if not heard:
            return Reason.TIMEOUT, f"no answer within {timeout_s:g} s"
        what = f'no whole answer within {timeout_s:g} s, only "{sample(heard)}"'
        return Reason.TIMEOUT, what

    async def _receive(self) -> None:
        try:
            self._unread += await self._stream.receive(65_536)
        except anyio.EndOfStream:
            what = f'after "{sample(self._unread)}"' if self._unread else "without an answer"
            failed = f"the target closed the connection {what}"
            raise CheckFailed(Reason.PROTOCOL_ERROR, failed) from None
        except anyio.BrokenResourceError as error:
            raise stream_failure(error, "while talking") from error


def strange(what: str, said: bytes | bytearray) -> CheckFailed:
    """The target does not keep to the protocol; `what` is told with what it said."""
    return CheckFailed(Reason.PROTOCOL_ERROR, f'{what}: "{sample(said)}"')


def sample(said: bytes | bytearray) -> str:
    """The beginning of what was said, as it may be shown to people."""
    return escape(bytes(said[:_SAMPLE]), _SAMPLE)
