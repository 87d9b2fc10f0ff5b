"""What push jobs told a leader that stands by, until the one that acts has taken it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete, insert, select

from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from uptop_leader.store.connections import Connections

_SIGNAL = METADATA.tables["signal"]
_AT_ONCE = 1000


class Waiting(Struct, frozen=True):
    """A signal that waits; `number` is its place in the order in which they came."""

    number: int
    monitor: str
    signal: str
    detail: str


class Signals:
    """The signals of one database. Every method raises StoreError."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(self, monitor: str, signal: str, detail: str) -> None:
        """Keep a signal for the leader that acts."""
        row = {"monitor": monitor, "signal": signal, "detail": detail}
        with self._connections.writing(flush=True) as connection:
            connection.execute(insert(_SIGNAL), row)

    def waiting(self) -> list[Waiting]:
        """The oldest of those that wait, in their order."""
        with self._connections.reading() as connection:
            query = select(_SIGNAL).order_by(_SIGNAL.c.number).limit(_AT_ONCE)
            return [Waiting(*row) for row in connection.execute(query)]

    def forget(self, number: int) -> None:
        """One of them is taken."""
        with self._connections.writing(flush=True) as connection:
            connection.execute(delete(_SIGNAL).where(_SIGNAL.c.number == number))
