"""A scripted HTTP server on loopback that stands for a leader, and a process that asks it."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TOKEN = "the-token"


class Scripted(ThreadingHTTPServer):
    """Answers each path with what is scripted, to whoever shows the token."""

    answers: Mapping[str, tuple[int, str]]
    checks_token = True


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Scripted)
        status, body = server.answers.get(self.path, (404, "not here"))
        if server.checks_token and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, body = 401, '{"status":401,"title":"Unauthorized","code":"unauthorized"}'
        payload = body.encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind if body.startswith("{") else "text/html")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments: object) -> None:
        """Nothing: the test says what matters."""


@contextmanager
def scripted(
    answers: Mapping[str, tuple[int, str]],
    *,
    tls: ssl.SSLContext | None = None,
    checks_token: bool = True,
) -> Iterator[str]:
    """The URL of a server that gives these answers until the block ends."""
    server = Scripted(("127.0.0.1", 0), _Handler)
    server.answers, server.checks_token = answers, checks_token
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_tui(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `uptop-tui` in `folder` with only these variables of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UPTOP_")}
    return subprocess.run(
        [sys.executable, "-m", "uptop_tui", *arguments],
        cwd=folder,
        env={**kept, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
