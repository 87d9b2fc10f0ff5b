"""Goodbyes of HTTP/2 servers: after some the answer still comes, others end it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from anyio.abc import ByteStream
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import Handler, authority, look_at, serve, silent
from tests.core.proxy_listeners import framed
from uptop_core import CheckFailed, HttpCheck, Outcome, Reason
from uptop_core.prober.http2 import Goodbyes, in_words, judge_goodbye

ANSWER = framed([(":status", "200"), ("x-a", "b")], b"hello")
_SETTINGS = 9  # bytes of the first frame's head


def goodbye(last: int, error: int = 0, words: bytes = b"") -> bytes:
    body = struct.pack("!II", last, error) + words
    return len(body).to_bytes(3) + b"\x07\0\0\0\0\0" + body


GENTLE, LAST, FIRM = goodbye((1 << 31) - 1), goodbye(1, words=b"bye"), goodbye(0)


@pytest.mark.parametrize("frame", [FIRM, goodbye(1, error=2), goodbye(0, error=11, words=b"calm")])
def test_a_goodbye_without_an_answer_is_told_with_its_error(frame: bytes) -> None:
    judge_goodbye(GENTLE)
    judge_goodbye(LAST)
    with pytest.raises(CheckFailed) as failed:
        Goodbyes().without(ANSWER + frame)
    assert failed.value.reason is Reason.PROTOCOL_ERROR
    assert failed.value.detail == f"the target sends us away (HTTP/2 error {frame[16]})"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "Invalid input ConnectionInputs.RECV_PING in state ConnectionState.CLOSED",
            "a frame that is out of place",
        ),
        ("99", "a frame of the stream 99, which there is not"),
        ("Received frame with invalid padding.", "Received frame with invalid padding."),
    ],
)
def test_what_h2_says_is_put_into_words(said: str, words: str) -> None:
    assert in_words(ValueError(said)) == words


@given(st.lists(st.integers(1, 40), min_size=1))
def test_in_whatever_pieces_they_come_only_gentle_ones_are_left_out(sizes: list[int]) -> None:
    came, wanted = GENTLE + ANSWER + LAST, ANSWER
    goodbyes, found, at, turn = Goodbyes(), b"", 0, 0
    while at < len(came):
        size = sizes[turn % len(sizes)]
        found += goodbyes.without(came[at : at + size])
        at, turn = at + size, turn + 1
    assert found == wanted


@given(st.binary(max_size=200), st.integers(1, 50))
def test_bytes_that_are_no_frames_are_given_back_in_order(data: bytes, size: int) -> None:
    goodbyes, found = Goodbyes(), b""
    try:
        for at in range(0, len(data), size):
            found += goodbyes.without(data[at : at + size])
    except CheckFailed:
        return
    assert data.startswith(found) or b"\x07" in data


def stopping(said: bytes) -> Handler:
    """Say goodbye behind the settings, and then answer."""
    end = _SETTINGS + int.from_bytes(ANSWER[:3])

    async def handle(stream: ByteStream) -> None:
        await stream.receive()
        await stream.send(ANSWER[:end] + said + ANSWER[end:])
        await silent(stream)

    return handle


async def ask(said: bytes, folder: Path) -> Outcome:
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2"])
    async with serve(stopping(said), tls=context) as server:
        check = HttpCheck(url=f"https://localhost:{server.port}/", http2=True)
        return await look_at(check, timeout=2.0, ca_file=authority().write(folder))


@pytest.mark.anyio
@pytest.mark.parametrize("said", [GENTLE, LAST, GENTLE + LAST])
async def test_what_is_answered_after_a_gentle_goodbye_is_up(said: bytes, tmp_path: Path) -> None:
    outcome = await ask(said, tmp_path)
    assert outcome.up, outcome.detail


@pytest.mark.anyio
async def test_a_firm_goodbye_is_down(tmp_path: Path) -> None:
    outcome = await ask(FIRM, tmp_path)
    assert outcome.reason is Reason.PROTOCOL_ERROR
    assert outcome.detail == "the target sends us away (HTTP/2 error 0)"
