"""The command `uptop-probe`: flags, settings, warnings, and the exit code."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from uptop_core import logs
from uptop_core.clock import Clock
from uptop_core.errors import LeaderError, SettingError
from uptop_core.prober.resolver_options import hasten_resolver
from uptop_core.settings import read_settings, stray_variables
from uptop_probe.settings import ProbeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptop_probe.probe import Probe

OK, FAILED, WRONG_USAGE = 0, 1, 2

_ABOUT = "Run the checks of one region for an uptop leader, and report what is found."
_MORE = """\
Settings are UPTOP_ environment variables, read from .env in this directory too; flags override
both. UPTOP_NODE_KEY or UPTOP_CLUSTER_SECRET is the credential; all others: see .env.example.
Exit codes: 0 success, 1 failure, 2 wrong usage or settings. SIGTERM stops within 5 s.
"""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = _parser().parse_args(arguments)
    if given.version:
        from uptop_probe.probe import VERSION

        sys.stdout.write(f"uptop-probe {VERSION}\n")
        return OK
    flags = {name: getattr(given, name) for name in ("peer_url", "node_id", "node_region")}
    dotenv = Path(".env")
    try:
        settings = read_settings(ProbeSettings, os.environ, dotenv=dotenv, overrides=flags)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USAGE
    if given.command == "doctor":
        return anyio.run(_examine, settings)
    logs.set_up(settings.log_level, settings.log_format)
    told = (line for line, _ in settings.warnings())
    for warning in (*stray_variables(os.environ, dotenv=dotenv), *told):
        logs.event(_log, logging.WARNING, warning)
    hasten_resolver(os.environ)
    return anyio.run(_run, settings, given.once, backend_options={"use_uvloop": _has_uvloop()})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "uptop-probe",
        description=_ABOUT,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("command", nargs="?", choices=["doctor"], help="say what is wrong here and how to mend it")
    add("--peer-url", metavar="URL", help="the leader's URL, or several, comma-separated")
    add("--node-id", metavar="ID", help="id of this node, unique among the probes")
    add("--region", "--node-region", dest="node_region", metavar="R", help="region it checks from")
    add("--once", action="store_true", help="fetch, check, report, print, stop")
    add("--version", action="store_true", help="print the version and stop")
    return parser


def _has_uvloop() -> bool:
    return find_spec("uvloop") is not None


async def _examine(settings: ProbeSettings) -> int:
    from uptop_core.examining import Level, lines
    from uptop_probe.examination import findings

    found = [finding async for finding in findings(settings)]
    sys.stdout.writelines(f"{line}\n" for line in lines(found))
    return FAILED if any(finding.level is Level.WRONG for finding in found) else OK


async def _run(settings: ProbeSettings, once: bool) -> int:
    # Imported here so that --version and wrong settings answer at once.
    from uptop_core.prober.sockets import SharedSockets
    from uptop_probe.once import run_once
    from uptop_probe.probe import Probe, checking, leader_clients

    clock, instance = Clock(), uuid.uuid4().hex
    async with leader_clients(settings) as clients:
        with SharedSockets() as sockets:
            run = checking(settings, sockets)
            if not once:
                await _until_told(Probe(settings, clients, clock=clock, instance=instance, run=run))
                return OK
            try:
                return await run_once(
                    settings,
                    clients,
                    clock=clock,
                    instance=instance,
                    run=run,
                    write=sys.stdout.write,
                )
            except LeaderError as error:
                sys.stderr.write(f"{error}\n")
                return FAILED


async def _until_told(probe: Probe) -> None:
    """Run until SIGTERM or SIGINT; a second one stops at once."""
    stop = anyio.Event()

    async def listen(scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                if stop.is_set():
                    scope.cancel()
                stop.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen, tasks.cancel_scope)
        await probe.run(stop)
        tasks.cancel_scope.cancel()
