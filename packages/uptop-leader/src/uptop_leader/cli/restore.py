"""`uptop-leader restore`: a backup in the place of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from uptop_leader.cli._at_hand import actor, database_option, now, settings_here


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="replace an existing database")
@database_option
def restore(file: Path, db: str | None, replace: bool) -> None:
    """Restore the database from FILE, which `backup` wrote. Stop the leader first.

    The backup is examined (damage, version, whether the keys open its secrets) before anything is
    touched, and is restored whole or not at all.
    """
    from uptop_leader.seal import Keyring
    from uptop_leader.store.restoring import restore as restored_to

    settings = settings_here(db_dsn=db)
    keyring = Keyring.from_setting(settings.encryption_key)
    done = restored_to(file, settings.database, keyring, actor(), now(), replace=replace)
    click.echo(f"restored {settings.database}: {done.monitors} monitors, {_until(done.until)}")


def _until(moment: float | None) -> str:
    if moment is None:
        return "never run"
    return f"as they were on {datetime.fromtimestamp(moment, UTC):%Y-%m-%d at %H:%M UTC}"
