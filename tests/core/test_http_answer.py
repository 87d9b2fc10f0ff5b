"""Answers put together from bytes: however they are cut, and never more than is wanted."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import CheckFailed, Reason
from uptop_core.prober.http import BODY_LIMIT, Response
from uptop_core.prober.http_answer import HEAD_LIMIT, Answer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
WHOLE = {
    "by its length": OK + b"X-A: 1, 2\r\nContent-Length: 5\r\n\r\nhello",
    "by chunks, with a trailer": CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-A: 3\r\n\r\n",
    "after others": b"HTTP/1.1 103 Hints\r\nX-B: 0\r\n\r\n" + CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    "with bare line feeds": b"HTTP/1.1 200 OK\nX-A: 1, 2\nContent-Length: 5\n\nhello",
    "with a length beside chunks": OK
    + b"X-A: 1, 2\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}


def read(*pieces: bytes, to_head: bool = False, closed: bool = False) -> Response | None:
    """What these pieces make; None when more is awaited."""
    answer = Answer(to_head=to_head)
    for piece in pieces:
        answer.feed(piece)
        if answer.is_whole:
            break
    if closed:
        answer.end()
    return answer.response() if answer.is_whole else None


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE.keys())
def test_an_answer_is_the_same_however_it_is_cut(answer: bytes) -> None:
    for size in (1, 2, 3, 7, len(answer)):
        response = read(*(answer[at : at + size] for at in range(0, len(answer), size)))
        assert response is not None
        assert (response.status, response.body) == (200, b"hello")
        assert response.headers["x-a"] == "1, 2"
        assert "x-b" not in response.headers


def test_what_comes_after_an_answer_is_nobodys_business() -> None:
    response = read(OK + b"Content-Length: 2\r\n\r\nhiHTTP/1.1 500 No\r\n\r\n\x00\x01")
    assert response is not None
    assert (response.status, response.body) == (200, b"hi")


def test_a_body_without_a_frame_lasts_until_the_close() -> None:
    assert read(OK + b"\r\nhello") is None
    response = read(OK + b"\r\nhello", closed=True)
    assert response is not None
    assert response.body == b"hello"


@pytest.mark.parametrize(
    ("head", "body"),
    [(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""), (OK + b"\r\n", None)],
)
def test_what_has_no_body_is_whole_with_its_head(head: bytes, body: bytes | None) -> None:
    response = read(head)
    assert (None if response is None else response.body) == body
    to_head = read(OK + b"Content-Length: 9\r\n\r\n", to_head=True)
    assert to_head is not None
    assert to_head.body == b""


@pytest.mark.parametrize(
    "flood",
    [
        b"X-More: and more\r\n",
        b"a",
        b": \r\n",
        b"X: y\r\n\r\nHTTP/1.1 100 Continue\r\n",
    ],
)
def test_heads_are_bounded(flood: bytes) -> None:
    answer, fed = Answer(to_head=False), 0
    answer.feed(b"HTTP/1.1 100 Continue\r\n")
    with pytest.raises(CheckFailed) as failed:
        while fed < 2 * HEAD_LIMIT:
            answer.feed(flood * 20)
            fed += len(flood) * 20
    assert failed.value.reason is Reason.PROTOCOL_ERROR
    assert fed <= HEAD_LIMIT + len(flood) * 20


def test_thousands_of_lines_of_one_name_are_joined_in_no_time() -> None:
    response = read(OK + b"a:b\r\n" * 13_000 + b"Content-Length: 0\r\n\r\n")
    assert response is not None
    assert response.headers["a"].count("b") == 13_000


def test_a_bomb_stops_at_the_bound() -> None:
    bomb = gzip.compress(bytes(8 * BODY_LIMIT))
    response = read(OK + b"Content-Encoding: gzip\r\n\r\n" + bomb)
    assert response is not None
    assert (len(response.body), response.truncated) == (BODY_LIMIT, True)


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_any_bytes_make_an_answer_or_the_one_error(pieces: list[bytes], begun: bool) -> None:
    try:
        read(*([OK] if begun else []), *pieces, closed=True)
    except CheckFailed as error:
        assert error.reason is Reason.PROTOCOL_ERROR
        assert len(error.detail) < 400


@given(st.sampled_from(list(WHOLE.values())), st.data())
def test_a_spoilt_answer_makes_an_answer_or_the_one_error(
    answer: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(answer)))
    spoilt = (
        answer[:at] + data.draw(st.binary(max_size=6)) + answer[at + data.draw(st.integers(0, 6)) :]
    )
    try:
        read(spoilt, closed=True)
    except CheckFailed as error:
        assert error.reason is Reason.PROTOCOL_ERROR
