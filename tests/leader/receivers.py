"""Real receivers on loopback, and what every provider promises towards them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import anyio
import httpx
import msgspec
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from uptop_core.errors import DeliveryError
from uptop_leader.messages import Message, Rendered
from uptop_leader.provider import Provider

DEADLINE_S = 10.0
DOWN = Message(
    key="k-down",
    event="down",
    incident="incident-1",
    monitor="API",
    monitor_id="monitor-1",
    kind="http",
    target="https://api.example.com/health",
    status="DOWN",
    reasons="2 × timeout",
    started_at=1_767_355_390_000,
    at=1_767_355_402_000,
    regions=("eu-west", "us-east"),
    url="https://up.example.com/monitors/monitor-1",
    runbook="https://wiki.example.com/api",
)
WORDS = Rendered("DOWN: API", "API is down since 12:03:10 UTC: 2 × timeout.")


def but(**changes: Any) -> Message:
    """The DOWN with other facts."""
    return msgspec.structs.replace(DOWN, **changes)


class Received(msgspec.Struct):
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


class Receiver:
    """An HTTP service that keeps what it gets and answers as it is told."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.arrived = anyio.Event()
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"{}"
        self.silent = False
        """Take requests and never answer."""
        self.breaks_off = False
        """Take requests and close the connection."""

    @property
    def only(self) -> Received:
        assert len(self.received) == 1
        return self.received[0]

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            try:
                await self._talk(stream)
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                pass

    async def _talk(self, stream: SocketStream) -> None:
        incoming = BufferedByteReceiveStream(stream)
        while True:
            head = (await incoming.receive_until(b"\r\n\r\n", 65_536)).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            pairs = (line.split(": ", 1) for line in head[1:])
            headers = {name.lower(): value for name, value in pairs}
            body = await incoming.receive_exactly(int(headers.get("content-length", 0)))
            self.received.append(Received(method, path, headers, body))
            self.arrived.set()
            if self.breaks_off:
                return
            if self.silent:
                await anyio.sleep_forever()
            lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            await stream.send("\r\n".join([*lines, "", ""]).encode() + self.body)


@asynccontextmanager
async def http_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(SocketAttribute.local_port)
    receiver = Receiver(f"http://127.0.0.1:{port}")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, receiver.serve)
        yield receiver
        tasks.cancel_scope.cancel()


def client(verify: ssl.SSLContext | bool = False) -> httpx.AsyncClient:
    """A client as the leader makes it."""
    return httpx.AsyncClient(trust_env=False, verify=verify, timeout=DEADLINE_S)


async def send(provider: Provider, message: Message = DOWN, rendered: Rendered = WORDS) -> None:
    """Send with a deadline, through a client of its own."""
    async with client() as http:
        with anyio.fail_after(DEADLINE_S):
            await provider.send(message, rendered, http)


async def failure(provider: Provider, message: Message = DOWN) -> DeliveryError:
    """The error that sending raises."""
    with pytest.raises(DeliveryError) as caught:
        await send(provider, message)
    return caught.value


async def keeps_the_promises(
    make: Callable[[str], Provider], secrets: tuple[str, ...], *, quotes: bool = True
) -> None:
    """What every provider over HTTP promises: `make` gives one that sends to a URL."""
    async with http_receiver() as receiver:
        provider = make(receiver.url)
        assert list(provider.problems()) == []
        leaky = f"no such thing: {' '.join(secrets)} at {receiver.url}/x"
        receiver.body = msgspec.json.encode({"message": leaky})
        await _answers_are_understood(provider, receiver, secrets, quotes)
        await _silence_can_be_cancelled(provider, receiver)
        receiver.silent, receiver.breaks_off = False, True
        broken = await failure(provider)
        assert (broken.permanent, broken.unknown) == (False, True)
    refused = await failure(provider)
    assert (refused.permanent, refused.unknown) == (False, False)
    for error in (broken, refused):
        assert_tells_no_secret(error, (*secrets, receiver.url))
    assert not any(secret in repr(provider) for secret in secrets)


async def _answers_are_understood(
    provider: Provider, receiver: Receiver, secrets: tuple[str, ...], quotes: bool
) -> None:
    for status in (400, 401, 403, 404, 410, 302):
        receiver.status = status
        error = await failure(provider)
        assert (error.permanent, error.unknown) == (True, False), status
        assert str(status) in str(error)
        assert ("no such thing" in str(error)) == (quotes and status != 302)
        assert_tells_no_secret(error, (*secrets, receiver.url))
    receiver.headers = {"Retry-After": "17"}
    for status in (408, 425, 429, 500, 503):
        receiver.status = status
        error = await failure(provider)
        assert (error.permanent, error.unknown) == (False, False), status
        assert error.retry_after_s == 17
        assert_tells_no_secret(error, (*secrets, receiver.url))


async def _silence_can_be_cancelled(provider: Provider, receiver: Receiver) -> None:
    receiver.silent, receiver.arrived = True, anyio.Event()
    with anyio.fail_after(DEADLINE_S):
        async with client() as http, anyio.create_task_group() as tasks:
            tasks.start_soon(provider.send, DOWN, WORDS, http)
            await receiver.arrived.wait()
            tasks.cancel_scope.cancel()


def assert_tells_no_secret(error: DeliveryError, secrets: tuple[str, ...]) -> None:
    assert "://" not in str(error)
    for secret in secrets:
        assert secret not in str(error)
