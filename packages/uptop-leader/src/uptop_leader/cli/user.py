"""`uptop-leader user`: who may use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from uptop_leader.cli._at_hand import actor, database_option, now, opened, settings_here

if TYPE_CHECKING:
    from uptop_leader.store.store import Store

ROLES = ("admin", "editor", "viewer")


@click.group()
def user() -> None:
    """Add, change, remove and list users."""


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


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@database_option
def change(name: str, role: str, db: str | None) -> None:
    """Give the user NAME another role; it holds for their tokens too."""
    with opened(settings_here(db_dsn=db), changes=True) as store:
        store.people.change_role(_known(store, name), role, now(), actor())
    click.echo(f"{name} is {role}")


@user.command()
@click.argument("name")
@database_option
def remove(name: str, db: str | None) -> None:
    """Remove the user NAME with all tokens."""
    with opened(settings_here(db_dsn=db), changes=True) as store:
        store.people.drop_user(_known(store, name), now(), actor())
    click.echo(f"removed {name}")


def _known(store: Store, name: str) -> str:
    found = store.people.find_user(name)
    if found is None:
        raise click.UsageError(f"there is no user '{name}': see `uptop-leader user list`")
    return found


@user.command("list")
@database_option
def list_(db: str | None) -> None:
    """List the users."""
    with opened(settings_here(db_dsn=db)) as store:
        for one in store.people.users():
            click.echo(f"{one.name}  {one.role}")
