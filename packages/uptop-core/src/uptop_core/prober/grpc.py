"""Asking a gRPC server for its health (grpc.health.v1) over HTTP/2 of our own, on one connection.

What speaks HTTP/2 is h2, of the extra `http2`; the two messages are small enough to be written and
read here. The protocol: "gRPC over HTTP2" and "GRPC Health Checking Protocol" of the gRPC project.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from msgspec import Struct

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.dialogue import strange
from uptop_core.prober.http2 import FRAME_HEAD, GOAWAY, in_words, judge_goodbye

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptop_core.prober.dialogue import Dialogue

SERVING = 1
STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
_CODE = re.compile(r"[0-9]{1,9}", re.ASCII)
_MEANT = {
    "NOT_FOUND": "the server knows no service of that name: ",
    "UNIMPLEMENTED": "the server has no health service: ",
}
_FRAME_LIMIT = 16_384  # bytes; longer ones we have not allowed
_SETTINGS = 4
_PATH = "/grpc.health.v1.Health/Check"
_ANSWER_LIMIT = 4 * 1024  # bytes; less than what may come without being asked for


class Call(Struct, frozen=True, kw_only=True):
    """What is asked: the health of `service` (empty: of the server) at `authority`, with `metadata`
    beside it, to be answered within `timeout_s`.
    """

    scheme: str
    authority: str
    service: str
    metadata: Mapping[str, str]
    timeout_s: float

    @property
    def headers(self) -> list[tuple[str, str]]:
        """As HTTP/2 sends them."""
        return [
            (":method", "POST"),
            (":scheme", self.scheme),
            (":path", _PATH),
            (":authority", self.authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "uptop"),
            ("grpc-timeout", f"{max(1, int(self.timeout_s * 1000))}m"),
            *((name.lower(), value) for name, value in self.metadata.items()),
        ]

    @property
    def message(self) -> bytes:
        """The request: HealthCheckRequest, in its envelope."""
        service = self.service.encode()
        request = b"\x0a" + _varint(len(service)) + service if service else b""
        return b"\0" + len(request).to_bytes(4) + request


async def ask_health(talk: Dialogue, call: Call) -> int:
    """The status that the server gives, one of `STATUSES` by its number.

    Raises CheckFailed: STATUS_MISMATCH for an HTTP status other than 200, UNEXPECTED_ANSWER for a
    gRPC status other than OK, PROTOCOL_ERROR for what is neither.
    """
    answer = _Answer()
    config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, call.headers)
    connection.send_data(stream, call.message, end_stream=True)
    await talk.send(connection.data_to_send())
    awaited: int | None = _SETTINGS  # what a server begins with (RFC 9113, section 3.4)
    while not answer.is_whole:
        kind, frame = await _frame(talk, awaited)
        awaited = None
        if kind == GOAWAY:
            judge_goodbye(frame)
            continue
        try:
            for event in connection.receive_data(frame):
                answer.take(event)
        except (h2.exceptions.ProtocolError, UnicodeDecodeError) as error:
            what = f"the target does not speak HTTP/2: {in_words(error)}"
            raise CheckFailed(Reason.PROTOCOL_ERROR, what) from error
        await talk.send(connection.data_to_send())
    return answer.status()


async def _frame(talk: Dialogue, awaited: int | None) -> tuple[int, bytes]:
    """The kind of the next frame, and all of it (RFC 9113, section 4.1)."""
    head = await talk.exactly(FRAME_HEAD)
    kind, length = head[3], int.from_bytes(head[:3])
    if length > _FRAME_LIMIT or (awaited is not None and kind != awaited):
        raise strange("the target does not speak HTTP/2", head)
    return kind, head + await talk.exactly(length)


class _Answer:
    """What came so far of the answer to the one call."""

    def __init__(self) -> None:
        self.is_whole = False
        self._headers: dict[str, str] = {}  # those behind the message, too
        self._data = bytearray()

    def take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                for name, value in event.headers or ():
                    self._headers[_text(name)] = _text(value)
            case h2.events.DataReceived():
                self._data += event.data or b""
                if len(self._data) > _ANSWER_LIMIT:
                    raise CheckFailed(Reason.PROTOCOL_ERROR, "the answer is too long")
            case h2.events.StreamEnded():
                self.is_whole = True
            case h2.events.StreamReset():
                what = f"the target broke the call off (HTTP/2 error {event.error_code})"
                raise CheckFailed(Reason.RESET, what)

    def status(self) -> int:
        """What the whole answer says."""
        http = self._headers.get(":status", "")
        if http != "200":
            raise CheckFailed(Reason.STATUS_MISMATCH, f"HTTP {escape(http, 10)}, expected 200")
        code = self._headers.get("grpc-status", "")
        if not _CODE.fullmatch(code):
            raise CheckFailed(Reason.PROTOCOL_ERROR, "the answer is not one of gRPC")
        if int(code):
            name = _CODES[int(code)] if int(code) < len(_CODES) else "of no known kind"
            said = escape(unquote(self._headers.get("grpc-message", "")), 120)
            what = f"{_MEANT.get(name, '')}gRPC status {int(code)} ({name})"
            what += f": {said}" if said else ""
            raise CheckFailed(Reason.UNEXPECTED_ANSWER, what)
        return read_status(bytes(self._data))


def read_status(data: bytes) -> int:
    """The status in a HealthCheckResponse in its envelope. Pure. Raises CheckFailed(PROTOCOL_ERROR)
    for what is none.
    """
    length = int.from_bytes(data[1:5])
    if len(data) < 5 or data[0] or len(data) != 5 + length:
        raise _no_message()
    status = 0  # protobuf leaves out what is zero
    for field, value in _fields(data[5:]):
        if field == 1 and isinstance(value, int):
            status = value
    return status


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message, by their numbers."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _read_varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _read_varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _no_message()
        if at + length > len(message):
            raise _no_message()
        yield key >> 3, message[at : at + length]
        at += length


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _no_message()


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _no_message() -> CheckFailed:
    return CheckFailed(Reason.PROTOCOL_ERROR, "the answer is no message of the health service")
