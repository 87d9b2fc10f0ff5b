"""A case sent over a real connection, and looked at by a whole check."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter

import anyio

from tests.fuzz.cases import Case, case
from uptop_core import HttpCheck, Outcome, Reason, Vantage, run_check

_HERE = Vantage(allow_private=True)
_AT_ONCE = 16
_TIMEOUT_S = 5.0
_SILENCE_S = 0.3  # the timeout where the server will not end
_HANGS_S = 60.0  # when a look that should have ended long ago is taken to hang
_RESET = struct.pack("ii", 1, 0)


async def run(seed: int, numbers: range, *, by_httpx: bool) -> Counter[str]:
    """Check all these cases; how often what came out. Fails at the first that does not hold."""
    found: Counter[str] = Counter()
    waiting = iter(numbers)

    async def work(port: int) -> None:
        for number in waiting:
            url = f"http://127.0.0.1:{port}/{number}"
            fuzzed = case(seed, number)
            try:
                outcome = await _look(url, fuzzed, number, by_httpx=by_httpx)
                found[_judged(outcome, fuzzed)] += 1
            except Exception as error:
                way = "httpx" if by_httpx else "engine"
                raise AssertionError(f"{way} --seed {seed} --only {number}: {error!r}") from error

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _talk(seed, reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, anyio.create_task_group() as workers:
        for _ in range(_AT_ONCE):
            workers.start_soon(work, server.sockets[0].getsockname()[1])
    return found


async def _look(url: str, fuzzed: Case, number: int, *, by_httpx: bool) -> Outcome:
    check = HttpCheck(
        url=url,
        method="HEAD" if number % 10 == 0 else "GET",
        accepted_codes="100-599",
        follow_redirects=0,
        http2=by_httpx,
    )
    timeout = _SILENCE_S if fuzzed.ending == "silence" else _TIMEOUT_S
    with anyio.fail_after(_HANGS_S):
        return await run_check(check, timeout=timeout, vantage=_HERE)


def _judged(outcome: Outcome, fuzzed: Case) -> str:
    assert outcome.reason is not Reason.INTERNAL_ERROR, outcome
    assert outcome.detail.isprintable(), outcome
    if outcome.reason is None:
        return f"{(outcome.status_code or 0) // 100}xx"
    known = {Reason.PROTOCOL_ERROR, Reason.RESET, Reason.TIMEOUT, Reason.STATUS_MISMATCH}
    if fuzzed.ending == "silence":  # so short a timeout that we may be too slow ourselves
        known.add(Reason.CONNECT_TIMEOUT)
    assert outcome.reason in known, outcome
    return outcome.reason.value


async def _talk(seed: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        fuzzed = case(seed, int(head.split(b" ")[1][1:]))
        for piece in fuzzed.pieces:
            writer.write(piece)
            await writer.drain()
        if fuzzed.ending == "silence":
            await reader.read()
        elif fuzzed.ending == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the check has gone
    finally:
        writer.close()
