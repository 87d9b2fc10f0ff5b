"""Run the demo: targets, a leader, two probes, the story, and what of it is shown."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import anyio
import click
import httpx

from uptop_core.client import LeaderClient
from uptop_core.errors import MissingExtra, UptopError
from uptop_leader.demo.monitors import PUSH_TOKEN, document
from uptop_leader.demo.processes import Process, ended, start
from uptop_leader.demo.story import Story, shortcomings
from uptop_leader.demo.targets import HOST, Targets, targets
from uptop_leader.demo.watching import Seen, watch

PROBES = {"probe-eu": "eu-west", "probe-us": "us-east"}
_START_S = 30.0
_SUMMARY_S = 10.0


class _Voice:
    """Prints lines with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        click.echo(f"[{time.monotonic() - self._began:6.1f} s] {line}")


async def run(seconds: float | None, port: int) -> bool:
    """Run the demo for `seconds`, or until Ctrl-C. True when all went as it should."""
    if find_spec("uptop_probe") is None:
        raise MissingExtra("the demo", "uptop-leader[demo]")
    say, seen = _Voice(), Seen()
    with tempfile.TemporaryDirectory(prefix="uptop-demo-") as name:
        folder, processes = Path(name), list[Process]()

        def received(message: dict[str, object]) -> None:
            seen.messages.append(message)
            say(f"✉ webhook   {message.get('title') or _title(message)}")

        async with targets(folder, received) as here, ended(processes):
            settings = _settings(port or _free_port())
            _apply(folder, here, settings)
            processes.append(start("leader", "uptop_leader", folder, settings))
            url = f"http://{HOST}:{settings['UPTOP_HTTP_PORT']}"
            secret = settings["UPTOP_CLUSTER_SECRET"]
            async with LeaderClient(url, secret=secret) as client:
                await _ready(client, processes)
                for node, region in PROBES.items():
                    processes.append(_probe(node, region, url, folder, settings))
                _introduce(url, folder, seconds)
                story = Story(here, seen, say)
                await _play(story, client, seen, say, processes, seconds)
    return _summarize(seen, story, timed=seconds is not None)


def _settings(port: int) -> dict[str, str]:
    return {
        "UPTOP_HTTP_HOST": HOST,
        "UPTOP_HTTP_PORT": str(port),
        "UPTOP_DB_DSN": "demo.db",
        "UPTOP_CLUSTER_SECRET": secrets.token_urlsafe(24),
        "UPTOP_ENCRYPTION_KEY": secrets.token_hex(32),
        "UPTOP_STATUS_ENABLED": "true",
        "UPTOP_STATUS_TITLE": "uptop demo",
        "UPTOP_METRICS_PUBLIC": "true",
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
    }


def _apply(folder: Path, here: Targets, settings: dict[str, str]) -> None:
    """Set the monitors up as an operator does: `uptop-leader apply -f demo.yaml`."""
    (folder / "demo.yaml").write_text(document(here))
    command = [sys.executable, "-m", "uptop_leader", "apply", "-f", "demo.yaml"]
    done = subprocess.run(  # noqa: S603  our own interpreter and module
        command, cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UptopError(f"the demo's configuration was refused:\n{done.stdout}{done.stderr}")


def _probe(node: str, region: str, url: str, folder: Path, settings: dict[str, str]) -> Process:
    own = {
        "UPTOP_PEER_URL": url,
        "UPTOP_NODE_ID": node,
        "UPTOP_NODE_REGION": region,
        "UPTOP_CLUSTER_SECRET": settings["UPTOP_CLUSTER_SECRET"],
        "UPTOP_ALLOW_PRIVATE_TARGETS": "true",
    }
    return start(node, "uptop_probe", folder, own)


async def _ready(client: LeaderClient, processes: list[Process]) -> None:
    with anyio.fail_after(_START_S):
        while True:
            _check(processes)
            try:
                if (await client.health()).status == "ok":
                    return
            except UptopError:
                pass
            await anyio.sleep(0.1)


def _introduce(url: str, folder: Path, seconds: float | None) -> None:
    token = (folder / "uptop-admin-token").read_text().strip()
    end = f"after {seconds:g} s" if seconds is not None else "with Ctrl-C"
    click.echo(
        f"""
uptop demo: one leader on SQLite, probes in eu-west and us-east, and targets of its own.

  status page  {url}/status
  metrics      {url}/metrics
  API          {url}/api/v1/monitors   (Authorization: Bearer {token})
  terminal     UPTOP_TOKEN={token} uptop-tui --url {url}

It ends {end} and leaves nothing behind. The first outage begins in a few seconds.
"""
    )


async def _play(
    story: Story,
    client: LeaderClient,
    seen: Seen,
    say: _Voice,
    processes: list[Process],
    seconds: float | None,
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, anyio.create_task_group() as tasks:

        async def push() -> None:
            try:
                await http.post(f"{client.url}/api/push/{PUSH_TOKEN}", timeout=5)
            except httpx.HTTPError as error:
                say(f"  job       no heartbeat: {type(error).__name__}")

        tasks.start_soon(watch, client, http, seen, say)
        tasks.start_soon(story.play)
        tasks.start_soon(story.push, push)
        tasks.start_soon(_keep_alive, processes)
        tasks.start_soon(_count, seen, say)
        tasks.start_soon(_stop_on_signal, tasks.cancel_scope)
        await anyio.sleep(seconds if seconds is not None else float("inf"))
        tasks.cancel_scope.cancel()


async def _keep_alive(processes: list[Process]) -> None:
    while True:
        _check(processes)
        await anyio.sleep(0.5)


async def _count(seen: Seen, say: _Voice) -> None:
    while True:
        await anyio.sleep(_SUMMARY_S)
        say(f"  so far    {seen.results} results stored · {seen.counts()}")


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()


def _check(processes: list[Process]) -> None:
    for process in processes:
        process.check()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _title(message: dict[str, object]) -> str:
    return f"{str(message.get('event', '')).upper()}: {message.get('monitor', '')}"


def _summarize(seen: Seen, story: Story, *, timed: bool) -> bool:
    faults = shortcomings(seen, story.outages)
    told = ", ".join(_title(message) for message in seen.messages) or "none"
    click.echo(
        f"\n{seen.results} results stored, {story.outages} outage(s),"
        f" {len(seen.incidents)} incident(s).\nMessages: {told}."
    )
    if faults and timed:
        click.echo("Not as it should be: " + "; ".join(faults))
    return not (faults and timed)
