"""`uptop-leader promote`: let the follower that runs on this database take over, and stay active."""

from __future__ import annotations

import click


@click.command(short_help="Let the follower here take over and stay active.")
def promote() -> None:
    """Let the follower here take over now, and stay active until `handover`.

    Works beside a running follower, which does it within 2 s.
    """
    from uptop_core.errors import Problem, SettingError
    from uptop_leader.cli._at_hand import opened, settings_here

    settings = settings_here()
    if settings.cluster_mode != "follower":
        what = "only a follower is promoted; a leader acts by itself"
        raise SettingError([Problem("UPTOP_CLUSTER_MODE", what)])
    with opened(settings) as store:
        store.wish("promote")
    click.echo("the follower takes over within 2 s; `uptop-leader handover` gives back")
