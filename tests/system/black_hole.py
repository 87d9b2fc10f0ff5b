"""Sites that are black-holed all at once: whoever connects then hears nothing at all.

One listener on every address of loopback, so each site has a host of its own. On Linux a listener
whose queue is full is a black hole: further connections are not even refused.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import defaultdict
from collections.abc import Iterator

from tests.system.http_listener import answer

_ANSWER = answer(200, b"fine", Connection="close")
_QUEUE = 1024
_FULL = 0  # one connection fits in even so


class BlackHole:
    """Web sites on all addresses of 127.0.0.0/8 at one port. `looks` are the times at which each
    was looked at.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=_QUEUE)
        self._listener.setblocking(False)
        self._plugs: list[socket.socket] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._accept)
        self.looks: defaultdict[str, list[float]] = defaultdict(list)

    def urls(self, number: int) -> Iterator[str]:
        """The addresses of so many sites."""
        port = self._listener.getsockname()[1]
        return (f"http://127.3.{site // 250}.{site % 250 + 1}:{port}/" for site in range(number))

    async def swallow(self) -> None:
        """From now on nobody gets through."""
        self._loop.remove_reader(self._listener)
        self._accept()
        self._listener.listen(_FULL)
        plug = socket.socket()
        plug.setblocking(False)
        self._plugs.append(plug)
        await self._loop.sock_connect(plug, ("127.0.0.1", self._listener.getsockname()[1]))

    def release(self) -> None:
        """Everybody gets through again."""
        self._listener.listen(_QUEUE)
        self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        """It is over."""
        self._loop.remove_reader(self._listener)
        for one in (self._listener, *self._plugs):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            self.looks[connection.getsockname()[0]].append(time.time())
            connection.setblocking(False)
            self._loop.add_reader(connection, self._reply, connection)

    def _reply(self, connection: socket.socket) -> None:
        """The requests are short, so that one read has all of it."""
        self._loop.remove_reader(connection)
        try:
            if connection.recv(65_536):
                connection.send(_ANSWER)
        except OSError:
            pass
        connection.close()
