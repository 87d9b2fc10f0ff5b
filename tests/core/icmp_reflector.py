"""Datagram sockets in the place of ICMP's: what they send comes back as a test scripts it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

Script = Callable[[bytes], list[bytes]]


def reply(request: bytes) -> bytes:
    """As a host answers: the same packet with the type of a reply."""
    return b"\x00" + request[1:]


def as_asked(request: bytes) -> list[bytes]:
    """The script of a host that is well."""
    return [reply(request)]


class Reflector:
    """A host that is reached without ICMP: `make` makes sockets for `SharedSockets`. `asked` are
    the requests. What comes back is there before a request is sent, as on the way to oneself; it
    comes from `source`. Nothing listens on 127.0.0.9.
    """

    def __init__(self, script: Script = as_asked, source: str = "127.0.0.1") -> None:
        self.asked: list[bytes] = []
        self.made = 0
        self._script = script
        self._answering = _bound(source)
        gone = _bound("127.0.0.9")
        self._nobody = gone.getsockname()
        gone.close()

    def close(self) -> None:
        self._answering.close()

    def __enter__(self) -> Reflector:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def make(self, family: int, kind: int, protocol: int) -> socket.socket:
        self.made += 1
        made = _ReflectedSocket(socket.AF_INET, socket.SOCK_DGRAM)
        made.reflector = self
        return made

    def take(self, request: bytes, sender: _ReflectedSocket, host: str) -> None:
        if host == self._nobody[0]:
            sender.send_as_it_is(request, self._nobody)
            return
        self.asked.append(request)
        for answer in self._script(request):
            self._answering.sendto(answer, ("127.0.0.1", sender.getsockname()[1]))


class _ReflectedSocket(socket.socket):
    reflector: Reflector

    def sendto(self, data: Any, *where: Any) -> int:
        self.reflector.take(data, self, where[0][0])
        return len(data)

    def send_as_it_is(self, data: bytes, where: Any) -> None:
        super().sendto(data, where)


def _bound(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    return made
