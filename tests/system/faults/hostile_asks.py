"""Row 33: every endpoint with random, huge, truncated, smuggled and mistyped requests."""

from __future__ import annotations

import contextlib
from collections import Counter
from ipaddress import IPv4Address
from typing import cast

import anyio

from tests.fuzz.asks import Ask, ask
from tests.fuzz.framing import REFUSED, SMUGGLED
from tests.fuzz.in_process import endpoints_of
from tests.leader.stages import Stage
from tests.system.faults.fault import Fault, Ground, watched
from tests.system.processes import run_command
from uptop_leader.api.app import build_app
from uptop_leader.api.leader import Leader, Pairing

_OURS = {
    *(b"content-length", b"host", b"upgrade", b"expect", b"x-forwarded-for"),
    *(b"authorization", b"x-upkeep-secret", b"x-uptop-secret"),
}
"""Headers of an ask that are others here: how a request may be framed is asked beside it."""
_AT_ONCE = 8
_ANSWERED_S = 40.0  # longer than any answer may take
_STREAM_S = 1.0  # an answer that goes on for ever is one
_SET_UP = (
    *("monitor", "channel", "maintenance", "post", "user", "token", "nodekey"),
    *("node", "incident", "transition", "notification"),
)


async def run(ground: Ground) -> str:
    town = ground.town
    await watched(ground, "west")
    viewer = await _viewer(ground)
    town.leader.kill()
    await town.start_leader(trusted_proxies="127.0.0.0/8")
    await town.votes_come("Site", 1)
    before = _there(ground)
    found = await _fuzzed(ground, viewer)
    for name, request in REFUSED.items():
        said = await _said(town.port, request + SMUGGLED)
        assert said.startswith(b"HTTP/1.1 400 "), f"{name}: {said!r}"
        assert said.count(b"HTTP/1.1 ") == 1, f"{name}: {said!r}"
    assert _there(ground) == before
    assert await town.is_well()
    await town.status_comes("Site", "UP")
    assert "Traceback" not in town.leader.said()
    shown = ", ".join(f"{number} {what}" for what, number in sorted(found.items()))
    return f"{shown}, {len(REFUSED)} odd forms refused; nothing written, no traceback, all well"


async def _fuzzed(ground: Ground, viewer: str) -> Counter[str]:
    """Ask whatever it is, as a stranger, or as a viewer; how often it was answered how."""
    seed = ground.chance.randrange(1_000_000)
    leader = cast("Leader", Stage())
    endpoints = endpoints_of(build_app(leader, cast("Pairing", None)))
    numbers, found = iter(range(5000 if ground.full else 600)), Counter[str]()

    async def work() -> None:
        for number in numbers:
            one = ask(seed, number, endpoints)
            request = _written(one, viewer if number % 3 else "")
            said = await _said(ground.town.port, request)
            place = f"seed {seed}, {one}: {said[:2000]!r}"
            assert said.startswith(b"HTTP/1.1 "), place
            assert said[9:10] != b"5", place
            assert b"Traceback" not in said, place
            found[f"{said[9:10].decode()}xx"] += 1

    async with anyio.create_task_group() as workers:
        for _ in range(_AT_ONCE):
            workers.start_soon(work)
    return found


def _written(one: Ask, token: str) -> bytes:
    """As it goes over the line, with another credential, from an address of its own."""
    body = b"".join(one.body)
    address = str(IPv4Address("10.0.0.0") + one.number)
    shown = [f"Authorization: Bearer {token}"] if token else []
    head = (
        f"{one.method} {one.path.decode()}?{one.query.decode('latin-1')} HTTP/1.1",
        *("Host: h", "Connection: close", f"X-Forwarded-For: {address}", *shown),
        *(
            f"{name.decode()}: {value.decode('latin-1')}"
            for name, value in one.headers
            if name not in _OURS
        ),
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


async def _said(port: int, request: bytes) -> bytes:
    """What is answered until the other side closes, or says nothing more."""
    said = b""
    with anyio.fail_after(_ANSWERED_S):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            with contextlib.suppress(anyio.BrokenResourceError):  # answered before all was sent
                await stream.send(request)
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    with anyio.move_on_after(_STREAM_S if said else None) as quiet:
                        said += await stream.receive()
                    if quiet.cancelled_caught:
                        break
    return said


def _there(ground: Ground) -> dict[str, list[object]]:
    """What has been set up, and what has happened. The names of those who look may come and go."""
    return {
        table: ground.town.history.select(f'SELECT count(*) FROM "{table}"') for table in _SET_UP
    }


async def _viewer(ground: Ground) -> str:
    """A viewer's token."""
    town, words = ground.town, ["-m", "uptop_leader"]
    for command in (
        ["user", "add", "eve", "--role", "viewer"],
        ["token", "add", "t", "--user", "eve"],
    ):
        done = await run_command([*words, *command], town.folder, town.leader_environment())
        assert done.returncode == 0, done.stderr
    token = done.stdout.decode().split()[-1]
    town.secrets.add(token)
    return token


FAULT = Fault(
    row="33",
    name="hostile-asks",
    what="every endpoint: random, huge, truncated, smuggled, mistyped requests",
    expected="4xx, never 5xx or a traceback, nothing written",
    run=run,
)
