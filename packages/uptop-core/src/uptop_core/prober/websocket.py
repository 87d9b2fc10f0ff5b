"""The WebSocket protocol (RFC 6455) as far as a check speaks it: the handshake, and messages of text.

Nothing is compressed. What a server may send is bounded.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.dialogue import strange
from uptop_core.prober.http import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.looks import Look
    from uptop_core.prober.dialogue import Dialogue
    from uptop_core.prober.urls import Url

MESSAGE_LIMIT = 1024 * 1024  # bytes of a message
OURS = frozenset(
    {"upgrade", "connection", "content-length", "transfer-encoding", "sec-websocket-key",
     "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"}
)  # fmt: skip
"""The headers that belong to the handshake."""

_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_LAST, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_NORMAL = 1000
_MOST_HEADERS = 200
_MOST_HEADS = 10
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")  # what an old proxy in between says is told by its status


async def shake_hands(
    look: Look, talk: Dialogue, url: Url, headers: Mapping[str, str], subprotocol: str
) -> None:
    """Turn the connection into a WebSocket (section 4). Sets `look.status` and `look.headers`.

    Raises CheckFailed: STATUS_MISMATCH when the server answers otherwise than 101, PROTOCOL_ERROR
    when it agrees to something else, UNEXPECTED_ANSWER when it does not speak `subprotocol`.
    """
    key = base64.b64encode(os.urandom(16))
    lines = {
        **headers,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
    }
    if subprotocol:
        lines["Sec-WebSocket-Protocol"] = subprotocol
    await talk.send(Request(method="GET", url=url, headers=tuple(lines.items())).packet)
    look.status, look.headers = await _head(talk)
    found = look.headers
    if look.status != 101:
        raise CheckFailed(Reason.STATUS_MISMATCH, _not_switched(look.status, found))
    accepted = base64.b64encode(hashlib.sha1(key + _SALT, usedforsecurity=False).digest())
    if found.get("sec-websocket-accept") != accepted.decode():
        what = "the target does not agree to this handshake (Sec-WebSocket-Accept)"
        raise CheckFailed(Reason.PROTOCOL_ERROR, what)
    if found.get("upgrade", "").lower() != "websocket":
        raise CheckFailed(Reason.PROTOCOL_ERROR, "the target upgrades to something else")
    spoken = found.get("sec-websocket-protocol", "")
    if spoken != subprotocol:
        what = f'the subprotocol is "{escape(spoken, 60)}", expected "{escape(subprotocol, 60)}"'
        raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)


def _not_switched(status: int, headers: Mapping[str, str]) -> str:
    where = headers.get("location", "").partition("?")[0]  # what stands behind may be a secret
    where = re.sub(r"//[^/]*@", "//", where)
    return f"HTTP {status}, expected 101" + (f"; it leads to {escape(where, 100)}" if where else "")


async def _head(talk: Dialogue) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer, without what may come before it (RFC 9110, section 15.2)."""
    for _ in range(_MOST_HEADS):
        status, headers = await _status(talk), await _headers(talk)
        if status == 101 or status >= 200:
            return status, headers
    raise CheckFailed(Reason.PROTOCOL_ERROR, "the target promises an answer and gives none")


async def _status(talk: Dialogue) -> int:
    line = await talk.line()
    version, _, rest = line.partition(b" ")
    if version not in _VERSIONS or not rest[:3].isdigit():
        raise strange("not HTTP/1.1: the answer begins with", line)
    return int(rest[:3])


async def _headers(talk: Dialogue) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = await talk.line()
        if not line:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise strange("not a line of a head", line)
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise CheckFailed(Reason.PROTOCOL_ERROR, "the head of the answer has no end")


async def send_text(talk: Dialogue, text: str) -> None:
    """Send one message."""
    await talk.send(_frame(_TEXT, text.encode()))


async def leave(talk: Dialogue) -> None:
    """Close as the protocol wants it, without awaiting the other side's word."""
    with suppress(CheckFailed):  # all there was to learn is known
        await talk.send(_frame(_CLOSE, _NORMAL.to_bytes(2)))


async def message(talk: Dialogue) -> bytes:
    """The next message, of text or not; pings are answered meanwhile.

    Raises CheckFailed: UNEXPECTED_ANSWER when the server closes instead, PROTOCOL_ERROR for what
    is no frame, or too long a message.
    """
    whole = bytearray()
    begun = False
    while True:
        opcode, is_last, data = await _read_frame(talk, MESSAGE_LIMIT - len(whole))
        if opcode == _PING:
            await talk.send(_frame(_PONG, data))
        elif opcode == _CLOSE:
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, f"the target closed ({_farewell(data)})")
        elif opcode in (_CONTINUATION, _TEXT, _BINARY):
            if begun != (opcode == _CONTINUATION):
                raise CheckFailed(Reason.PROTOCOL_ERROR, "the pieces of a message are mixed up")
            whole += data
            begun = True
            if is_last:
                return bytes(whole)
        elif opcode != _PONG:
            raise CheckFailed(Reason.PROTOCOL_ERROR, f"a frame of no known kind ({opcode})")


def _farewell(data: bytes) -> str:
    if len(data) < 2:
        return "without a code"
    words = f' "{escape(data[2:], 80)}"' if data[2:] else ""
    return f"code {int.from_bytes(data[:2])}{words}"


async def _read_frame(talk: Dialogue, most: int) -> tuple[int, bool, bytes]:
    """Opcode, whether it is the last of its message, and the data (section 5.2)."""
    first, second = await talk.exactly(2)
    if first & _RESERVED or second & _MASKED:
        raise CheckFailed(Reason.PROTOCOL_ERROR, "a frame that a server may not send")
    length = second
    if length >= 126:
        length = int.from_bytes(await talk.exactly(2 if length == 126 else 8))
    if length > most:
        what = f"a message is longer than {MESSAGE_LIMIT // 1024} KiB"
        raise CheckFailed(Reason.PROTOCOL_ERROR, what)
    return first & 0x0F, bool(first & _LAST), await talk.exactly(length)


def _frame(opcode: int, data: bytes) -> bytes:
    """One frame, masked as a client's must be."""
    length = len(data)
    if length < 126:
        head = bytes([_LAST | opcode, _MASKED | length])
    elif length < 65_536:
        head = bytes([_LAST | opcode, _MASKED | 126]) + length.to_bytes(2)
    else:
        head = bytes([_LAST | opcode, _MASKED | 127]) + length.to_bytes(8)
    mask = os.urandom(4)
    repeated = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(data) ^ int.from_bytes(repeated)
    return head + mask + masked.to_bytes(length)
