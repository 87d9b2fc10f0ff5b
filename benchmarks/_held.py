"""A target that answers exactly 50 ms after the request reached this machine, and knows how exactly:
`python -m benchmarks._held [PEM]`.

It asks the kernel when a request came, and turns without sleeping while an answer is due, so it
wants a core of its own. Prints its ports as a line of JSON, `[http, tcp, https]` (https is 0
without a PEM); a line on its input is answered with the nanoseconds that each number was really
held, by number, and forgotten. An HTTP request has its number in the path, a TCP one is a line with
it.
"""

from __future__ import annotations

import heapq
import os
import re
import select
import socket
import ssl
import struct
import sys
import time

import msgspec

HOLD_NS = 50_000_000
_SPIN_NS = 3_000_000  # asleep until so long before the next answer
_STAMP = struct.Struct("@qq")
_STAMPS = 35  # SO_TIMESTAMPNS of Linux, and the type of its message
_NUMBER = re.compile(rb"(?:GET /)?(\d*)")
_HTTP = (
    b"HTTP/1.1 200 OK\r\nServer: exact\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
    b"Connection: close\r\n\r\nfine\n"
)
_TCP = b"fine\n"


class Connection:
    """One client: what it has sent, and through which TLS."""

    def __init__(self, raw: socket.socket, answer: bytes, tls: ssl.SSLContext | None) -> None:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.raw = raw
        self.answer = answer
        self.request = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        if tls is not None:
            self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = tls is None

    def receive(self) -> int | None:
        """Read; when the request is whole, the moment (ns of the wall clock) at which it came.

        Raises ConnectionError when the client has gone.
        """
        data, ancillary, _, _ = self.raw.recvmsg(65536, socket.CMSG_SPACE(_STAMP.size))
        if not data:
            raise ConnectionResetError
        came = time.time_ns()
        for level, kind, stamp in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _STAMPS):
                seconds, ns = _STAMP.unpack(stamp)
                came = seconds * 1_000_000_000 + ns
        self.request += data if self._tls is None else self._decrypt(self._tls, data)
        ended = b"\r\n\r\n" if self.answer is _HTTP else b"\n"
        return came if self.request.endswith(ended) else None

    def _decrypt(self, tls: ssl.SSLObject, data: bytes) -> bytes:
        self._incoming.write(data)
        plain = b""
        try:
            if not self._shaken:
                tls.do_handshake()
                self._shaken = True
            plain = tls.read(65536)
        except ssl.SSLWantReadError:
            pass
        if waiting := self._outgoing.read():
            self.raw.send(waiting)
        return plain

    def prepared(self) -> bytes:
        """The answer as it goes over the wire, made before its moment."""
        if self._tls is None:
            return self.answer
        self._tls.write(self.answer)
        return self._outgoing.read()


class Target:
    """All listeners and connections in one loop without tasks, which would cost exactness."""

    def __init__(self, pem: str | None) -> None:
        tls = None
        if pem is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(pem)
        self._poll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, bytes, ssl.SSLContext | None]] = {}
        self._connections: dict[int, Connection] = {}
        self._due: list[tuple[int, int, int, int, bytes]] = []
        self._held: dict[int, int] = {}
        self.ports = [self._listen(_HTTP, None), self._listen(_TCP, None)]
        self.ports.append(self._listen(_HTTP, tls) if tls is not None else 0)

    def _listen(self, answer: bytes, tls: ssl.SSLContext | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)  # connections inherit it
        self._listeners[listener.fileno()] = (listener, answer, tls)
        self._poll.register(listener, select.EPOLLIN)
        port: int = listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Until the input ends."""
        self._poll.register(sys.stdin, select.EPOLLIN)
        while True:
            for fileno, _ in self._poll.poll(self._until_next()):
                if fileno in self._listeners:
                    self._accept(*self._listeners[fileno])
                elif fileno == sys.stdin.fileno():
                    if not os.read(fileno, 4096):
                        return
                    say(self._held)
                    self._held = {}
                else:
                    self._receive(fileno)
                self._answer_due()
            self._answer_due()

    def _until_next(self) -> float:
        if not self._due:
            return -1.0
        left = self._due[0][0] - time.time_ns() - _SPIN_NS
        return max(0.0, left / 1e9)

    def _accept(self, listener: socket.socket, answer: bytes, tls: ssl.SSLContext | None) -> None:
        try:
            raw, _ = listener.accept()
        except BlockingIOError:
            return
        self._connections[raw.fileno()] = Connection(raw, answer, tls)
        self._poll.register(raw, select.EPOLLIN)

    def _receive(self, fileno: int) -> None:
        connection = self._connections[fileno]
        try:
            came = connection.receive()
        except BlockingIOError:
            return
        except (OSError, ssl.SSLError):
            self._close(fileno)  # its number may be taken anew, so what is due to it goes too
            self._due = [entry for entry in self._due if entry[1] != fileno]
            heapq.heapify(self._due)
            return
        if came is None:
            return
        match = _NUMBER.match(connection.request)
        number = int(match[1]) if match and match[1] else -1
        entry = (came + HOLD_NS, fileno, number, came, connection.prepared())
        heapq.heappush(self._due, entry)

    def _answer_due(self) -> None:
        while self._due and self._due[0][0] <= time.time_ns():
            _, fileno, number, came, answer = heapq.heappop(self._due)
            self._held[number] = time.time_ns() - came
            try:
                self._connections[fileno].raw.send(answer)
            except OSError:
                pass
            self._close(fileno)

    def _close(self, fileno: int) -> None:
        self._poll.unregister(fileno)
        self._connections.pop(fileno).raw.close()


def say(value: object) -> None:
    """A line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    target = Target(sys.argv[1] if len(sys.argv) > 1 else None)
    say(target.ports)
    target.serve()
