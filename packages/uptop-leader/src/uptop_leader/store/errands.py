"""What a leader that stands by was asked and only the one that acts can do, until that has done it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete, insert, select

from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from uptop_leader.store.connections import Connections

_ERRAND = METADATA.tables["errand"]
_AT_ONCE = 1000


class Errand(Struct, frozen=True):
    """One of them; `number` is its place in the order in which they came."""

    number: int
    kind: str
    body: str


class Errands:
    """The errands of one database. Every method raises StoreError."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(self, kind: str, body: str) -> None:
        """Keep one for the leader that acts."""
        with self._connections.writing(flush=True) as connection:
            connection.execute(insert(_ERRAND), {"kind": kind, "body": body})

    def waiting(self) -> list[Errand]:
        """The oldest of those that wait, in their order."""
        with self._connections.reading() as connection:
            query = select(_ERRAND).order_by(_ERRAND.c.number).limit(_AT_ONCE)
            return [Errand(*row) for row in connection.execute(query)]

    def forget(self, number: int) -> None:
        """One of them is done."""
        with self._connections.writing(flush=True) as connection:
            connection.execute(delete(_ERRAND).where(_ERRAND.c.number == number))
