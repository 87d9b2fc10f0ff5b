"""`uptop-leader import`: take in a backup, or what another program has set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from uptop_leader.cli._at_hand import (
    database_option,
    environment,
    read_input,
    settings_here,
    source_name,
)

if TYPE_CHECKING:
    from uptop_leader.imports.formats import Form


@click.command("import", short_help="Import the monitors of another program, or a backup.")
@click.argument("file")
@click.option(
    "--from",
    "form",
    type=click.Choice(("kuma", "gatus", "uptop")),
    help="which program the file is from; by default recognized from its contents",
)
@click.option("--dry-run", is_flag=True, help="only print the plan; exit code 3 if it is not empty")
@database_option
@click.pass_context
def import_(
    ctx: click.Context, file: str, form: Form | None, dry_run: bool, db: str | None
) -> None:
    """Import the monitors of another program, or a backup, from FILE.

    FILE is what `export` writes, a backup of Uptime Kuma (JSON), a configuration of Gatus (YAML),
    or a backup of the uptop written in Go; - reads standard input. Adds what is missing and changes
    what differs, in one transaction. Nothing is removed, secrets that are masked in the file stay,
    and what has no counterpart here is listed by name.
    """
    from uptop_leader.cli.apply import tell_and_do
    from uptop_leader.imports.formats import read_import
    from uptop_leader.imports.joining import import_plan

    settings = settings_here(db_dsn=db)
    taken = read_import(read_input(file), source_name(file), form, environment())
    tell_and_do(ctx, settings, lambda there: import_plan(there, taken), dry_run=dry_run)
