"""What an entry of the zoo is: a server that does not behave as servers should, or only just.

Most say something by the path they are asked for, whole, and close; some talk as they like.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute
from msgspec import Struct, field

from tests.core.listeners import Handler, serve

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
PORT, OTHER = b"@PORT@", b"@OTHER@"
"""In what an animal says: its own port, and that of the server beside it."""

_HEARS_S = 2.0


class Animal(Struct, frozen=True, kw_only=True):
    """One server. `ours` is what a check finds: the status and the path it came from, as in
    `200 /`, or the reason why there was no answer (or two, where chance decides: `a or b`).

    It either `talk`s or `says` the answers of paths. `beside` are the answers of a second server,
    of another origin. `ask` are the settings of the check; `hangs` are those that would never end.
    """

    name: str
    ours: str
    talk: Handler | None = None
    says: Mapping[str, bytes] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)
    tls: Callable[[], ssl.SSLContext] | None = None
    scheme: str = ""
    host: str = "127.0.0.1"
    path: str = "/"
    ask: Mapping[str, Any] = field(default_factory=dict)
    hangs: bool = False

    def is_ours(self, found: str) -> bool:
        """Whether a check may find that."""
        return found in self.ours.split(" or ")

    @property
    def our_timeout_s(self) -> float:
        """Much more than is needed, or as little as will do."""
        return 1.0 if self.ours == "timeout" else 20.0

    @property
    def timeout_s(self) -> float:
        """The same for others, who may wait where we do not."""
        return 1.0 if self.hangs else 20.0


class Cage(Struct, frozen=True):
    """An animal that listens. `url` is where to ask, `heads` what it and its neighbour were told."""

    url: str
    heads: list[str]

    async def last_path(self) -> str:
        """What was asked for last. One that answers before it is asked hears that a little later."""
        with anyio.move_on_after(_HEARS_S):
            while not self._asked():
                await anyio.sleep(0.001)
        asked = self._asked()
        return _normal(asked[-1]) if asked else "-"

    def _asked(self) -> list[str]:
        firsts = [head.split("\r\n")[0].split(" ") for head in self.heads]
        return [first[1] for first in firsts if len(first) == 3 and first[2].startswith("HTTP/")]


def _normal(path: str) -> str:
    """Escapes in capitals, for both mean the same (RFC 3986, section 6.2.2.1)."""
    return re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), path)


@asynccontextmanager
async def caged(animal: Animal) -> AsyncIterator[Cage]:
    """Let it listen, and its neighbour."""
    ports: dict[bytes, bytes] = {}
    heads: list[str] = []
    async with AsyncExitStack() as stack:
        tls = animal.tls() if animal.tls else None
        host = animal.host.strip("[]").replace("localhost", "127.0.0.1")
        for name, says in ((OTHER, animal.beside), (PORT, animal.says)):
            if name == OTHER and not says:
                continue
            talk = animal.talk if name == PORT and animal.talk else saying(says, ports)
            server = await stack.enter_async_context(
                serve(talk, tls if name == PORT else None, host=host)
            )
            server.heads = heads  # of both, in the order they come
            ports[name] = str(server.port).encode()
        scheme = animal.scheme or ("https" if tls else "http")
        yield Cage(f"{scheme}://{animal.host}:{server.port}{animal.path}", heads)


def saying(says: Mapping[str, bytes], ports: Mapping[bytes, bytes]) -> Handler:
    """Read one whole request, say what belongs to its path, close."""

    async def handle(stream: ByteStream) -> None:
        path = await read_request(stream)
        answer = says.get(_normal(path), b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        for name, port in ports.items():
            answer = answer.replace(name, port)
        await stream.send(answer)

    return handle


async def read_request(stream: ByteStream) -> str:
    """Read a request with its body; its path. What is left unread would reset the connection."""
    data = await stream.receive()
    if b"HTTP/" not in data:  # somebody who wants to speak something else
        return ""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    lengths = [line for line in lines if line.lower().startswith("content-length:")]
    missing = int(lengths[0].partition(":")[2]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(await stream.receive())
    return lines[0].split(" ")[1]


def stays_open(*pieces: bytes, pause_s: float = 0.0) -> Handler:
    """Answer in pieces, then wait until the other side goes."""

    async def handle(stream: ByteStream) -> None:
        await read_request(stream)
        for piece in pieces:
            await stream.send(piece)
            await anyio.sleep(pause_s)
        await stream.receive()

    return handle


def byte_by_byte(answer: bytes) -> Handler:
    """One write for each byte, each in a packet of its own."""

    async def handle(stream: ByteStream) -> None:
        await read_request(stream)
        raw = stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(6, 1, 1)  # TCP_NODELAY
        for byte in answer:
            await stream.send(bytes([byte]))
            await anyio.lowlevel.checkpoint()

    return handle
