"""`uptop-leader node`: the nodes there are, and the keys that each of them shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from uptop_core.escaping import escape
from uptop_leader.cli._at_hand import actor, database_option, now, opened, settings_here

if TYPE_CHECKING:
    from uptop_leader.nodes import Node
    from uptop_leader.store.node_keys import NodeKey

_QUIET_S = 60.0  # after which a node is offline
_SOON = "a running leader heeds it within 2 s"


@click.group()
def node() -> None:
    """Add, list, rotate and revoke keys of nodes; forget nodes."""


@node.command(short_help="Make a key for the node ID and print it, only this once.")
@click.argument("id")
@click.option("--region", default="", help="its region, the only one it can report from")
@database_option
def add(id: str, region: str, db: str | None) -> None:
    """Make a key for the node ID and print it, this once (UPTOP_NODE_KEY of the probe)."""
    from uptop_leader.node_keys import PREFIX_LENGTH, new_key
    from uptop_leader.seal import token_hash

    name, place = _id(id), _region(region)
    with opened(settings_here(db_dsn=db), changes=True) as store:
        key = new_key()
        store.node_keys.add(name, place, token_hash(key), key[:PREFIX_LENGTH], now(), actor())
    click.echo(key)


@node.command("list", short_help="List the nodes and their keys.")
@database_option
def list_(db: str | None) -> None:
    """List the nodes and their keys: id, region, the key's beginning, its last use."""
    with opened(settings_here(db_dsn=db)) as store:
        keys, known = store.node_keys.all(), store.load().nodes
    moment = now()
    for one in sorted(known.values(), key=lambda found: found.rank):
        click.echo("  ".join(_words(one, [key for key in keys if key.node == one.id], moment)))
    for key in keys:
        if key.node not in known and key.is_good(moment):
            click.echo("  ".join([key.node, key.region or "-", *_key_words(key), "never came"]))


@node.command()
@click.argument("id")
@click.option(
    "--overlap",
    metavar="TIME",
    default="1h",
    show_default=True,
    help="how long the old key stays good",
)
@database_option
def rotate(id: str, overlap: str, db: str | None) -> None:
    """Make another key for the node ID and print it, only this once."""
    from uptop_leader.node_keys import PREFIX_LENGTH, new_key
    from uptop_leader.seal import token_hash

    seconds = _seconds(overlap)
    with opened(settings_here(db_dsn=db), changes=True) as store:
        key = new_key()
        store.node_keys.rotate(id, token_hash(key), key[:PREFIX_LENGTH], seconds, now(), actor())
    click.echo(key)


@node.command()
@click.argument("id")
@database_option
def revoke(id: str, db: str | None) -> None:
    """End the keys of the node ID; its votes go with them."""
    with opened(settings_here(db_dsn=db), changes=True) as store:
        if not store.node_keys.revoke(id, now(), actor()):
            raise click.UsageError(f"no node '{id}' has a key that is still good")
    click.echo(f"revoked the key of {id}: {_SOON}")


@node.command(short_help="Forget a node that is gone; its history stays.")
@click.argument("id")
@database_option
def forget(id: str, db: str | None) -> None:
    """Forget the node ID, which was stopped or revoked; its history stays."""
    with opened(settings_here(db_dsn=db), changes=True) as store:
        known = store.load().nodes.get(id)
        keys = [key for key in store.node_keys.all() if key.node == id]
        if known is None and not keys:
            raise click.UsageError(f"there is no node '{id}': see `uptop-leader node list`")
        if known is not None and _is_there(known, keys):
            raise click.UsageError(f"{id} is there: stop it first, or revoke its key")
        store.node_keys.forget(id, now(), actor())
    click.echo(f"forgot {id}: {_SOON}")


def _is_there(known: Node, keys: list[NodeKey]) -> bool:
    """As far as the database tells: a running leader knows better, and keeps one that is there."""
    is_revoked = bool(keys) and not any(key.is_good(now()) for key in keys)
    is_quiet = known.stopping or now() - known.heard > _QUIET_S
    return known.own or not (is_quiet or is_revoked)


def _id(written: str) -> str:
    import msgspec

    from uptop_core.wire import NodeId

    try:
        return msgspec.convert(written, NodeId)
    except msgspec.ValidationError:
        raise click.UsageError(
            "an id has 1 to 100 letters, digits, dots, colons, dashes or underscores"
        ) from None


def _region(written: str) -> str:
    from uptop_leader.setting_forms import region

    form = region()
    try:
        return form.read(written) if written else ""
    except ValueError:
        raise click.UsageError(f"--region: {written!r} is not allowed: {form.allowed}") from None


def _seconds(written: str) -> float:
    from uptop_core.forms import duration

    form = duration(0, 30 * 86_400)
    try:
        return form.read(written)
    except ValueError:
        raise click.UsageError(f"--overlap: {written!r} is not allowed: {form.allowed}") from None


def _words(one: Node, keys: list[NodeKey], moment: float) -> list[str]:
    good = [key for key in keys if key.is_good(moment)]
    words = [one.id, escape(one.region, 63) or "-"]
    if good:
        return [*words, *_key_words(good[-1])]
    return [*words, "the leader's own" if one.own else "revoked" if keys else "no key"]


def _key_words(key: NodeKey) -> list[str]:
    used = f"last used {_day(key.last_used)}" if key.last_used else "never used"
    return [key.prefix, used]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
