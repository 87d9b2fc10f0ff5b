"""`uptop-leader promote`: let the follower that runs on this database take over, and stay active."""

from __future__ import annotations

import click


@click.command(short_help="Let the follower here take over and stay active.")
def promote() -> None:
    """Let the follower here take over now, and stay active until `handover`.

    Works beside a running follower, which does it within 2 s.
    """
    from uptop_leader.cli._at_hand import wish

    wish("promote", otherwise="only a follower is promoted; a leader acts by itself")
    click.echo("the follower takes over within 2 s; `uptop-leader handover` hands back")
