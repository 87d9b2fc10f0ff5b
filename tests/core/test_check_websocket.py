"""websocket: the handshake with real servers, and messages that come, or do not."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from anyio.abc import ByteStream
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.typing import Subprotocol

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import Condition, Outcome, Reason
from uptop_core.checks.websocket import WebsocketCheck

pytestmark = pytest.mark.anyio

SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def echo(connection: ServerConnection) -> None:
    """Greet, ping, and say back what comes."""
    await connection.send('{"hello": "there"}')
    await connection.ping()
    async for message in connection:
        await connection.send(message)


def saying(*frames: bytes, more: str = "", spoil: Callable[[str], str] = str) -> Handler:
    """Agree to the handshake, with `more` lines in its head, then send `frames` as they are."""

    async def handle(stream: ByteStream) -> None:
        head = (await stream.receive()).decode()
        [key] = re.findall(r"Sec-WebSocket-Key: (\S+)", head)
        accept = base64.b64encode(hashlib.sha1(key.encode() + SALT).digest()).decode()
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
        )
        await stream.send(spoil(answer).encode() + b"".join(frames))
        await stream.receive()

    return handle


async def ask(handler: Handler, **settings: object) -> Outcome:
    async with serve(handler) as server:
        check = WebsocketCheck(url=f"ws://127.0.0.1:{server.port}/live", **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=1.0)


async def test_a_handshake_and_an_echo_are_up_and_the_message_is_a_fact(tmp_path: Path) -> None:
    left: list[int | None] = []

    async def talk(connection: ServerConnection) -> None:
        await echo(connection)
        left.append(connection.close_code)

    context = authority().context("127.0.0.1")
    speaks = [Subprotocol("live.v1")]
    async with serve_websocket(talk, "127.0.0.1", 0, ssl=context, subprotocols=speaks) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        long = "x" * 70_000
        check = WebsocketCheck(
            url=f"wss://127.0.0.1:{port}/", subprotocol="live.v1", send=f'{{"n": 7, "x": "{long}"}}',
            expect='"n": 7', conditions=(Condition("json(n) == 7"), Condition("status == 101")),
        )  # fmt: skip
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
        refused = await look_at(check)
    assert outcome.up, outcome.detail
    assert outcome.status_code == 101
    assert outcome.cert_end
    assert outcome.timings.first_byte_ns
    assert left == [1000]
    assert refused.reason is Reason.TLS_ERROR


async def test_the_handshake_alone_will_do_and_carries_the_headers() -> None:
    async with serve(saying()) as server:
        url = f"ws://127.0.0.1:{server.port}/live?room=1"
        check = WebsocketCheck(url=url, headers={"Authorization": "Bearer x"})
        assert (await look_at(check)).up
    [head] = server.heads[:1]
    assert head.startswith("GET /live?room=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n" in head
    assert "Authorization: Bearer x\r\n" in head


async def test_a_message_may_come_in_pieces_between_pings_and_after_others() -> None:
    frames = (b"\x81\x02hi", b"\x01\x02wo", b"\x89\x00", b"\x8a\x00", b"\x80\x03rld")
    assert (await ask(saying(*frames), expect="world")).up


async def test_an_expected_message_that_does_not_come_is_told_at_the_deadline() -> None:
    other = await ask(saying(b"\x81\x02hi"), expect="world")
    assert other.reason is Reason.UNEXPECTED_ANSWER
    assert other.detail == 'expected "world", not within 1 s, found "hi"'
    assert (await ask(saying(), expect="world")).reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("frame", "reason", "words"),
    [
        (b"\x88\x06\x03\xf1full", Reason.UNEXPECTED_ANSWER, 'closed (code 1009 "full")'),
        (b"\x88\x00", Reason.UNEXPECTED_ANSWER, "closed (without a code)"),
        (b"\xc1\x00", Reason.PROTOCOL_ERROR, "may not send"),
        (b"\x81\x80", Reason.PROTOCOL_ERROR, "may not send"),
        (b"\x80\x00", Reason.PROTOCOL_ERROR, "mixed up"),
        (b"\x83\x00", Reason.PROTOCOL_ERROR, "no known kind"),
        (b"\x81\x7f" + (1 << 40).to_bytes(8), Reason.PROTOCOL_ERROR, "longer than 1024 KiB"),
    ],
)
async def test_frames_that_are_no_message_are_down(
    frame: bytes, reason: Reason, words: str
) -> None:
    outcome = await ask(saying(frame), expect="x")
    assert outcome.reason is reason
    assert words in outcome.detail
    assert outcome.detail.startswith('expected "x", but ')


async def test_no_message_at_all_is_told_with_what_was_expected() -> None:
    outcome = await ask(saying(), expect="pong")
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.detail == 'expected "pong", not within 1 s, found no message'


@pytest.mark.parametrize(
    ("handler", "reason", "words"),
    [
        (answering(b"HTTP/1.1 403 No\r\n\r\n"), Reason.STATUS_MISMATCH, "HTTP 403, expected 101"),
        (answering(b"HTTP/1.0 503 x\r\n\r\n"), Reason.STATUS_MISMATCH, "HTTP 503, expected 101"),
        (
            answering(b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 404 x\r\n\r\n"),
            Reason.STATUS_MISMATCH,
            "HTTP 404, expected 101",
        ),
        (answering(b"HTTP/1.1 100 x\r\n\r\n" * 20), Reason.PROTOCOL_ERROR, "gives none"),
        (
            answering(b"HTTP/1.1 302 x\r\nLocation: wss://a:b@two.example/x?key=7\r\n\r\n"),
            Reason.STATUS_MISMATCH,
            "HTTP 302, expected 101; it leads to wss://two.example/x",
        ),
        (answering(b"SSH-2.0-x\r\n"), Reason.PROTOCOL_ERROR, "not HTTP/1.1"),
        (answering(b"HTTP/1.1 101 x\r\nnonsense\r\n"), Reason.PROTOCOL_ERROR, "line of a head"),
        (
            answering(b"HTTP/1.1 101 x\r\n" + b"a: b\r\n" * 300),
            Reason.PROTOCOL_ERROR,
            "head of the answer has no end",
        ),
        (
            saying(spoil=lambda head: head.replace("Accept: ", "Accept: x")),
            Reason.PROTOCOL_ERROR,
            "Sec-WebSocket-Accept",
        ),
        (
            saying(spoil=lambda head: head.replace("websocket\r", "h2c\r")),
            Reason.PROTOCOL_ERROR,
            "upgrades to something else",
        ),
        (
            saying(more="Sec-WebSocket-Protocol: other\r\n"),
            Reason.UNEXPECTED_ANSWER,
            'the subprotocol is "other", expected ""',
        ),
        (closing, Reason.PROTOCOL_ERROR, "closed the connection without an answer"),
        (silent, Reason.TIMEOUT, "no answer within 1 s"),
    ],
)
async def test_a_handshake_that_fails_is_down(handler: Handler, reason: Reason, words: str) -> None:
    outcome = await ask(handler)
    assert outcome.reason is reason
    assert words in outcome.detail


async def test_nobody_and_a_private_target_are_told_apart() -> None:
    nobody = await look_at(WebsocketCheck(url=f"ws://127.0.0.1:{free_port()}/"))
    assert nobody.reason is Reason.CONNECT_REFUSED
    blocked = await look_at(WebsocketCheck(url="ws://localhost/"), allow_private=False)
    assert blocked.reason is Reason.BLOCKED_TARGET


@pytest.mark.parametrize(
    "url",
    ["https://a.example/", "ws:a", "ws://u:p@a.example/", "ws://127.1/", "ws://a:0/", "ws://"],
)
def test_other_urls_are_refused(url: str) -> None:
    [problem] = WebsocketCheck(url=url).problems()
    assert problem.field == "url"
    assert "p@" not in problem.message


def test_wrong_settings_are_named() -> None:
    headers = {"Upgrade": "h2c", "a b": "c", "X-Key": "secret\n"}
    wrong = WebsocketCheck(url="wss://a.example/", headers=headers, subprotocol="a, b")
    fields = [problem.field for problem in wrong.problems()]
    assert fields == ["headers", "headers", "headers", "subprotocol"]
    assert not any("secret" in problem.message for problem in wrong.problems())
    assert WebsocketCheck(url="wss://a.example:8443/x").host() == "a.example"
