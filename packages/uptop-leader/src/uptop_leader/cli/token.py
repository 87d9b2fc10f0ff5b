"""`uptop-leader token`: what users sign in to the API with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from uptop_core.escaping import escape
from uptop_leader.cli._at_hand import actor, database_option, now, opened, settings_here

if TYPE_CHECKING:
    from uptop_leader.store.people import TokenView

_LONGEST_S = 36_500 * 86_400.0  # no calendar holds a moment that is ever so far


@click.group()
def token() -> None:
    """Add, list and revoke API tokens."""


@token.command()
@click.argument("name")
@click.option("--user", required=True, help="whose token it is; it has that user's role")
@click.option(
    "--expires", metavar="TIME", help="how long it is good, such as 12h or 90d; by default for ever"
)
@database_option
def add(name: str, user: str, expires: str | None, db: str | None) -> None:
    """Make a token called NAME and print it, only this once."""
    from uptop_leader.first_start import PREFIX_LENGTH, new_token
    from uptop_leader.seal import token_hash

    lifetime = _lifetime(expires)
    with opened(settings_here(db_dsn=db), changes=True) as store:
        owner = store.people.find_user(user)
        if owner is None:
            raise click.UsageError(f"there is no user '{user}': see `uptop-leader user list`")
        made, moment = new_token(), now()
        store.people.add_token(
            user=owner,
            name=name,
            token_hash=token_hash(made),
            prefix=made[:PREFIX_LENGTH],
            expires=None if lifetime is None else moment + lifetime,
            now=moment,
            actor=actor(),
        )
    click.echo(made)


@token.command("list", short_help="List the tokens.")
@database_option
def list_(db: str | None) -> None:
    """List the tokens: the beginning, owner and role, name, expiry, last use."""
    with opened(settings_here(db_dsn=db)) as store:
        for one in store.people.tokens():
            click.echo("  ".join(_words(one)))


@token.command()
@click.argument("prefix")
@database_option
def revoke(prefix: str, db: str | None) -> None:
    """End the token that begins with PREFIX."""
    with opened(settings_here(db_dsn=db), changes=True) as store:
        if not store.people.revoke_token(prefix, now(), actor()):
            raise click.UsageError(f"no token that is still good begins with '{prefix}'")
    click.echo(f"revoked {prefix}")


def _lifetime(expires: str | None) -> float | None:
    from uptop_core.forms import duration

    if expires is None:
        return None
    form = duration(60, _LONGEST_S)
    try:
        return form.read(expires)
    except ValueError:
        raise click.UsageError(f"--expires: {expires!r} is not allowed: {form.allowed}") from None


def _words(one: TokenView) -> list[str]:
    words = [one.prefix, f"{one.user} ({one.role})", escape(one.name, 60)]
    if one.revoked is not None:
        words.append(f"revoked {_day(one.revoked)}")
    elif one.expires is not None:
        words.append(f"expires {_day(one.expires)}")
    return [*words, f"last used {_day(one.last_used)}" if one.last_used else "never used"]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
