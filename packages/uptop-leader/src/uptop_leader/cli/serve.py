"""`uptop-leader serve`: run the leader (also what `uptop-leader` alone does)."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

log = logging.getLogger(__name__)


@click.command(short_help="Run the leader until told to stop (the default).")
@click.option("--host", help="address to listen on (UPTOP_HTTP_HOST)")
@click.option("--port", type=int, help="port to listen on (UPTOP_HTTP_PORT)")
@click.option("--db", help="path of the SQLite file, or connection string (UPTOP_DB_DSN)")
def serve(host: str | None, port: int | None, db: str | None) -> None:
    """Run the leader until it is told to stop (the default command)."""
    import anyio

    from uptop_core import logs
    from uptop_core.prober.resolver_options import hasten_resolver
    from uptop_core.settings import read_settings, stray_variables
    from uptop_leader import serving
    from uptop_leader.settings import LeaderSettings

    flags = {"http_host": host, "http_port": port, "db_dsn": db}
    dotenv = Path(".env")
    settings = read_settings(LeaderSettings, os.environ, dotenv=dotenv, overrides=flags)
    logs.set_up(settings.log_level, settings.log_format)
    for line in stray_variables(os.environ, dotenv=dotenv):
        log.warning("%s", line)
    hasten_resolver(os.environ)
    anyio.run(serving.serve, settings, backend_options={"use_uvloop": _has_uvloop()})


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
