"""A line between two nodes that can be cut: both ways, or one way only.

What is sent into a cut waits, as it does where packets are lost: it arrives when the line is whole
again, however old it is by then, unless who sent it has given up and closed meanwhile.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Literal

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

from tests.system.http_listener import BROKEN, HttpListener

Way = Literal["there", "back"]
"""`there`: from who connects to who is connected to."""


class Line(HttpListener):
    """Passes everything on to the port `to()`. `rewrite` is put in the place of what it names in
    what comes back, where that is of the same length.
    """

    def __init__(self, tasks: TaskGroup, to: Callable[[], int]) -> None:
        super().__init__(tasks)
        self._to = to
        self._cut: frozenset[Way] = frozenset()
        self._healed = anyio.Event()
        self.rewrite: tuple[bytes, bytes] = (b"", b"")

    def cut(self, *ways: Way) -> None:
        """From now on nothing gets through these ways; without any, neither way."""
        self._cut = frozenset(ways or ("there", "back"))

    def heal(self) -> None:
        """Everything gets through, what has waited first."""
        self._cut = frozenset()
        self._healed.set()
        self._healed = anyio.Event()

    async def talk(self, stream: SocketStream) -> None:
        """One connection, and the one behind it."""
        await self._open("there")
        try:
            server = await anyio.connect_tcp("127.0.0.1", self._to())
        except OSError:
            return
        async with server, anyio.create_task_group() as tasks:
            tasks.start_soon(self._pass_on, stream, server, "there", tasks)
            tasks.start_soon(self._pass_on, server, stream, "back", tasks)

    async def _pass_on(
        self, source: SocketStream, sink: SocketStream, way: Way, tasks: TaskGroup
    ) -> None:
        try:
            while True:
                data = await source.receive()
                if way in self._cut and not await self._outlasts(source, way):
                    break
                await sink.send(data.replace(*self.rewrite) if self.rewrite[0] else data)
        except BROKEN:
            pass
        await self._open(way)  # that a connection is over is not known beyond a cut either
        tasks.cancel_scope.cancel()

    async def _outlasts(self, source: SocketStream, way: Way) -> bool:
        """Wait until the cut is over; whether the connection of who sends is still open then."""
        raw = source.extra(SocketAttribute.raw_socket)
        with socket.fromfd(raw.fileno(), raw.family, raw.type) as same:
            while way in self._cut:
                with anyio.move_on_after(0.2):
                    await self._healed.wait()
                if _is_closed(same):
                    return False
        return True

    async def _open(self, way: Way) -> None:
        while way in self._cut:
            await self._healed.wait()


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other end has closed it."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
