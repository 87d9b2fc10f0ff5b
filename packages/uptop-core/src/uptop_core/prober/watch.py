"""Being told that a socket has something to read, or an error to tell.

uvloop ends its watch of a socket that has an error and nothing to read: after the first message of
a router the socket would be deaf. An epoll of our own in between, where there is one, has something
to read in either case.
"""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable


class Watch:
    """Calls `read` whenever there is something, until closed. The socket is not closed."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, read: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._watched = sock.fileno()
        self._epoll = None
        if sys.platform == "linux":
            self._epoll = select.epoll()
            self._epoll.register(sock, select.EPOLLIN)
            self._watched = self._epoll.fileno()
        loop.add_reader(self._watched, read)

    def close(self) -> None:
        """Call no more."""
        self._loop.remove_reader(self._watched)
        if self._epoll is not None:
            self._epoll.close()
