"""`uptop-leader export-status`: the status page as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from uptop_leader.cli._at_hand import database_option, now, opened, settings_here

if TYPE_CHECKING:
    from uptop_leader.pages.site import Moment
    from uptop_leader.public_views.openness import Openness
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store

_SILENT_S = 60.0  # a leader that runs says so every few seconds


@click.command(short_help="Write the status page as files.")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--url", default="", help="where the copy will be, for the links of its feeds")
@database_option
def export_status(folder: Path, url: str, db: str | None) -> None:
    """Write the status page as files that any web space can serve.

    Works beside a running leader. Makes DIR, or renews an earlier copy in it. Shows what the settings
    allow, as the page itself does.
    """
    from uptop_leader.pages.exporting import export
    from uptop_leader.pages.rendering import Renderer
    from uptop_leader.pages.site import Site
    from uptop_leader.public_views.openness import openness_of

    settings = settings_here(db_dsn=db)
    openness, title = openness_of(settings), settings.status_title
    renderer = Renderer(title, settings.status_timezone, is_copy=True)
    with opened(settings) as store:
        site = Site(store, renderer, openness, title, settings.status_timezone)
        moment, silent = _moment(settings, store, openness)
        try:
            count = export(site, moment, folder, f"{url.rstrip('/')}/" if url else "")
        except OSError as error:
            raise click.ClickException(f"{folder} cannot be written: {error.strerror}") from None
    if silent:
        click.echo("no leader runs on this database: the copy tells how it was then", err=True)
    click.echo(f"{count} files in {folder}")


def _moment(settings: LeaderSettings, store: Store, openness: Openness) -> tuple[Moment, bool]:
    """How it is, or how it was when a leader last wrote, and whether that is long ago."""
    from uptop_leader.ballots import Rules
    from uptop_leader.calendars import Calendar
    from uptop_leader.maintenance_views import public_maintenances
    from uptop_leader.nodes import standing
    from uptop_leader.pages.site import Moment
    from uptop_leader.public_views.openness import shown_monitors
    from uptop_leader.views import Snapshot

    saved, at = store.load(), now()
    silent = saved.last_alive is not None and at - saved.last_alive > _SILENT_S
    if silent and saved.last_alive is not None:
        at = saved.last_alive
    monitors = {monitor.id: monitor for monitor in saved.configuration.monitors}
    constants = settings.timings
    snapshot = Snapshot(
        now=at,
        monitors=monitors,
        states=saved.states,
        nodes=saved.nodes,
        # Their votes are as old as they are; when a node was heard is not written each time.
        standings={one.id: standing(one, constants, at, at) for one in saved.nodes.values()},
        uptimes={},
        rules=Rules(constants=constants, strategy=settings.agg_strategy),
    )
    calendar = Calendar(saved.configuration.maintenances, monitors, at)
    region_of = {node.id: node.region for node in saved.nodes.values()}
    moment = Moment(
        snapshot=snapshot,
        maintenance=public_maintenances(calendar, shown_monitors(monitors, openness), at),
        lately=store.regional_of_all(region_of, at, 3600.0),
    )
    return moment, silent
