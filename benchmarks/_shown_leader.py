"""A stand-in for a leader that is looked at: answers as its API does, and tells of results as they come.

Only what is watched changes: each result is another latency of the next monitor, told together with
those of the same quarter of a second, as a leader does.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from benchmarks._children import free_port
from uptop_core import access_answers as access
from uptop_core import api_answers as answers
from uptop_core.history_views import HistoryView, PointView, RangeView, RegionHistory
from uptop_core.views import MonitorView, NodeView, PhasesView, VoteView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from msgspec import Struct
    from starlette.requests import Request

REGIONS = ("eu-west", "us-east", "ap-south")
_TOGETHER_S = 0.25
_PAGE = 1000
_DAY = RangeView(
    range="24h", uptime=100, covered=100, down_s=0, outages=0, longest_s=0, mttr_s=None, mtbf_s=None
)


class ShownLeader:
    """Its monitors, named so that their order is known, and `rate` results a second once `flows`."""

    def __init__(self, monitors: int, rate: int) -> None:
        self.flows = threading.Event()
        self.told = 0
        self._monitors = monitors
        self._rate = rate
        self._began = time.time_ns() // 1_000_000 - 3_600_000

    def view(self, number: int) -> MonitorView:
        """A monitor as it stands now: up, as three nodes see it."""
        now = time.time_ns() // 1_000_000
        latency_ms = 20 + (number * 7 + self.told) % 80
        votes = tuple(
            VoteView(
                node=region, name=region, region=region, up=True, fresh=True, observed=now,
                latency_ms=latency_ms + rank, status_code=200, address="198.51.100.7",
                phases=PhasesView(dns_ms=1, connect_ms=5, first_byte_ms=latency_ms - 6),
            )
            for rank, region in enumerate(REGIONS)
        )  # fmt: skip
        return MonitorView(
            id=f"id-{number}", name=name(number), type="http", status="UP", since=self._began,
            judged="UP", belief="UP", target=f"https://{name(number)}.example.com/",
            latency_ms=latency_ms, uptime_24h=100.0, covered_24h=100.0, votes_up=3, votes_fresh=3,
            votes_expected=3, votes=votes, interval=20.0, tags=("web",),
        )  # fmt: skip

    def app(self) -> Starlette:
        """The part of the API that is asked."""
        return Starlette(
            routes=[
                Route("/api/v1/me", self._me),
                Route("/api/v1/monitors", self._list),
                Route("/api/v1/monitors/{id}", self._one),
                Route("/api/v1/monitors/{id}/history", self._history),
                Route("/api/v1/nodes", self._nodes),
                Route("/api/v1/incidents", lambda _: _json(answers.IncidentList())),
                Route("/api/v1/transitions", lambda _: _json(answers.TransitionList())),
                Route("/api/v1/events", self._events),
            ]
        )

    async def _me(self, _: Request) -> Response:
        now = time.time_ns() // 1_000_000
        return _json(
            access.Me(name="bench", role="admin", version="1", place="single", active=True, now=now)
        )

    async def _list(self, request: Request) -> Response:
        first = int(request.query_params.get("cursor", "0"))
        last = min(self._monitors, first + _PAGE)
        views = tuple(self.view(number) for number in range(first, last))
        more = str(last) if last < self._monitors else None
        return _json(answers.MonitorList(monitors=views, next=more))

    async def _one(self, request: Request) -> Response:
        return _json(self.view(int(request.path_params["id"].removeprefix("id-"))))

    async def _nodes(self, _: Request) -> Response:
        nodes = tuple(
            NodeView(id=region, name=region, region=region, state="online") for region in REGIONS
        )
        return _json(answers.NodeList(nodes=nodes))

    async def _history(self, _: Request) -> Response:
        first = time.time_ns() // 1_000_000 - 86_400_000
        points = tuple(
            PointView(at=first + 300_000 * n, lasts_s=300, checks=15, failed=0, p50_ms=20 + n % 9)
            for n in range(288)
        )
        latency = tuple(RegionHistory(region=region, points=points) for region in REGIONS)
        return _json(HistoryView(range=_DAY, latency=latency))

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        yield b"event: hello\nid: a-0\ndata: {}\n\n"
        sent, began = 0, 0.0
        while True:
            await anyio.sleep(_TOGETHER_S)
            if not self.flows.is_set():
                continue
            began = began or time.monotonic()
            due = int((time.monotonic() - began) * self._rate)
            for _ in range(due - sent):
                self.told += 1
                data = msgspec.json.encode(self.view(self.told % self._monitors))
                yield b"event: monitor\nid: a-%d\ndata: %s\n\n" % (self.told, data)
            sent = due


def name(number: int) -> str:
    """What the monitor of that number is called: in the order of numbers."""
    return f"monitor-{number:05}"


def _json(answer: Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


@contextmanager
def shown(leader: ShownLeader) -> Iterator[str]:
    """Its URL, while it serves in a thread of this process."""
    port = free_port()
    config = uvicorn.Config(
        leader.app(), host="127.0.0.1", port=port, log_config=None, lifespan="off",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
