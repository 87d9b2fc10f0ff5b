"""A look at a database for `doctor`, which neither makes nor migrates nor writes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import select

from uptop_core.errors import SealError
from uptop_leader.store import specs
from uptop_leader.store.connections import Connections
from uptop_leader.store.migrate import revision, revisions
from uptop_leader.store.specs import Kept
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from uptop_leader.seal import Keyring
    from uptop_leader.store.addresses import Address


class Examined(Struct, frozen=True, kw_only=True):
    """`revision` is that of its tables, None where there are none yet; `is_old` and `is_new` compare
    it with this version's. `damage` is what the database says of its own state. `kept` counts
    secrets by how they stand there; `closed` are those that no key opens, in words.
    """

    name: str
    revision: str | None
    is_old: bool = False
    is_new: bool = False
    damage: tuple[str, ...] = ()
    kept: dict[Kept, int] = {}
    closed: tuple[str, ...] = ()


def examine(address: Address, keyring: Keyring, busy_s: float = 5.0) -> Examined:
    """Look at what is there. Raises StoreError when it cannot be read."""
    connections = Connections(address, busy_s)
    try:
        with connections.reading() as connection:
            found, known = revision(connection), revisions()
            if found is None or found not in known:
                return Examined(name=connections.name, revision=found, is_new=found is not None)
            kept, closed = _secrets(connection, keyring)
            return Examined(
                name=connections.name,
                revision=found,
                is_old=found != known[-1],
                damage=connections.damage(connection),
                kept=kept,
                closed=closed,
            )
    finally:
        connections.close()


def _secrets(connection: Connection, keyring: Keyring) -> tuple[dict[Kept, int], tuple[str, ...]]:
    counts, closed = dict.fromkeys(Kept, 0), []
    for thing, row in _rows(connection):
        for state in specs.secrets_of(row, thing, keyring):
            counts[state] += 1
        try:
            specs.opened(row, thing, keyring)
        except SealError as error:
            closed.append(str(error))
    return counts, tuple(closed)


def _rows(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    for thing in ("monitor", "channel"):
        for row in connection.execute(select(METADATA.tables[thing])).mappings():
            yield thing, dict(row)
