"""`uptop-leader handover`: let the follower that runs on this database give back to its leader."""

from __future__ import annotations

import click


@click.command(short_help="Let the follower here hand back to its leader.")
def handover() -> None:
    """Let the follower here hand back to its leader as soon as that is up.

    Works beside a running follower. To hand over from a leader, stop it.
    """
    from uptop_leader.cli._at_hand import wish

    wish("handover", otherwise="a follower hands over; to hand over from a leader, stop it")
    click.echo("the follower hands back as soon as the leader is up")
