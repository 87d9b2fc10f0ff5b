"""`uptop-leader adopt`: let a leader's monitors replace those of this follower's database."""

from __future__ import annotations

import click


@click.command(short_help="Replace this follower's own monitors by its leader's.")
def adopt() -> None:
    """Replace the monitors, channels and users of this database by the leader's.

    For a follower whose database has monitors of its own, and which therefore copies nothing.
    """
    from uptop_core.errors import Problem, SettingError
    from uptop_leader.cli._at_hand import opened, settings_here

    settings = settings_here()
    if settings.cluster_mode != "follower":
        raise SettingError([Problem("UPTOP_CLUSTER_MODE", "only a follower copies a leader")])
    with opened(settings) as store:
        store.copies.adopt()
    click.echo("what is here is replaced by the leader's at the next contact")
