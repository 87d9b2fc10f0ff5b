"""A leader as a probe sees it: the probe endpoints of DESIGN 8 in memory, with scripted faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio

from tests.probe.scripted_server import Reply, Request, ScriptedServer, answer
from tests.system.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTER, ASSIGNMENTS, RESULTS = (
    "/api/probe/register",
    "/api/probe/assignments",
    "/api/probe/results",
)


def monitor(id: str, port: int = 1, **more: Any) -> dict[str, Any]:
    """A port monitor as assigned."""
    check = {"type": "port", "hostname": "127.0.0.1", "port": port}
    return {"id": id, "name": id, "check": check, "interval": 60, **more}


def refusal(status: int, code: str = "", **headers: str) -> Reply:
    """An error of the leader."""
    return answer({"status": status, "title": "refused", "code": code}, status, **headers)


class StubLeader(ScriptedServer):
    """Keeps each result once, by (instance, seq). `faults[path]` are replies for the next
    requests, in order;
    `lose_after` acknowledgements are lost on their way back.
    """

    def __init__(self, *monitors: dict[str, Any]) -> None:
        super().__init__(self._answer)
        self.monitors = list(monitors)
        self.rechecks: list[dict[str, str]] = []
        self.known: dict[str, str] = {}  # node -> its live instance
        self.stored: dict[tuple[str, int], dict[str, Any]] = {}
        self.duplicates = 0
        self.batches: list[dict[str, Any]] = []
        self.faults: dict[str, list[Reply]] = {}
        self.lose_after = 0  # acknowledgements still to be lost
        self.holds = True
        self.changed = asyncio.Event()

    def assign(self, *monitors: dict[str, Any], rechecks: tuple[tuple[str, str], ...] = ()) -> None:
        """Change the assignments; whoever polls hears at once."""
        self.monitors = list(monitors)
        self.rechecks = [{"id": id, "monitor_id": monitor} for id, monitor in rechecks]
        self._tell()

    async def until(self, condition: Callable[[], bool], within: float = PATIENCE_S) -> None:
        """Wait until `condition` holds, of the leader or of what the probe made of an answer."""
        with anyio.fail_after(within):
            while not condition():
                with anyio.move_on_after(0.01):
                    await self.changed.wait()

    def count(self, path: str) -> int:
        """How many requests came to a path."""
        return sum(request.path == path for request in self.requests)

    def seqs(self, instance: str) -> list[int]:
        """The seqs that are stored of an instance."""
        return sorted(seq for owner, seq in self.stored if owner == instance)

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def _answer(self, request: Request) -> Reply:
        try:
            if faults := self.faults.get(request.path):
                return faults.pop(0)
            match request.path:
                case "/api/probe/register":
                    return self._register(request.json())
                case "/api/health":
                    return answer({"status": "ok"})
                case "/api/probe/assignments":
                    return await self._assignments(request)
                case _:
                    return self._results(request.json())
        finally:
            self._tell()

    def _register(self, told: dict[str, Any]) -> Reply:
        if self.known.setdefault(told["id"], told["instance"]) != told["instance"]:
            return refusal(409, "instance")
        known = {"id": told["id"], "name": "", "region": told.get("region", ""), "now": 0}
        return answer(known)

    async def _assignments(self, request: Request) -> Reply:
        if request.query["node_id"] not in self.known:
            return refusal(409, "unregistered")
        etag = self._etag()
        if request.headers.get("if-none-match") == etag:
            with anyio.move_on_after(float(request.query.get("wait", 0)) * self.holds):
                while self._etag() == etag:
                    await self.changed.wait()
            if self._etag() == etag:
                return Reply(status=304, headers={"ETag": etag})
        return answer({"monitors": self.monitors, "recheck": self.rechecks}, ETag=self._etag())

    def _etag(self) -> str:
        return f'"{hash(repr((self.monitors, self.rechecks)))}"'

    def _results(self, batch: dict[str, Any]) -> Reply:
        if batch["node_id"] not in self.known:
            return refusal(409, "unregistered")
        self.batches.append(batch)
        instance, accepted = batch["instance"], 0
        for result in batch.get("results", ()):
            key = (instance, result["seq"])
            accepted += key not in self.stored
            self.duplicates += key in self.stored
            self.stored[key] = result
        if self.lose_after:
            self.lose_after -= 1
            return Reply(lost=True)
        return answer(
            {
                "ok": True,
                "accepted": accepted,
                "duplicates": len(batch.get("results", ())) - accepted,
                "have": {instance: self._have(instance)},
                "now": 0,
            }
        )

    def _have(self, instance: str) -> int:
        seq = 0
        while (instance, seq + 1) in self.stored:
            seq += 1
        return seq
