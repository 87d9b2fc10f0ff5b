"""Connections of our own, on both loops: what is read, when it arrived, and what becomes of it."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import anyio
import pytest

from tests.core.listeners import repeating, resetting, serve, silent
from uptop_core import Vantage
from uptop_core.looks import Look
from uptop_core.prober.connect import connect
from uptop_core.prober.readiness import WRITABLE
from uptop_core.prober.streams import Stream

pytestmark = pytest.mark.anyio
LOOPBACK = ip_address("127.0.0.1")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says when it received")


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops that the program runs on."""
    return "asyncio", {"use_uvloop": request.param}


def look() -> Look:
    return Look(Vantage(allow_private=True), 5.0)


class Peer:
    """The other side, in a thread: so that it acts while our loop stands still."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]

    def answer(self, *pieces: bytes) -> threading.Event:
        """Send `pieces` to the next who connects, as soon as he has said something; the event says
        that it was done.
        """
        done = threading.Event()

        def run() -> None:
            taken, _ = self.listening.accept()
            with taken:
                taken.recv(100)
                for piece in pieces:
                    taken.sendall(piece)
                done.set()
                taken.recv(100)

        threading.Thread(target=run, daemon=True).start()
        return done


@contextmanager
def peer() -> Iterator[Peer]:
    made = Peer()
    with made.listening:
        yield made


@ON_LINUX
async def test_what_came_while_the_loop_was_busy_is_dated_by_when_it_came() -> None:
    with anyio.fail_after(5):
        # The kernel begins to stamp a little after it was first asked to.
        while not await came_before_it_was_read():
            await anyio.sleep(0.01)


async def came_before_it_was_read() -> bool:
    with peer() as other:
        done = other.answer(b"hello")
        stream = await connect(look(), [LOOPBACK], other.port)
        await stream.send(b"x")
        sent = time.perf_counter_ns()
        assert done.wait(5)  # nothing else runs meanwhile
        there = time.perf_counter_ns()
        time.sleep(0.02)
        assert await stream.receive() == b"hello"
        stream.close()
        assert sent - 1_000_000 < stream.arrived_ns
        return stream.arrived_ns <= there and stream.late_ns >= 20_000_000


@ON_LINUX
async def test_connecting_is_timed_by_the_kernel_however_late_the_loop_is() -> None:
    async with serve(silent) as server:
        seen = look()
        began = time.perf_counter_ns()
        stream = Stream(LOOPBACK, server.port)
        time.sleep(0.05)
        while not stream.is_connected():
            await stream.bell.rung(WRITABLE)
        assert stream.connected_ns - began < 50_000_000
        stream.close()
        assert seen.timings().connect_ns is None


async def test_what_the_kernel_does_not_take_goes_while_receiving() -> None:
    async def reading(stream: anyio.abc.ByteStream) -> None:
        await stream.send(b"early")
        await anyio.sleep(0.01)
        left = 8_000_000
        while left:
            left -= len(await stream.receive())
        await stream.send(b"all")

    async with serve(reading) as server:
        stream = await connect(look(), [LOOPBACK], server.port)
        await stream.send(bytes(8_000_000))
        said = b""
        while said != b"earlyall":
            said += await stream.receive()
        stream.close()


async def test_flushing_returns_when_all_was_taken() -> None:
    received = 0

    async def counting(stream: anyio.abc.ByteStream) -> None:
        nonlocal received
        try:
            while True:
                received += len(await stream.receive())
        except anyio.EndOfStream:
            await stream.send(b"done")

    async with serve(counting) as server:
        stream = await connect(look(), [LOOPBACK], server.port)
        await stream.send(bytes(4_000_000))
        await stream.send(b"and more")
        await stream.send_eof()
        assert await stream.receive() == b"done"
        assert received == 4_000_008
        stream.close()


async def test_ends_resets_and_closing_are_told_apart() -> None:
    async with serve(resetting) as server:
        stream = await connect(look(), [LOOPBACK], server.port)
        await stream.send(b"x")
        with pytest.raises(anyio.BrokenResourceError) as broken:
            await stream.receive()
        assert isinstance(broken.value.__cause__, ConnectionResetError)
        stream.close()
        stream.close()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.send(b"x")


async def test_many_streams_on_one_loop_get_each_their_own() -> None:
    got: dict[int, bytes] = {}

    async def echoing(stream: anyio.abc.ByteStream) -> None:
        await stream.send(await stream.receive())

    async def one(number: int, port: int) -> None:
        stream = await connect(look(), [LOOPBACK], port)
        await stream.send(b"%d" % number)
        got[number] = await stream.receive()
        stream.close()

    async with serve(echoing) as server, anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(one, number, server.port)
    assert got == {number: b"%d" % number for number in range(200)}


async def test_a_stream_that_was_given_up_leaves_nothing_that_rings() -> None:
    async with serve(repeating(b"", b"x")) as server:
        for _ in range(20):
            stream = await connect(look(), [LOOPBACK], server.port)
            await stream.send(b"x")
            with anyio.move_on_after(0.002):
                while True:
                    await stream.receive()
            stream.close()
            await anyio.lowlevel.checkpoint()
