"""Whoever opens too many connections closes their own, and nobody else's."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.leader.test_listening import ASKS, Hasty, hello, told
from uptop_leader.reception import Crowd, Guest, Reception, open_files
from uptop_leader.serving import listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import SocketStream
    from starlette.requests import Request

pytestmark = pytest.mark.anyio


class Visitor(Guest):
    """A guest without a connection."""

    def __init__(self, net: str, *, busy: bool = False) -> None:
        super().__init__(socket.socket(), net)
        self.sock.close()
        self.busy = busy

    @property
    def is_busy(self) -> bool:
        return self.busy


def test_whoever_has_most_gives_up_the_oldest_that_awaits_no_answer() -> None:
    crowd = Crowd(most=5)
    busy, old, new = Visitor("a", busy=True), Visitor("a"), Visitor("a")
    alone, pair = Visitor("b"), Visitor("c")
    for guest in (busy, alone, old, new, pair):
        assert crowd.come(guest) is None
    assert crowd.come(Visitor("d")) is old
    assert crowd.come(Visitor("e")) is new
    assert crowd.count == 5


def test_where_all_await_answers_the_oldest_goes() -> None:
    crowd = Crowd(most=2)
    first, second = Visitor("a", busy=True), Visitor("a", busy=True)
    assert crowd.come(first) is None
    assert crowd.come(second) is None
    assert crowd.come(Visitor("b")) is first


def test_one_who_goes_twice_goes_once() -> None:
    crowd = Crowd(most=2)
    guest = Visitor("a")
    crowd.come(guest)
    crowd.go(guest)
    crowd.go(guest)
    assert crowd.count == 0


def test_that_there_are_too_many_is_told_once_until_it_is_calm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    crowd = Crowd(most=4)
    guests = [Visitor("a") for _ in range(8)]
    for guest in guests:
        crowd.come(guest)
    assert [record.getMessage() for record in caplog.records] == ["too many connections"]
    for guest in guests:
        crowd.go(guest)
    for _ in range(5):
        crowd.come(Visitor("a"))
    assert len(caplog.records) == 2


class Hurried(Reception):
    """Waits a short time for TLS to begin."""

    begin_s = 0.3


async def _say_hello(request: Request) -> PlainTextResponse:
    if request.url.path == "/slow":
        await asyncio.sleep(30)
    return PlainTextResponse("hello 0")


@asynccontextmanager
async def receiving(
    most: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, Crowd]]:
    app = Starlette(routes=[Route("/{path:path}", _say_hello)])
    config = uvicorn.Config(app, http=Hasty, log_config=None, lifespan="off", ws="none")
    config.load()
    server, crowd = uvicorn.Server(config), Crowd(most)
    greet = partial(Hasty, config=config, server_state=server.server_state, app_state={})
    with listen("127.0.0.1", 0) as listener:
        reception = Hurried(listener, greet, tls, crowd)
        try:
            yield listener.getsockname()[1], crowd
        finally:
            reception.close()
            await reception.wait_closed()
            for connection in tuple(server.server_state.connections):
                connection.transport.abort()
            for task in tuple(server.server_state.tasks):
                task.cancel()
            await empty(crowd)


async def empty(crowd: Crowd) -> None:
    with anyio.fail_after(10):
        while crowd.count:
            await anyio.sleep(0.01)


async def full(crowd: Crowd, count: int) -> None:
    with anyio.fail_after(10):
        while crowd.count < count:
            await anyio.sleep(0.01)


async def from_elsewhere(port: int) -> SocketStream:
    return await anyio.connect_tcp("127.0.0.1", port, local_host="127.0.0.2")


async def test_who_opens_many_does_not_keep_others_out() -> None:
    async with receiving(most=20) as (port, crowd):
        async with await from_elsewhere(port) as other:
            await hello(other)
            many = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(60)]
            await full(crowd, 20)
            await hello(other)
            async with await from_elsewhere(port) as another:
                await hello(another)
            await hello(many[-1])
            assert await told(many[0]) == b""
        for stream in many:
            await anyio.aclose_forcefully(stream)
        await empty(crowd)


async def test_who_awaits_an_answer_stays_while_others_of_its_address_wait_for_nothing() -> None:
    async with receiving(most=10) as (port, crowd):
        asking = await anyio.connect_tcp("127.0.0.1", port)
        await asking.send(ASKS.replace(b"GET /", b"GET /slow"))
        idle = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(30)]
        await full(crowd, 10)
        with anyio.move_on_after(0.2) as waits:
            await asking.receive()
        assert waits.cancelled_caught, "it was closed, though it awaits an answer"
        for stream in (asking, *idle):
            await anyio.aclose_forcefully(stream)


def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    return ours, theirs


async def test_connections_count_before_tls_begins_and_are_closed_when_it_does_not() -> None:
    ours, theirs = _contexts()
    async with receiving(10, ours) as (port, crowd):
        silent = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(30)]
        await full(crowd, 10)
        async with await anyio.connect_tcp(
            "127.0.0.1", port, local_host="127.0.0.2", ssl_context=theirs, tls_hostname="127.0.0.1"
        ) as other:
            await hello(other)
        for stream in silent:
            assert await told(stream) == b""
        await empty(crowd)
        garbage = await anyio.connect_tcp("127.0.0.1", port)
        await garbage.send(b"GET / HTTP/1.1\r\n\r\n")
        await told(garbage)
        await empty(crowd)
        half = await anyio.connect_tcp("127.0.0.1", port)
        await half.send(b"\x16\x03\x01\x02\x00")
        await told(half)
        await empty(crowd)
        for stream in (*silent, garbage, half):
            await anyio.aclose_forcefully(stream)


async def test_connections_wait_while_no_file_is_left(caplog: pytest.LogCaptureFixture) -> None:
    async with receiving(most=20) as (port, _):
        streams = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(2)]
        await hello(streams[0])
        waiting = socket.socket()
        waiting.setblocking(False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        probe = socket.socket()
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno(), hard))
            waiting.connect_ex(("127.0.0.1", port))
            with anyio.fail_after(5):
                while "no connection can be taken" not in caplog.text:
                    await anyio.sleep(0.01)
            await hello(streams[0])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            probe.close()
        async with await anyio.connect_tcp("127.0.0.1", port) as later:
            await hello(later)
        waiting.close()
        for stream in streams:
            await anyio.aclose_forcefully(stream)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("soft", "hard", "then"), [(64, 300, 300), (200, 200, 200)])
def test_as_many_files_are_open_as_may_be(soft: int, hard: int, then: int) -> None:
    code = (
        "import resource; from uptop_leader.reception import open_files;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
        "print(open_files(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.split() == [str(then), str(then)]
    assert open_files() > 0
