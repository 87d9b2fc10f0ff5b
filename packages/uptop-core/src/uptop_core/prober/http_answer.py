"""An answer of http, put together from the bytes as they come: httptools reads, this collects.

Pure: bytes in, a `Response` out, CheckFailed(PROTOCOL_ERROR) for what is no answer. What a server
may send is bounded: the heads (its own and those of 1xx answers before it) and the body.
"""

from __future__ import annotations

import re

import httptools

from uptop_core.errors import CheckFailed
from uptop_core.escaping import escape
from uptop_core.outcomes import Reason
from uptop_core.prober.decoding import Decoder
from uptop_core.prober.http import BODY_LIMIT, Response

HEAD_LIMIT = 64 * 1024  # bytes of all heads together

_BEGINS = b"HTTP/"
_NO_BODY = (204, 304)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r|\Z)", re.IGNORECASE)


class Answer:
    """What came so far of the answer to a request; `is_whole` once it is all there.

    `to_head` says that it answers a HEAD, which has no body whatever its head says.
    """

    def __init__(self, *, to_head: bool) -> None:
        self.is_whole = False
        self._to_head = to_head
        self._parser = _parser(self)
        self._received = 0
        self._body_bytes = 0  # as sent, before unpacking
        self._status = 0  # once the head is there
        self._lines: list[tuple[bytes, bytes]] = []
        self._headers: dict[str, str] = {}
        self._decoder: Decoder | None = None
        self._failed: CheckFailed | None = None

    @property
    def has_begun(self) -> bool:
        """Whether anything has come."""
        return self._received > 0

    def feed(self, data: bytes) -> None:
        """Take what came next. Raises CheckFailed when it is no answer."""
        if self._received == 0 and data[:5] != _BEGINS[: len(data)]:
            what = f'not HTTP: the answer begins with "{escape(data, 60)}"'
            raise CheckFailed(Reason.PROTOCOL_ERROR, what)
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_whole = True  # 101, which nobody asked for: its status is the answer
        except httptools.HttpParserError as error:
            if self._failed is not None:
                raise self._failed from None
            if not self.is_whole:  # what comes after the answer is nobody's business
                once = _with_one_length(data)
                if self._received > len(data) or len(once) == len(data):
                    raise _not_whole(_said(error)) from error
                self._parser, self._received = _parser(self), 0
                self._lines.clear()
                self.feed(once)
        if not self._status and self._received > HEAD_LIMIT:
            raise _not_whole(f"its head is too long (more than {HEAD_LIMIT // 1024} KiB)")

    def end(self) -> None:
        """The target closed. Raises CheckFailed when the answer cannot be whole by that."""
        if self.is_whole:
            return
        if not self._received:
            what = "the target closed the connection without an answer"
            raise CheckFailed(Reason.PROTOCOL_ERROR, what)
        if not self._status:
            raise _not_whole("the target closed before the end of its head")
        if _last(self._headers.get("transfer-encoding", "")) == "chunked":
            raise _not_whole("the target closed before the last chunk of its body")
        length = self._headers.get("content-length")
        if length is not None and "transfer-encoding" not in self._headers:
            raise _not_whole(f"the target closed after {self._body_bytes} of {length} bytes")
        self.is_whole = True

    def response(self) -> Response:
        """The answer as it is now."""
        decoder = self._decoder
        return Response(
            status=self._status,
            headers=self._headers,
            body=bytes(decoder.body) if decoder is not None else b"",
            truncated=decoder is not None and decoder.truncated,
        )

    def let_go(self) -> None:
        """Part from the parser: the two hold each other, which only the garbage collector ends."""
        del self._parser

    # What httptools calls; it looks for the others too, and not to find them costs it an exception.

    on_message_begin = on_url = on_status = on_chunk_header = on_chunk_complete = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # else it is behind a chunked body, where nothing is that counts
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        if self._status:
            return  # the head of another answer behind this one
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._lines.clear()
            return
        self._status = status
        self._headers = _joined(self._lines)
        if status < 100:  # there is none (RFC 9110, section 15)
            self._fail(f"its status is {status:03}")
        if "\0" in "".join(self._headers.values()):  # RFC 9110, section 5.5
            self._fail("a NUL in its head")
        self.is_whole = self._to_head or status in _NO_BODY

    def _fail(self, what: str) -> None:
        """End it from within what httptools calls."""
        self._failed = _not_whole(what)
        raise self._failed

    def on_body(self, data: bytes) -> None:
        if self.is_whole:
            return
        self._body_bytes += len(data)
        decoder = self._decoder
        if decoder is None:
            coding = self._headers.get("content-encoding", "")
            decoder = self._decoder = Decoder(coding, BODY_LIMIT)
        try:
            decoder.add(data)
        except CheckFailed as error:
            self._failed = error
            raise
        self.is_whole = decoder.truncated

    def on_message_complete(self) -> None:
        self.is_whole = self.is_whole or self._status > 0


def _parser(answer: Answer) -> httptools.HttpResponseParser:
    """A reader that tells `answer` what it reads."""
    parser = httptools.HttpResponseParser(answer)
    # Whoever reads one answer of a connection cannot be led astray by the next one in it, so that
    # what browsers take is taken here.
    parser.set_dangerous_leniencies(
        lenient_headers=True,
        lenient_chunked_length=True,
        lenient_transfer_encoding=True,
        lenient_data_after_close=True,
        lenient_optional_cr_before_lf=True,
        lenient_spaces_after_chunk_size=True,
    )
    return parser


def _with_one_length(data: bytes) -> bytes:
    """The same without lines that say its length again, where all say the same: httptools refuses
    what RFC 9110 (section 8.6) allows, and browsers take.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    lengths = list(_LENGTH.finditer(head))
    if not end or len({found[1] for found in lengths}) != 1:
        return data
    for again in reversed(lengths[1:]):
        head = head[: again.start()] + head[again.end() :]
    return head + end + body


def _joined(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; several of one name are joined (RFC 9110, section 5.3)."""
    headers = {name.decode("latin-1").lower(): _text(value) for name, value in lines}
    if len(headers) == len(lines):
        return headers
    values: dict[str, list[str]] = {name: [] for name in headers}
    for name, value in lines:
        values[name.decode("latin-1").lower()].append(_text(value))
    return {name: ", ".join(several) for name, several in values.items()}


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(" \t")  # httptools leaves tabs behind a value


def _last(codings: str) -> str:
    return codings.rpartition(",")[2].strip().lower()


def _said(error: Exception) -> str:
    return escape(str(error), 120)


def _not_whole(what: str) -> CheckFailed:
    return CheckFailed(Reason.PROTOCOL_ERROR, f"not a whole HTTP answer: {what}")
