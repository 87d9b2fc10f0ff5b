"""A way to a server that can become a black hole: what is sent is taken, and nothing ever comes."""

from __future__ import annotations

import anyio
from anyio.abc import SocketStream, TaskGroup

from tests.system.http_listener import BROKEN, HttpListener


class Relay(HttpListener):
    """Relays bytes to a port of 127.0.0.1. `hole` opens the black hole for all connections, old and
    new; `trap` opens it when those words have gone through to the server; `heal` lets new ones
    through again, and breaks off those that fell in.
    """

    def __init__(self, tasks: TaskGroup, to: int) -> None:
        super().__init__(tasks)
        self.is_hole = False
        self._to = to
        self._healed = anyio.Event()
        self._trap = b""

    def hole(self) -> None:
        """Let nothing through any more, in either direction."""
        self.is_hole, self._trap = True, b""

    def trap(self, words: bytes) -> None:
        """Open the hole as soon as these words have been relayed to the server."""
        self._trap = words

    def heal(self) -> None:
        """Let new connections through again."""
        self.is_hole, self._trap = False, b""
        self._healed.set()
        self._healed = anyio.Event()

    async def talk(self, stream: SocketStream) -> None:
        """One connection, and the one to the server behind it."""
        healed = self._healed
        if self.is_hole:
            await healed.wait()
            return
        try:
            server = await anyio.connect_tcp("127.0.0.1", self._to)
        except OSError:
            return
        async with server, anyio.create_task_group() as tasks:
            for source, target in ((stream, server), (server, stream)):
                tasks.start_soon(self._pass, source, target, tasks.cancel_scope)
            await healed.wait()
            tasks.cancel_scope.cancel()

    async def _pass(
        self, source: SocketStream, target: SocketStream, over: anyio.CancelScope
    ) -> None:
        try:
            while True:
                some = await source.receive()
                if self.is_hole:  # swallowed, and the connection stays
                    continue
                await target.send(some)
                if self._trap and self._trap in some:
                    self.hole()
        except BROKEN:
            if not self.is_hole:
                over.cancel()
