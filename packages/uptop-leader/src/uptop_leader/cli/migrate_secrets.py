"""`uptop-leader migrate-secrets`: seals what stands in clear, or under an older key."""

from __future__ import annotations

import click

from uptop_core.errors import Problem, SettingError
from uptop_leader.cli._at_hand import actor, database_option, now, opened, settings_here


@click.command("migrate-secrets")
@database_option
def migrate_secrets(db: str | None) -> None:
    """Encrypt all credentials with the first of the keys.

    Restart the leader with the same keys first: it must be able to open what is encrypted here.
    Running this again changes nothing.
    """
    settings = settings_here(db_dsn=db)
    if not settings.encryption_key:
        what = "is not set: it holds the key to seal under, then older ones, comma-separated"
        raise SettingError([Problem("UPTOP_ENCRYPTION_KEY", what)])
    with opened(settings) as store:
        done = store.reseal(actor(), now())
    click.echo(
        f"sealed {done.sealed}, of which {done.clear} were in clear; fine before: {done.fine}"
    )
    for what in done.unknown:
        click.echo(f"left as it is, since its kind is not installed here: {what}", err=True)
