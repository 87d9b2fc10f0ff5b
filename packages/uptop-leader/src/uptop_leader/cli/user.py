"""`uptop-leader user`: who may use the API."""

from __future__ import annotations

import click

from uptop_leader.cli._at_hand import actor, database_option, now, opened, settings_here

ROLES = ("admin", "editor", "viewer")


@click.group()
def user() -> None:
    """Add and list users."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@database_option
def add(name: str, role: str, db: str | None) -> None:
    """Add the user NAME. A token (`token add`) is what they sign in with."""
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise click.UsageError("a name has 1 to 200 printable characters")
    with opened(settings_here(db_dsn=db), make=True, changes=True) as store:
        store.people.add_user(name, role, now(), actor())
    click.echo(f"added {name} ({role})")


@user.command("list")
@database_option
def list_(db: str | None) -> None:
    """List the users."""
    with opened(settings_here(db_dsn=db)) as store:
        for one in store.people.users():
            click.echo(f"{one.name}  {one.role}")
