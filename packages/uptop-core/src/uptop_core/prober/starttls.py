"""How TLS is agreed on in the protocols that begin without: SMTP, IMAP, PostgreSQL.

In: a fresh dialogue. Afterwards the next byte is that of TLS.
"""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.outcomes import Reason
from uptop_core.prober import smtp
from uptop_core.prober.dialogue import sample, strange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from uptop_core.prober.dialogue import Dialogue

_SSL_REQUEST = struct.pack("!II", 8, 80_877_103)  # PostgreSQL, "Message Formats"
# The message among the fields of an error, or all of it as it was before there were fields.
_ERROR_TEXT = re.compile(rb"\0M([^\0]+)|\A([^\0]+?)\n?\0")
_MOST_LINES = 100  # of an IMAP server before it answers


async def _by_smtp(talk: Dialogue) -> None:
    _, offered = await smtp.greet(talk)
    await smtp.start_tls(talk, offered)


async def _by_imap(talk: Dialogue) -> None:
    """RFC 9051, section 6.2.1."""
    greeting = await talk.line()
    if greeting.upper().startswith(b"* PREAUTH"):
        what = "the IMAP server takes us for logged in already, and then it does not begin TLS"
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
    _not_goodbye(greeting)
    if not greeting.upper().startswith(b"* OK"):
        raise strange("not the greeting of an IMAP server", greeting)
    await talk.send(b"a1 STARTTLS\r\n")
    for _ in range(_MOST_LINES):
        line = await talk.line()
        if line.upper().startswith(b"A1 OK"):
            return
        _not_goodbye(line)
        if not line.startswith(b"* "):
            break
    what = f'the IMAP server does not begin TLS: "{sample(line)}"'
    raise CheckFailed(Reason.TLS_ERROR, what)


def _not_goodbye(line: bytes) -> None:
    if line.upper().startswith(b"* BYE"):
        what = f'the IMAP server sends us away: "{sample(line[5:].strip())}"'
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)


async def _by_postgres(talk: Dialogue) -> None:
    await talk.send(_SSL_REQUEST)
    answer = await talk.exactly(1)
    if answer == b"N":
        raise CheckFailed(Reason.TLS_ERROR, "the PostgreSQL server does not offer TLS")
    if answer == b"E":
        said = None
        with suppress(CheckFailed):  # that it closes is no news then
            said = _ERROR_TEXT.search(await talk.some())
        what = "the PostgreSQL server sends us away"
        if said is not None:
            what += f': "{sample(said[1] or said[2])}"'
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
    if answer != b"S":
        raise strange("not the answer of a PostgreSQL server", answer)


OPENINGS: Mapping[str, Callable[[Dialogue], Awaitable[None]]] = {
    "smtp": _by_smtp,
    "imap": _by_imap,
    "postgres": _by_postgres,
}
