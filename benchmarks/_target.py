"""A target in a process of its own: `python -m benchmarks._target KIND [PEM]` with the kinds http
(with a PEM: https), tcp and dns. It does as little as it can, so that what looks at it is the work.

Prints its port as a line of JSON, and then answers lines on its input: `count` with the number of
looks so far, `arrivals` with `[number, time]` of each HTTP request since it was last asked (the
number is that of the path, -1 if there is none), `hole` by accepting nothing any more, so that
connecting hangs. It ends with its input.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: lean\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
    b"Connection: close\r\n\r\nfine\n"
)
_NUMBER = re.compile(rb"[A-Z]+ /(\d+)")
_ADDRESS = b"\x7f\x00\x00\x01"


class Seen:
    """What a target has seen."""

    def __init__(self) -> None:
        self.count = 0
        self.arrivals: list[tuple[int, float]] = []

    def take_arrivals(self) -> list[tuple[int, float]]:
        """The arrivals since this was last asked."""
        taken, self.arrivals = self.arrivals, []
        return taken


class Http(asyncio.Protocol):
    """One request, one answer, closed."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        self._seen.count += 1
        match = _NUMBER.match(self._received)
        self._seen.arrivals.append((int(match[1]) if match else -1, time.time()))
        self._transport.write(_ANSWER)
        self._transport.close()


class Tcp(asyncio.Protocol):
    """Accepts, and counts it; whoever looks closes."""

    def __init__(self, seen: Seen) -> None:
        seen.count += 1


class Dns(asyncio.DatagramProtocol):
    """Answers every question with one address."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport: Any = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        """The question again, with an answer behind it (RFC 1035, 4.1)."""
        self._seen.count += 1
        end = data.index(b"\0", 12) + 5  # the name, its type and class
        head = data[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
        record = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + _ADDRESS
        self._transport.sendto(head + data[12:end] + record, address)


async def _listen(
    kind: str, seen: Seen, tls: ssl.SSLContext | None
) -> tuple[int, Callable[[], None]]:
    """The port, and what makes a hole of it."""
    loop = asyncio.get_running_loop()
    if kind == "dns":
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Dns(seen), local_addr=("127.0.0.1", 0)
        )
        return transport.get_extra_info("sockname")[1], transport.close
    protocol = Http if kind == "http" else Tcp
    # On all of 127/8, so that one target can be many hosts.
    listener = socket.create_server(("0.0.0.0", 0), backlog=4096)
    kept = listener.dup()  # what is listened on stays there when the server has gone
    server = await loop.create_server(lambda: protocol(seen), sock=listener, ssl=tls, backlog=4096)

    def hole() -> None:
        """Nobody accepts, and nothing may queue: the kernel then drops every SYN."""
        server.close()
        kept.listen(0)

    return kept.getsockname()[1], hole


async def _serve(kind: str, pem: str | None) -> None:
    seen, tls = Seen(), None
    if pem is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
    port, hole = await _listen(kind, seen, tls)
    _say(port)
    questions: dict[str, Callable[[], object]] = {
        "count": lambda: seen.count,
        "arrivals": seen.take_arrivals,
        "hole": hole,
    }
    async for line in lines():
        _say(questions[line]())


async def lines() -> Any:
    """The lines of the input, until it ends."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        yield line.decode().strip()


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def run(main: Callable[..., Awaitable[None]], *arguments: object) -> None:
    """Run with uvloop where there is one."""
    options = {"use_uvloop": find_spec("uvloop") is not None}
    anyio.run(main, *arguments, backend_options=options)


if __name__ == "__main__":
    run(_serve, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
