"""The package of `docs/extending.md`, installed as its pyproject says, works in all its parts."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.system.processes import clean_environment
from tests.system.test_house_docs import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/extending.md").read_text()
FILES = {
    re.findall(r"^# (\w+\.py)\n", block)[0]: block.partition("\n")[2]
    for block in blocks(PAGE, "python")
}

DRIVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread

import anyio
import httpx

from uptop_core import Vantage, aggregate, run_check
from uptop_core.kinds import KINDS
from uptop_leader.configuration import Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import plan
from uptop_leader.messages import Message, Rendered
from uptop_leader.provider_kinds import PROVIDERS

posted = []


class Cache(StreamRequestHandler):
    def handle(self):
        if self.rfile.readline() == b"version\\r\\n":
            self.wfile.write(b"VERSION 1.6.21\\r\\n")


class Chat(BaseHTTPRequestHandler):
    def do_POST(self):
        posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


async def use(cache, chat):
    kind, here = KINDS["memcached"], Vantage(allow_private=True)
    check = kind(hostname="127.0.0.1", port=cache.server_address[1], expect="1.")
    good = await run_check(check, vantage=here)
    check = kind(hostname="127.0.0.1", port=cache.server_address[1], expect="2.")
    bad = await run_check(check, vantage=here)
    print(good.up, good.timings.first_byte_ns is not None, bad.up, bad.reason.value, bad.detail)
    print(*(aggregate(votes, "two-down") for votes in ([good, bad], [bad, bad, good])))
    channel = PROVIDERS["teamchat"](url=f"http://127.0.0.1:{chat.server_port}/hook")
    message = Message(key="k", event="down", monitor="Cache", at=0)
    async with httpx.AsyncClient(trust_env=False) as http:
        await channel.send(message, Rendered(title="Cache is DOWN", body="2 of 3"), http)
    print(json.dumps(posted))
    planned = plan(Configuration(), read_text(open(sys.argv[1]).read(), "our.yaml", {}))
    print(*(monitor.kind for monitor in planned.change.put_monitors))


with TCPServer(("127.0.0.1", 0), Cache) as cache, HTTPServer(("127.0.0.1", 0), Chat) as chat:
    threads = [Thread(target=server.serve_forever) for server in (cache, chat)]
    for thread in threads:
        thread.start()
    try:
        anyio.run(use, cache, chat)
    finally:
        for server, thread in zip((cache, chat), threads):
            server.shutdown()
            thread.join()
"""


def install(folder: Path) -> None:
    """What pip would lay down for it: the modules, and beside them what it is and offers."""
    [pyproject] = blocks(PAGE, "toml")
    project = tomllib.loads(pyproject)["project"]
    package = folder / "our_uptop"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in FILES.items():
        (package / name).write_text(text)
    info = folder / f"our_uptop-{project['version']}.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(about)
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())])
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(groups))


@pytest.mark.slow
def test_a_check_a_strategy_and_a_provider_come_with_a_package(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "driver.py").write_text(DRIVER)
    [declared] = blocks(PAGE, "yaml")
    (tmp_path / "our.yaml").write_text(declared)
    around = clean_environment({})
    around["PYTHONPATH"] = f"{tmp_path}:{around.get('PYTHONPATH', '')}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "driver.py", "our.yaml"],
        cwd=tmp_path, env=around, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True True False unexpected_answer it said VERSION 1.6.21",
        "UP DOWN",
        '[{"room": "operations", "text": "Cache is DOWN\\n2 of 3"}]',
        "memcached",
    ]
