"""`uptop-leader apply`: make the configuration as a file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from uptop_leader.cli import WOULD_CHANGE
from uptop_leader.cli._at_hand import (
    actor,
    database_option,
    environment,
    now,
    opened,
    read_input,
    settings_here,
    source_name,
)

if TYPE_CHECKING:
    from uptop_leader.configuration import ConfigChange, Configuration
    from uptop_leader.declared.document import Document
    from uptop_leader.declared.plan import Plan
    from uptop_leader.settings import LeaderSettings


@click.command()
@click.option("-f", "--file", required=True, help="YAML or JSON; - reads standard input")
@click.option("--dry-run", is_flag=True, help="print the plan only; exit code 3 if it is not empty")
@click.option("--prune", is_flag=True, help="remove what a section of the file does not name")
@database_option
@click.pass_context
def apply(ctx: click.Context, file: str, dry_run: bool, prune: bool, db: str | None) -> None:
    """Make monitors and alerts as FILE says.

    The file is checked whole before anything is written; then everything changes at once, also
    beside a running leader. What it does not name is left alone, unless --prune is given. ${NAME}
    in the file is looked up in the environment.
    """
    from uptop_leader.declared.document import read_text

    settings = settings_here(db_dsn=db)
    document = read_text(read_input(file), source_name(file), environment())
    planned = (
        preview(settings, document, prune) if dry_run else carry_out(settings, document, prune)
    )
    for line in planned.lines:
        click.echo(line)
    if dry_run and not planned.is_empty():
        ctx.exit(WOULD_CHANGE)


def preview(settings: LeaderSettings, document: Document, prune: bool) -> Plan:
    """What the document would change. Where there is no database yet none is made."""
    from uptop_leader.configuration import Configuration
    from uptop_leader.declared.plan import plan

    if not settings.has_database:
        return plan(Configuration(), document, prune=prune)
    with opened(settings) as store:
        return plan(store.load_config(), document, prune=prune)


def carry_out(settings: LeaderSettings, document: Document, prune: bool) -> Plan:
    """What the document has changed. Planned and written in one transaction, so that two who
    apply at once do so one after the other.
    """
    from uptop_leader.declared.plan import plan

    made: list[Plan] = []

    def edit(configuration: Configuration) -> ConfigChange:
        made.append(plan(configuration, document, prune=prune))
        return made[0].change

    if not settings.has_database:
        preview(settings, document, prune)  # what is wrong is told before a database is made
    with opened(settings, make=True, changes=True) as store:
        store.edit_config(edit, actor(), now())
    return made[0]
