"""What stands between a probe and its leader: a relay that understands enough HTTP to lose exactly
one answer, to cut exactly one request in the middle, or to answer in the leader's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import anyio
from anyio.abc import SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from msgspec import Struct

from tests.system.http_listener import BROKEN, Heard, HttpListener, answer, hear

RESULTS = "/api/probe/results"

Deed = Literal["pass", "lose answer", "halve answer", "halve request", "swallow", "answer"]


class Act(Struct, frozen=True):
    """What is done with one request. `answer` is said in the leader's place."""

    deed: Deed = "pass"
    answer: bytes = b""


PASS = Act()
LOSE_ANSWER = Act("lose answer")
HALVE_ANSWER = Act("halve answer")
HALVE_REQUEST = Act("halve request")
SWALLOW = Act("swallow")


def say(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Act:
    """Answer in the leader's place."""
    return Act("answer", answer(status, body, kind, **headers))


class Gateway(HttpListener):
    """Relays to the leader on `to()` (its port). `acts` are done once each, in their order, to
    batches of results; while there are none, `act` is done to every request.

    `passed` are the batches that have gone to the leader whole, answered or not; `withheld` those
    that were answered in its place.
    """

    def __init__(self, tasks: TaskGroup, to: Callable[[], int]) -> None:
        super().__init__(tasks)
        self.act = PASS
        self.acts: list[Act] = []
        self.seen: list[str] = []
        self.passed: list[bytes] = []
        self.withheld: list[bytes] = []
        self._to = to

    def seqs(self) -> set[tuple[str, int]]:
        """(instance, seq) of every result that has gone to the leader."""
        batches: list[dict[str, Any]] = [Heard("", {}, body, b"").json for body in self.passed]
        return {
            (batch["instance"], result["seq"])
            for batch in batches
            for result in batch.get("results", ())
        }

    async def talk(self, stream: SocketStream) -> None:
        """One connection of the probe, and the one to the leader behind it."""
        incoming = BufferedByteReceiveStream(stream)
        try:
            server = await anyio.connect_tcp("127.0.0.1", self._to())
        except OSError:
            return
        async with server:
            outgoing = BufferedByteReceiveStream(server)
            while await self._exchange(incoming, stream, outgoing, server):
                pass

    async def _exchange(
        self,
        incoming: BufferedByteReceiveStream,
        probe: SocketStream,
        outgoing: BufferedByteReceiveStream,
        server: SocketStream,
    ) -> bool:
        """One request. False when the connection is over."""
        request = await hear(incoming)
        act = self._next(request)
        self.seen.append(f"{act.deed}: {request.first}")
        if act.deed == "swallow":
            await anyio.sleep_forever()
        if act.deed == "answer":
            self.withheld.append(request.text)
            await probe.send(act.answer)
            return True
        if act.deed == "halve request":
            await server.send(request.raw_head + request.body[: len(request.body) // 2])
            return False
        if request.path == RESULTS:
            self.passed.append(request.text)
        await server.send(request.raw_head + request.body)
        with_body = await _answer_of(outgoing)
        if act.deed == "lose answer":
            return False
        whole = with_body.raw_head + with_body.body
        await probe.send(whole[: len(whole) // 2] if act.deed == "halve answer" else whole)
        return act.deed == "pass"

    def _next(self, request: Heard) -> Act:
        if request.path == RESULTS and self.acts:
            return self.acts.pop(0)
        return self.act


async def _answer_of(outgoing: BufferedByteReceiveStream) -> Heard:
    try:
        return await hear(outgoing)
    except BROKEN:
        raise anyio.EndOfStream from None
