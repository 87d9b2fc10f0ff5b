"""HTTP/2, which the way by httpx speaks."""

from pathlib import Path
from random import Random

import anyio
import msgspec
import pytest
from anyio.abc import ByteStream

from tests.core.listeners import (
    answering,
    authority,
    look_at,
    serve,
    silent,
)
from tests.core.proxy_listeners import answering_by_http2, framed
from uptop_core import HttpCheck, Reason

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


async def test_http2_is_spoken_where_the_target_takes_it(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2", "http/1.1"])
    answer = [(":status", "200"), ("x-a", "1"), ("x-a", "2")]
    handler = answering_by_http2(answer, b"hel", b"lo", on_request=asked.append)
    check = HttpCheck(
        url="", method="POST", body="tell", http2=True, conditions=(), headers={"X-One": "1"}
    )
    async with serve(handler, tls=context) as server:
        check = msgspec.structs.replace(check, url=f"https://localhost:{server.port}/a?b")
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.up, outcome
    assert outcome.timings.first_byte_ns is not None
    assert outcome.timings.transfer_ns is not None
    (head,) = asked
    assert (head[":method"], head[":path"], head["x-one"]) == ("POST", "/a?b", "1")
    assert head[":authority"] == f"localhost:{server.port}"


async def test_a_target_may_choose_http_1(tmp_path: Path) -> None:
    async with serve(answering(HELLO), tls=authority().context("localhost")) as server:
        check = HttpCheck(url=f"https://localhost:{server.port}/", http2=True)
        assert (await look_at(check, ca_file=authority().write(tmp_path))).up
    async with serve(answering(HELLO)) as server:
        assert (await look_at(HttpCheck(url=server.url, http2=True))).up


async def test_garbage_by_http2_is_a_protocol_error(tmp_path: Path) -> None:
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2"])
    async with serve(answering(HELLO), tls=context) as server:
        check = HttpCheck(url=f"https://localhost:{server.port}/", http2=True)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.PROTOCOL_ERROR


async def test_broken_frames_of_http2_are_the_fault_of_the_target(tmp_path: Path) -> None:
    context = authority().context("localhost")
    context.set_alpn_protocols(["h2"])
    frames = framed([(":status", "200"), ("x-a", "b")], b"hello")
    chance, found = Random(4), set[Reason | None]()

    async def break_one(stream: ByteStream) -> None:
        await stream.receive()
        at = chance.randrange(len(frames))
        await stream.send(frames[:at] + chance.randbytes(1) + frames[at + 1 :])
        with anyio.move_on_after(0.05):
            await silent(stream)

    async with serve(break_one, tls=context) as server:
        check = HttpCheck(
            url=f"https://localhost:{server.port}/", http2=True, accepted_codes="100-599"
        )
        for _ in range(60):
            found.add((await look_at(check, ca_file=authority().write(tmp_path))).reason)
    assert {None, Reason.PROTOCOL_ERROR} <= found
    assert Reason.INTERNAL_ERROR not in found
