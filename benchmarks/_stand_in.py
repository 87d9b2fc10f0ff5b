"""A leader for a real `uptop-probe`: it hands out monitors and takes results, and does no more. It
runs in the process of the benchmark, so that none of its work is the probe's.
"""

from __future__ import annotations

import gzip
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks._children import running
from benchmarks._environment import alone
from uptop_core.checks.http import HttpCheck
from uptop_core.schedule import phase
from uptop_core.wire import (
    Assignment,
    Assignments,
    Registered,
    Registration,
    ResultsAnswer,
    decode_batch,
    decode_result,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks._children import Child

DEADLINE_S = 120.0
_POLL_S = 10.0  # a long poll in which nothing happens


class StandIn(ThreadingHTTPServer):
    """A leader that knows one probe. `seen` are the monitors that were reported up."""

    daemon_threads = True

    def __init__(self, assignments: tuple[Assignment, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.seen: set[str] = set()
        self.registered = False
        self.moved = Condition()
        self.assignments = msgspec.json.encode(Assignments(monitors=assignments))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that is ended goes without a word; that is nobody's fault."""

    def wait_for(self, monitors: int) -> None:
        """Return when the probe has registered and reported on so many monitors."""
        with self.moved:
            done = self.moved.wait_for(
                lambda: self.registered and len(self.seen) >= monitors, DEADLINE_S
            )
        if not done:
            raise TimeoutError(f"only {len(self.seen)} of {monitors} monitors were reported up")


class _Answers(BaseHTTPRequestHandler):
    """What a leader answers to a probe."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        if self.headers.get("If-None-Match") == '"1"':
            time.sleep(_POLL_S)
            self._answer(304, b"", ETag='"1"')
        else:
            self._answer(200, self.server.assignments, ETag='"1"')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        now = int(time.time() * 1000)
        answer: Registered | ResultsAnswer
        if self.path == "/api/probe/register":
            who = msgspec.json.decode(body, type=Registration)
            answer = Registered(id=who.id, name=who.name, region=who.region, now=now)
            self._note(registered=True)
        else:
            results = [decode_result(raw) for raw in decode_batch(body).results]
            answer = ResultsAnswer(ok=True, accepted=len(results), duplicates=0, now=now)
            self._note(seen={result.monitor for result in results if result.is_up})
        self._answer(200, msgspec.json.encode(answer))

    def _note(self, *, registered: bool = False, seen: set[str] | None = None) -> None:
        with self.server.moved:
            self.server.registered |= registered
            self.server.seen |= seen or set()
            self.server.moved.notify_all()

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def pages(port: int, monitors: int, interval: float) -> tuple[Assignment, ...]:
    """So many monitors of an HTTP target, each with its number in the path."""
    return tuple(
        Assignment(
            id=monitor_id(number),
            name=f"page {number}",
            check=HttpCheck(url=f"http://127.0.0.1:{port}/{number}"),
            interval=interval,
            phase=phase(monitor_id(number), 0),
        )
        for number in range(monitors)
    )


def monitor_id(number: int) -> str:
    """The id of the monitor of that number."""
    return f"{number:08d}-0000-4000-8000-000000000000"


@contextmanager
def leader_of(assignments: tuple[Assignment, ...]) -> Iterator[StandIn]:
    """A stand-in that answers."""
    with StandIn(assignments) as leader:
        serving = Thread(target=leader.serve_forever, daemon=True)
        serving.start()
        try:
            yield leader
        finally:
            leader.shutdown()
            serving.join()


@contextmanager
def probe_of(
    leader: StandIn,
    environ: Mapping[str, str] | None = None,
    *,
    core: int | None = None,
    urgent: bool = False,
) -> Iterator[Child]:
    """A real probe of that leader."""
    told = {
        "UPTOP_PEER_URL": leader.url,
        "UPTOP_NODE_ID": "bench",
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
        "UPTOP_LOG_LEVEL": "error",
        **(environ or {}),
    }
    with (
        alone("uptop-probe") as (command, lean),
        running(command, {**lean, **told}, core=core, urgent=urgent) as probe,
    ):
        yield probe
