"""`uptop-leader demo`: see the whole system at work on this machine."""

from __future__ import annotations

import sys

import click


@click.command(short_help="Run everything on this machine, with an outage to watch.")
@click.option("--for", "seconds", type=click.FloatRange(min=1), help="stop after so many seconds")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="port of the leader")
def demo(seconds: float | None, port: int) -> None:
    """Run a leader, two probes and local targets, with an outage to watch."""
    import anyio

    from uptop_leader.demo.running import run

    sys.exit(0 if anyio.run(run, seconds, port) else 1)
