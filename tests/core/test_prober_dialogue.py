"""Talks with targets that may say anything, in pieces of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from anyio.abc import ByteStream
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import CheckFailed, Reason, Vantage
from uptop_core.looks import Look
from uptop_core.prober import grpc, smtp, ssh, websocket
from uptop_core.prober.dialogue import LINE_LIMIT, Dialogue
from uptop_core.prober.starttls import OPENINGS
from uptop_core.prober.urls import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from uptop_core.prober.streams import Stream


class Said(ByteStream):
    """A connection over which these pieces come, then its end."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.heard = b""

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if not self.pieces:
            raise anyio.EndOfStream
        return self.pieces.pop(0)

    async def send(self, item: bytes) -> None:
        self.heard += item

    async def flush(self) -> None:
        """Everything was."""

    async def send_eof(self) -> None:
        """Nobody minds."""

    async def aclose(self) -> None:
        """Nobody minds."""


def talk(*pieces: bytes) -> Dialogue:
    return Dialogue(cast("Stream", Said(*pieces)))


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What comes of it; nothing in it ever waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def test_lines_and_blocks_are_found_in_whatever_pieces_they_come() -> None:
    said = talk(b"22", b"0 a\r", b"\n2", b"50 b\nxy", b"z")
    assert finish(said.line()) == b"220 a"
    assert finish(said.line()) == b"250 b"
    assert finish(said.exactly(2)) == b"xy"
    assert finish(said.some()) == b"z"
    with pytest.raises(CheckFailed, match="without an answer"):
        finish(said.some())


def test_an_end_in_the_midst_tells_what_came() -> None:
    with pytest.raises(CheckFailed, match='closed the connection after "ab"'):
        finish(talk(b"ab").exactly(3))


def test_a_line_without_an_end_is_given_up() -> None:
    with pytest.raises(CheckFailed, match="a line has no end"):
        finish(talk(*[b"a" * 1024] * (LINE_LIMIT // 1024 + 2)).line())


CALL = grpc.Call(scheme="http", authority="a:1", service="", metadata={}, timeout_s=1.0)
READERS: dict[str, Callable[[Dialogue], Coroutine[Any, Any, Any]]] = {
    "smtp": smtp.greet,
    "imap": cast("Any", OPENINGS["imap"]),
    "postgres": cast("Any", OPENINGS["postgres"]),
    "ssh": ssh.greet,
    "ssh key": lambda said: ssh.read_host_key(said, ssh.KEY_TYPES["ed25519"]),
    "grpc": lambda said: grpc.ask_health(said, CALL),
    "websocket": websocket.message,
    "websocket handshake": lambda said: websocket.shake_hands(
        Look(Vantage(), 1.0), said, parse_url("http://a.example/"), {}, ""
    ),
}
BEGINNINGS = (
    b"220 a\r\n", b"220-a\r\n", b"250 STARTTLS\r\n", b"* OK\r\n", b"a1 OK\r\n", b"S", b"SSH-2.0-a\r\n",
    b"\0\0\0\x0c\x04\x14", b"\0\0\0\0\x14", b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x01\x01\4\0\0\0\1\x88",
    b"\x81\x02hi", b"\x89\x01a", b"\x88\x02\x03\xe8", b"\x81\x7e\xff\xff", b"HTTP/1.1 101 a\r\n",
    b"Upgrade: websocket\r\n", b"\r\n",
)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@given(pieces=st.lists(st.sampled_from(BEGINNINGS) | st.binary(max_size=20), max_size=6))
def test_whatever_is_said_is_an_answer_or_a_reason(name: str, pieces: list[bytes]) -> None:
    try:
        finish(READERS[name](talk(*filter(None, pieces))))
    except CheckFailed as error:
        assert error.reason is not Reason.INTERNAL_ERROR
        assert error.detail.isprintable()
