"""`uptop-leader backup`: a copy of the database."""

from __future__ import annotations

from pathlib import Path

import click

from uptop_leader.cli._at_hand import database_option, opened, settings_here


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
def backup(file: Path, db: str | None) -> None:
    """Copy the database to FILE.

    The copy holds everything, history included, and may be made while the leader runs.
    """
    with opened(settings_here(db_dsn=db)) as store:
        store.backup(file)
    click.echo(f"wrote {file}")
