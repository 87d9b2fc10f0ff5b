"""port: up means that a TCP connection succeeds; optionally with TLS, and an expected answer."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from uptop_core.errors import CheckFailed, Problem
from uptop_core.escaping import escape
from uptop_core.host_check import HostCheck, IpVersion, Port
from uptop_core.looks import Phase
from uptop_core.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyio.abc import ByteStream

    from uptop_core.looks import Look
    from uptop_core.prober.streams import Stream

ANSWER_LIMIT = 64 * 1024  # bytes of an answer in which `expect` is looked for
_SAMPLE = 80  # characters of an answer that are shown when it is not the expected one
_ESCAPE = re.compile(r"\\(?:([rnt0\\])|x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_MEANT = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


class PortCheck(HostCheck, tag="port", frozen=True, kw_only=True, omit_defaults=True):
    r"""Connects to `hostname`:`port`; with `tls` shakes hands; sends `send`; awaits `expect`.

    `ignore_tls` does not verify the certificate. `send` and `expect` may contain the escapes `\r
    \n \t \0 \\ \xNN`. `expect` must be within the first 64 KiB that arrive before the timeout.
    `ip_version` 4 or 6 uses only addresses of that version; 0 uses both, and the one that answers
    first.
    """

    example: ClassVar[str] = "hostname: db.example.com, port: 5432"

    port: Port
    tls: bool = False
    ignore_tls: bool = False
    send: str = ""
    expect: str = ""
    ip_version: IpVersion = 0

    def problems(self) -> Iterator[Problem]:
        """A host that is none, escapes that mean nothing."""
        yield from super().problems()
        for field, text in (("send", self.send), ("expect", self.expect)):
            try:
                unescape(text)
            except ValueError as error:
                yield Problem(field, str(error))

    def prepare(self) -> None:
        """The engine."""
        from uptop_core.prober import connect, resolve, tls  # noqa: F401  `run` imports from them

    async def run(self, look: Look) -> None:
        """Connect, and go as far as asked."""
        from uptop_core.prober.connect import connect
        from uptop_core.prober.resolve import resolve

        addresses = await resolve(look, self.hostname, self.port, self.ip_version)
        connection = await connect(look, addresses, self.port)
        try:
            if self.tls or self.send or self.expect:
                await self._go_on(look, connection)
        finally:
            connection.close()

    async def _go_on(self, look: Look, connection: Stream) -> None:
        stream: ByteStream = connection
        if self.tls:
            from uptop_core.prober.tls import handshake

            verify = not (self.ignore_tls or look.vantage.skip_verify)
            stream = await handshake(look, connection, self.hostname, self.port, verify=verify)
        if self.send or self.expect:
            await self._talk(look, connection, stream)

    async def _talk(self, look: Look, connection: Stream, stream: ByteStream) -> None:
        import anyio

        from uptop_core.prober.os_errors import stream_failure

        look.enter(Phase.FIRST_BYTE)
        try:
            if self.send:
                await stream.send(unescape(self.send))
                await connection.flush()
            if self.expect:
                await _Answer(unescape(self.expect)).read(look, connection, stream)
        except anyio.BrokenResourceError as error:
            raise stream_failure(error, "while talking") from error


class _Answer:
    """What arrives, until the wanted bytes are in it."""

    def __init__(self, wanted: bytes) -> None:
        self._wanted = wanted
        self._received = bytearray()

    async def read(self, look: Look, connection: Stream, stream: ByteStream) -> None:
        """Return when it is found; what has come goes into `look.body`.

        Raises CheckFailed(UNEXPECTED_ANSWER) when it cannot be found any more.
        """
        import anyio

        received = self._received
        look.when_cut_off = partial(self._cut_off, look.timeout_s)
        try:
            while True:
                before = len(received)
                if before >= ANSWER_LIMIT:
                    raise self._unexpected(f"not in the first {ANSWER_LIMIT // 1024} KiB, found")
                try:
                    received += await stream.receive(ANSWER_LIMIT - before)
                except anyio.EndOfStream:
                    raise self._unexpected("but the target closed after") from None
                if before == 0:
                    look.enter(Phase.TRANSFER, connection.arrived_ns)
                if received.find(self._wanted, max(0, before - len(self._wanted))) >= 0:
                    look.enter(None, connection.arrived_ns)
                    return
        finally:
            look.body = bytes(received)

    def _cut_off(self, timeout_s: float) -> tuple[Reason, str]:
        failed = self._unexpected(f"not within {timeout_s:g} s, found")
        return failed.reason if self._received else Reason.TIMEOUT, failed.detail

    def _unexpected(self, what: str) -> CheckFailed:
        """The failure, with a short sample of what came instead."""
        sample = (
            f'"{escape(bytes(self._received[:_SAMPLE]), _SAMPLE)}"' if self._received else "nothing"
        )
        wanted = escape(self._wanted, _SAMPLE)
        return CheckFailed(Reason.UNEXPECTED_ANSWER, f'expected "{wanted}", {what} {sample}')


def unescape(text: str) -> bytes:
    r"""The bytes that `text` stands for, by the escapes `\r \n \t \0 \\ \xNN`; the rest is UTF-8.

    Raises ValueError with a sentence for any other backslash.
    """
    pieces: list[bytes] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        known, hexadecimal, unknown = match.groups()
        if unknown is not None:
            raise ValueError(
                f"\\{unknown} is not an escape; allowed are \\r \\n \\t \\0 \\\\ and \\xNN"
            )
        pieces.append(text[at : match.start()].encode())
        pieces.append(bytes([int(hexadecimal, 16)]) if hexadecimal else _MEANT[known].encode())
        at = match.end()
    pieces.append(text[at:].encode())
    return b"".join(pieces)
