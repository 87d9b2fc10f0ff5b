"""Secrets that are in the database already: sealed where they stand in clear or under an older key.

Page by page, a transaction each, so that a running leader waits for none of it for long and who comes
after a killed one goes on. What is under the first key stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import select, update

from uptop_leader.store import audit, specs
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from uptop_leader.configuration import Actor
    from uptop_leader.seal import Keyring
    from uptop_leader.store.connections import Connections

_PLACES = {"monitor": ("kind", "spec"), "channel": ("type", "settings")}
_PAGE = 200


class Resealed(Struct, frozen=True, kw_only=True):
    """How many monitors (deleted ones too) and channels were `sealed` now, in how many of them
    something stood in `clear`, how many were `fine`, and those whose kind is not installed here.
    """

    sealed: int = 0
    clear: int = 0
    fine: int = 0
    unknown: tuple[str, ...] = ()


def reseal(connections: Connections, keyring: Keyring, actor: Actor, now: float) -> Resealed:
    """Seal everything under the first key. Raises SealError naming what no key opens; what came
    before it is sealed then, and nothing is lost.
    """
    done = Resealed()
    for thing in _PLACES:
        after: str | None = ""
        while after is not None:
            with connections.writing(flush=True) as connection:
                after, page = _page(connection, thing, after, keyring)
                if page.sealed:
                    what = f"{page.sealed} {thing}{'s' * (page.sealed > 1)}"
                    audit.note(connection, actor, "secrets sealed", what, "", now)
            done = _sum(done, page)
    if done.clear:
        connections.leave_no_trace(tuple(_PLACES))
    return done


def _page(
    connection: Connection, thing: str, after: str, keyring: Keyring
) -> tuple[str | None, Resealed]:
    """What became of the next rows, and the last of them if more may follow."""
    table = METADATA.tables[thing]
    wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(_PAGE)
    rows = [dict(row) for row in connection.execute(wanted).mappings()]
    done = Resealed()
    for row in rows:
        done = _sum(done, _row(connection, table, row, keyring))
    return (rows[-1]["id"] if len(rows) == _PAGE else None), done


def _row(connection: Connection, table: Table, row: dict[str, Any], keyring: Keyring) -> Resealed:
    thing = table.name
    if not specs.is_known(row, thing):
        kind = row[_PLACES[thing][0]]
        return Resealed(unknown=(f"the {thing} {row['name']!r} of the kind {kind!r}",))
    states = specs.secrets_of(row, thing, keyring)
    if all(state is specs.Kept.CURRENT for state in states):
        return Resealed(fine=1)
    column = _PLACES[thing][1]
    sealed = specs.resealed(specs.opened(row, thing, keyring), thing, keyring)
    query = update(table).where(table.c.id == row["id"])
    connection.execute(query.values({column: sealed[column]}))
    return Resealed(sealed=1, clear=int(specs.Kept.CLEAR in states))


def _sum(one: Resealed, other: Resealed) -> Resealed:
    return Resealed(
        sealed=one.sealed + other.sealed,
        clear=one.clear + other.clear,
        fine=one.fine + other.fine,
        unknown=one.unknown + other.unknown,
    )
