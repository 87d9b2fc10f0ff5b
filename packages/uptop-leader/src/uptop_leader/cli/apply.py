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
    from collections.abc import Callable

    from uptop_leader.configuration import ConfigChange, Configuration
    from uptop_leader.declared.plan import Plan
    from uptop_leader.settings import LeaderSettings

    Planner = Callable[[Configuration], Plan]
    """Says what changes, beside what there is."""


@click.command()
@click.option("-f", "--file", required=True, help="YAML or JSON; - reads standard input")
@click.option("--dry-run", is_flag=True, help="only print the plan; exit code 3 if it is not empty")
@click.option("--prune", is_flag=True, help="remove what the sections of the file do not name")
@database_option
@click.pass_context
def apply(ctx: click.Context, file: str, dry_run: bool, prune: bool, db: str | None) -> None:
    """Set up monitors and alerts as FILE says.

    The file is checked whole before anything is written; then everything changes at once, also
    beside a running leader. What it does not name is left alone, unless --prune is given. ${NAME}
    in the file is looked up in the environment.
    """
    from uptop_leader.declared.document import read_text
    from uptop_leader.declared.plan import plan

    settings = settings_here(db_dsn=db)
    document = read_text(read_input(file), source_name(file), environment())
    tell_and_do(ctx, settings, lambda there: plan(there, document, prune=prune), dry_run=dry_run)


def tell_and_do(
    ctx: click.Context, settings: LeaderSettings, planner: Planner, *, dry_run: bool
) -> None:
    """Print the plan, and carry it out unless that is not wanted."""
    planned = preview(settings, planner) if dry_run else carry_out(settings, planner)
    for line in planned.lines:
        click.echo(line)
    if dry_run and not planned.is_empty():
        ctx.exit(WOULD_CHANGE)


def preview(settings: LeaderSettings, planner: Planner) -> Plan:
    """What would change. Where there is no database yet none is made."""
    from uptop_leader.configuration import Configuration

    if not settings.has_database:
        return planner(Configuration())
    with opened(settings) as store:
        return planner(store.load_config())


def carry_out(settings: LeaderSettings, planner: Planner) -> Plan:
    """What has changed. Planned and written in one transaction, so that two who apply at once do
    so one after the other.
    """
    made: list[Plan] = []

    def edit(configuration: Configuration) -> ConfigChange:
        made.append(planner(configuration))
        return made[0].change

    if not settings.has_database:
        preview(settings, planner)  # what is wrong is told before a database is made
    with opened(settings, make=True, changes=True) as store:
        store.edit_config(edit, actor(), now())
    return made[0]
