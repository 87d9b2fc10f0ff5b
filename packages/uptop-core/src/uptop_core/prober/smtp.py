"""What a client and a mail server say to each other before there is any mail (RFC 5321, RFC 3207)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober.dialogue import sample, strange

if TYPE_CHECKING:
    from uptop_core.prober.dialogue import Dialogue

EHLO_NAME = "localhost"
_MOST_LINES = 100  # of one reply
_NOT_KNOWN = (500, 502)


class Reply(Struct, frozen=True):
    """A reply of a mail server: its code, the texts of its lines, and the last one as it came."""

    code: int
    lines: tuple[str, ...]
    last: bytes

    @property
    def extensions(self) -> frozenset[str]:
        """The keywords of an answer to EHLO."""
        return frozenset(line.partition(" ")[0].upper() for line in self.lines[1:])


async def reply(talk: Dialogue, wanted: int, to: str) -> Reply:
    """The next reply, which must have the code `wanted`; `to` says what it answers.

    Raises CheckFailed: UNEXPECTED_ANSWER for another code, PROTOCOL_ERROR for what is no reply.
    """
    return _wanted(await _reply(talk), wanted, to)


def _wanted(said: Reply, wanted: int, to: str) -> Reply:
    if said.code != wanted:
        what = f'expected {wanted} to {to}, found "{sample(said.last)}"'
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
    return said


async def _reply(talk: Dialogue) -> Reply:
    lines: list[str] = []
    while len(lines) < _MOST_LINES:
        line = await talk.line()
        code, mark = line[:3], line[3:4]
        if not code.isdigit() or mark not in (b" ", b"-", b""):
            raise strange("not a reply of a mail server", line)
        lines.append(line[4:].decode("utf-8", "replace"))
        if mark != b"-":
            return Reply(int(code), tuple(lines), line)
    raise strange("a reply has no end", line)


async def greet(talk: Dialogue, name: str = EHLO_NAME) -> tuple[str, Reply]:
    """The banner, its lines in one, and the answer to EHLO."""
    banner = await reply(talk, 220, "the connection")
    return " ".join(banner.lines), await ehlo(talk, name)


async def ehlo(talk: Dialogue, name: str = EHLO_NAME) -> Reply:
    """The answer to EHLO, or to HELO by a server that does not know the former (section 3.2)."""
    await talk.send(b"EHLO %s\r\n" % name.encode())
    said = await _reply(talk)
    if said.code in _NOT_KNOWN:
        await talk.send(b"HELO %s\r\n" % name.encode())
        return await reply(talk, 250, "HELO")
    return _wanted(said, 250, "EHLO")


async def start_tls(talk: Dialogue, offered: Reply) -> None:
    """Agree on TLS, which begins with the next byte."""
    if "STARTTLS" not in offered.extensions:
        raise CheckFailed(Reason.TLS_ERROR, "the mail server does not offer STARTTLS")
    await talk.send(b"STARTTLS\r\n")
    await reply(talk, 220, "STARTTLS")


async def leave(talk: Dialogue) -> None:
    """Take leave without awaiting an answer, so that the server does not log a lost connection."""
    with suppress(CheckFailed):  # all there was to learn is known
        await talk.send(b"QUIT\r\n")
