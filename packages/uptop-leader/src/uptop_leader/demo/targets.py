"""The demo's local targets: sites that answer, one slowly and one only sometimes, a TLS site whose
certificate ends soon, a TCP service, a DNS server, a job that pushes, and a webhook's receiver."""

from __future__ import annotations

import json
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from msgspec import Struct

from uptop_leader.demo.certificate import site_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from anyio.abc import ByteStream, Listener, TaskGroup, UDPSocket

HOST = "127.0.0.1"
_SLOW_S = 0.35
_REQUEST_LIMIT = 64 * 1024

_IGNORED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Targets(Struct, kw_only=True):
    """Where the targets are (ports on loopback), and the switch of the one that goes down."""

    site: int = 0
    slow: int = 0
    shop: int = 0
    secure: int = 0
    tcp: int = 0
    dns: int = 0
    hook: int = 0
    shop_is_up: bool = True
    asked: int = 0


@asynccontextmanager
async def targets(
    folder: Path, on_message: Callable[[dict[str, object]], None]
) -> AsyncIterator[Targets]:
    """Run all targets; what the webhook receives goes to `on_message`."""
    here = Targets()

    async def site(path: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG001
        return 200, b'{"status": "ok"}'

    async def slow(path: str, body: bytes) -> tuple[int, bytes]:
        await anyio.sleep(_SLOW_S)
        return await site(path, body)

    async def shop(path: str, body: bytes) -> tuple[int, bytes]:
        return await site(path, body) if here.shop_is_up else (503, b"out of order")

    async def hook(path: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG001
        on_message(json.loads(body))
        return 204, b""

    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        for name, answer in (("site", site), ("slow", slow), ("shop", shop), ("hook", hook)):
            setattr(here, name, await _listen(stack, tasks, _http(answer, here)))
        here.tcp = await _listen(stack, tasks, _greet)
        here.secure = await _listen(stack, tasks, _http(site, here), site_certificate(folder))
        udp = await stack.enter_async_context(await anyio.create_udp_socket(local_host=HOST))
        here.dns = udp.extra(SocketAttribute.local_port)
        tasks.start_soon(_answer_dns, udp)
        yield here
        tasks.cancel_scope.cancel()


async def _listen(
    stack: AsyncExitStack,
    tasks: TaskGroup,
    handle: Callable[[ByteStream], object],
    tls: ssl.SSLContext | None = None,
) -> int:
    """Serve on a free port; the listener outlives the tasks that use it."""
    plain = await stack.enter_async_context(await anyio.create_tcp_listener(local_host=HOST))
    port: int = plain.extra(SocketAttribute.local_port)
    listener: Listener[ByteStream] = (
        plain if tls is None else TLSListener(plain, tls, standard_compatible=False)
    )
    tasks.start_soon(listener.serve, handle)
    return port


def _http(answer: Callable[[str, bytes], object], here: Targets) -> Callable[[ByteStream], object]:
    """A handler that speaks just enough HTTP for checks and webhooks."""

    async def handle(stream: ByteStream) -> None:
        async with stream:
            try:
                path, body = await _read_request(stream)
                here.asked += 1
                status, text = await answer(path, body)  # type: ignore[misc]  # answers are coroutines
                head = f"HTTP/1.1 {status} Demo\r\nContent-Type: application/json\r\n"
                length = "" if status == 204 else f"Content-Length: {len(text)}\r\n"
                await stream.send(f"{head}{length}Connection: close\r\n\r\n".encode() + text)
            except (*_IGNORED, ValueError):
                return

    return handle


async def _read_request(stream: ByteStream) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _REQUEST_LIMIT:
        data += await stream.receive()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    length = int(headers.get("content-length", "0"))
    while len(body) < min(length, _REQUEST_LIMIT):
        body += await stream.receive()
    return lines[0].split(" ")[1] if " " in lines[0] else "/", body


async def _greet(stream: ByteStream) -> None:
    """A service that says hello, as mail and database servers do."""
    async with stream:
        try:
            await stream.send(b"220 demo ready\r\n")
            await stream.receive()
        except _IGNORED:
            return


async def _answer_dns(udp: UDPSocket) -> None:
    """A DNS server to which every name has one address."""
    async for packet, (host, port) in udp:
        end = packet.find(b"\0", 12) + 5  # of the question: a name, a type, a class
        if 12 < end <= len(packet):
            head = packet[:2] + bytes.fromhex("8180 0001 0001 0000 0000")
            record = bytes.fromhex("c00c 0001 0001 0000003c 0004 c000020a")  # A 192.0.2.10
            await udp.sendto(head + packet[12:end] + record, host, port)
