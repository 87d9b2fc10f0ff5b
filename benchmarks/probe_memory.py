"""Resident memory of a real `uptop-probe`: idle, with 100 monitors and with 2 000.

The leader is a stand-in that hands out monitors and takes results; it is the target too. Read from
/proc, so Linux only. The peers' figures were measured beside each other on two shared cores.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sysconfig
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks import Row
from uptop_core.checks.http import HttpCheck
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
    from collections.abc import Iterator

IDLE_GOAL_MB = 40.0
BUSY_GOAL_MB = 60.0  # with 2 000 monitors
SETTLE_S = 3.0  # after the last monitor was seen, so that batches and buffers have their size
DEADLINE_S = 120.0


class StandIn(ThreadingHTTPServer):
    """A leader that knows one probe, and the page that its monitors look at."""

    daemon_threads = True

    def __init__(self, monitors: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.seen: set[str] = set()
        self.registered = False
        self.moved = Condition()
        assignments = tuple(self._assignment(number) for number in range(monitors))
        self.assignments = msgspec.json.encode(Assignments(monitors=assignments))

    def _assignment(self, number: int) -> Assignment:
        check = HttpCheck(url=f"{self.url}/page/{number}")
        name = f"page {number}"
        return Assignment(
            id=str(uuid.uuid4()), name=name, check=check, interval=20, phase=number * 0.618 % 1
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that is ended goes without a word; that is nobody's fault."""

    def wait_for(self, monitors: int) -> None:
        """Return when the probe has registered and reported on so many monitors."""
        with self.moved:
            done = self.moved.wait_for(
                lambda: self.registered and len(self.seen) >= monitors, DEADLINE_S
            )
        if not done:
            raise TimeoutError(f"only {len(self.seen)} of {monitors} monitors were reported")


class _Answers(BaseHTTPRequestHandler):
    """What a leader answers to a probe, and the page."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        if not self.path.startswith("/api/probe/assignments"):
            self._answer(200, b"fine")
        elif self.headers.get("If-None-Match") == '"1"':
            time.sleep(1.0)  # a long poll in which nothing happens
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


@contextmanager
def _probe_of(leader: StandIn) -> Iterator[subprocess.Popen[bytes]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UPTOP_")}
    environ |= {
        "UPTOP_PEER_URL": leader.url,
        "UPTOP_NODE_ID": "bench",
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
        "UPTOP_LOG_LEVEL": "error",
    }
    command = Path(sysconfig.get_path("scripts"), "uptop-probe")
    process = subprocess.Popen([command], env=environ)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def resident_mb(pid: int) -> float:
    """What a process holds in memory now, in MB."""
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    ]
    return int(line.split()[1]) / 1024


def _with(monitors: int) -> float:
    with StandIn(monitors) as leader:
        Thread(target=leader.serve_forever, daemon=True).start()
        with _probe_of(leader) as probe:
            leader.wait_for(monitors)
            time.sleep(SETTLE_S)
            measured = resident_mb(probe.pid)
        leader.shutdown()
    return measured


def measure(*, short: bool = False) -> list[Row]:
    """Three processes, one after the other."""
    hundred, thousands = (10, 20) if short else (100, 2000)
    return [
        Row(
            what="probe, resident memory, idle",
            measured=_with(0),
            unit="MB",
            goal=IDLE_GOAL_MB,
            peer="blackbox_exporter 13 idle, 30 busy",
        ),
        Row(
            what="probe, resident memory, 100 monitors",
            measured=_with(hundred),
            unit="MB",
            goal=BUSY_GOAL_MB,
        ),
        Row(
            what="probe, resident memory, 2 000 monitors",
            measured=_with(thousands),
            unit="MB",
            goal=BUSY_GOAL_MB,
            peer="Uptime Kuma 184 with 200, 316 with 1 000",
        ),
    ]
