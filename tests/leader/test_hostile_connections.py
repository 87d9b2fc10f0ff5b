"""Connections of who means no good: requests that two servers in a row would read each in its way,
and clients that are slow, silent or half gone.
"""

from __future__ import annotations

import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.fuzz.framing import CHUNKED, POST, REFUSED, SMUGGLED
from tests.leader.test_listening import Hasty, told
from uptop_leader.api.guards import Guards
from uptop_leader.listening import PIPELINED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

pytestmark = pytest.mark.anyio


class Impatient(Hasty):
    """Who takes nothing is let go at once."""

    untaken_s = 0.3


class Leader:
    """A server that says how long the body was, and knows who is connected."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.port = 0
        routes = [
            Route("/big", self._big),
            Route("/unread", self._unread, methods=["POST"]),
            Route("/{path:path}", self._hello, methods=["GET", "POST", "CONNECT"]),
        ]
        app = Starlette(routes=routes, middleware=[Middleware(Guards)])
        config = uvicorn.Config(
            app, port=0, http=Impatient, log_config=None, lifespan="off", ws="none"
        )
        self.server = uvicorn.Server(config)

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    async def _hello(self, request: Request) -> Response:
        self.seen.append(request.scope["path"])
        return PlainTextResponse(f"hello {len(await request.body())}")

    async def _big(self, request: Request) -> Response:
        return Response(b"x" * 50_000_000)

    async def _unread(self, request: Request) -> Response:
        return PlainTextResponse("no", 401)

    async def connect(self) -> anyio.abc.SocketStream:
        return await anyio.connect_tcp("127.0.0.1", self.port)

    async def lets_go(self) -> None:
        """Wait until nobody is connected."""
        with anyio.fail_after(30):
            while self.connections:
                await anyio.sleep(0.02)


@asynccontextmanager
async def listening() -> AsyncIterator[Leader]:
    leader = Leader()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leader.server.serve)
        with anyio.fail_after(10):
            while not leader.server.started:
                await anyio.sleep(0.005)
        leader.port = leader.server.servers[0].sockets[0].getsockname()[1]
        yield leader
        leader.server.should_exit = True


async def test_nothing_is_smuggled_past_a_server_in_front(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening() as leader:
        for name, request in REFUSED.items():
            async with await leader.connect() as stream:
                await stream.send(request + SMUGGLED)
                said = await told(stream)
            assert said.startswith(b"HTTP/1.1 400 "), f"{name}: {said!r}"
            assert said.count(b"HTTP/1.1 ") == 1, f"{name}: {said!r}"
            assert b"connection: close" in said.lower(), name
            assert b"x-content-type-options: nosniff" in said.lower(), name
            assert "/smuggled" not in leader.seen, name
        async with await leader.connect() as stream:
            await stream.send(SMUGGLED)
            assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")
    assert caplog.records == [], "strangers do not fill the log"


async def test_an_extension_of_a_chunk_is_ignored_and_requests_in_a_row_are_answered_in_order() -> (
    None
):
    row = (
        CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b"GET /second HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\n" + SMUGGLED,
        POST + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi",
    )
    async with listening() as leader, await leader.connect() as stream:
        await stream.send(b"".join(row))
        said = await told(stream)
        assert [said.index(f"hello {length}".encode()) for length in (5, 35, 2)] == sorted(
            said.index(f"hello {length}".encode()) for length in (5, 35, 2)
        )
        assert leader.seen == ["/", "/second", "/"]


async def test_who_asks_a_thousand_things_at_once_is_let_go() -> None:
    async with listening() as leader, await leader.connect() as stream:
        await stream.send(SMUGGLED * (PIPELINED + 1))
        said = b""
        while said.count(b"hello 0") <= PIPELINED:
            said += await stream.receive()
        leader.seen.clear()
        await stream.send(SMUGGLED * 1000)
        await told(stream)
        assert len(leader.seen) <= PIPELINED + 1
        await leader.lets_go()


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
async def test_an_upgrade_is_not_made_and_ends_the_connection(upgrade: str) -> None:
    asks = f"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n"
    async with listening() as leader, await leader.connect() as stream:
        await stream.send(asks.encode() + SMUGGLED)
        said = await told(stream)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in said
        assert leader.seen == ["/"]


async def test_who_has_ended_its_own_half_is_answered_at_most() -> None:
    async with listening() as leader, await leader.connect() as stream:
        await stream.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await stream.send_eof()
        said = await told(stream)
        assert said == b"" or said.endswith(b"hello 0")
        await leader.lets_go()


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\nHo", POST + b"Content-Length: 9\r\n\r\nhalf", b""]
)
async def test_who_goes_in_the_middle_of_a_request_leaves_nothing_behind(begun: bytes) -> None:
    async with listening() as leader:
        for _ in range(20):
            async with await leader.connect() as stream:
                await stream.send(begun)
        await leader.lets_go()


async def test_the_rest_of_a_body_that_was_answered_is_not_waited_for() -> None:
    async with listening() as leader, await leader.connect() as stream:
        head = b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
        await stream.send(head)
        assert b"401" in await stream.receive()
        with anyio.fail_after(10):
            try:
                while True:  # a byte now and then is not the rest
                    await stream.send(b"x")
                    await anyio.sleep(Hasty.head_s / 10)
            except anyio.BrokenResourceError:
                pass
        await leader.lets_go()


async def test_a_body_that_ends_after_its_answer_and_empty_lines_keep_no_connection() -> None:
    async with listening() as leader:
        for late in (b"hello", b"\r\n"):
            length = len(late) if late == b"hello" else 0
            async with await leader.connect() as stream:
                head = f"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
                await stream.send(head.encode())
                assert b"401" in await stream.receive()
                await stream.send(late)
                assert await told(stream) == b""


async def test_a_head_that_came_in_time_is_read_by_a_leader_that_was_held_up() -> None:
    async with listening() as leader:
        with socket.create_connection(("127.0.0.1", leader.port)) as slow:
            with anyio.fail_after(10):
                while not leader.connections:
                    await anyio.sleep(0.005)
            (protocol,) = leader.server.server_state.connections
            assert isinstance(protocol, Impatient)
            slow.sendall(SMUGGLED)
            protocol.time_is_up()  # before the loop has looked whether something came
            with anyio.fail_after(10):
                while not leader.seen:
                    await anyio.sleep(0.005)
        assert leader.seen == ["/smuggled"]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does not count it")
async def test_who_takes_nothing_of_an_answer_is_let_go() -> None:
    async with listening() as leader:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(5)
            slow.connect(("127.0.0.1", leader.port))
            slow.sendall(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n")
            with anyio.fail_after(10):
                while not leader.connections:
                    await anyio.sleep(0.005)
            await leader.lets_go()
