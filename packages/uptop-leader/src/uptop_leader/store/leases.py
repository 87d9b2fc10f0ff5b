"""The lease as a row, and what makes sure that nothing is written under one that is over.

Read and changed on a connection of its own, beside writers and readers, so that a renewal waits for
nobody. Only a change of the epoch needs the lock that writers hold in common on the row: a renewal
passes them, and a take-over waits for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, cast, func, select, update

from uptop_core.errors import StoreError
from uptop_leader.election.lease import Row
from uptop_leader.store import facts, puts
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Update

    from uptop_leader.store.connections import Connections

_LEASE = METADATA.tables["lease"]
_ONE = _LEASE.c.id == 1
_FIRST = puts.insert_new(_LEASE)
_SERVER = cast(func.pg_postmaster_start_time(), String)


class LeaseLost(StoreError):
    """Raised when something is to be written under a lease that another node holds now."""

    def __init__(self) -> None:
        super().__init__("another leader holds the lease: nothing was written")


class Leases:
    """The lease of one database. Every method raises StoreError."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def look(self, known: int) -> Row:
        """The lease as it stands, after the highest epoch that is known was told to it."""
        with self._connections.apart() as connection:
            row = _row(connection)
            if known > row.highest:
                told = update(_LEASE).where(_ONE, _LEASE.c.highest < known)
                connection.execute(told.values(highest=known))
            return row

    def renew(self, term: Row) -> Row | None:
        """The lease renewed; None when it is not ours any more, or not what it was."""
        with self._connections.apart() as connection:
            # One beat more is our own renewal whose answer was lost.
            mine = _LEASE.c.beat.in_((term.beat, term.beat + 1))
            query = update(_LEASE).where(_ONE, _is_term(term.holder, term.epoch), mine)
            return _changed(connection, query.values(beat=_LEASE.c.beat + 1))

    def take(self, seen: Row, holder: str, epoch: int) -> Row | None:
        """The lease taken over; None when it is not as it was seen any more, or not where."""
        with self._connections.apart() as connection:
            same = (
                _is_term(seen.holder, seen.epoch),
                _LEASE.c.beat == seen.beat,
                _SERVER == seen.server,  # noqa: SIM300  what the server says of itself
            )
            query = update(_LEASE).where(_ONE, *same, _LEASE.c.highest < epoch)
            taken = _changed(
                connection,
                query.values(holder=holder, epoch=epoch, beat=_LEASE.c.beat + 1, highest=epoch),
            )
            if taken is not None:
                facts.put(connection, facts.EPOCH, epoch)
            return taken

    def release(self, term: Row) -> None:
        """Give it up: who sees that takes it at once."""
        with self._connections.apart() as connection:
            query = update(_LEASE).where(_ONE, _is_term(term.holder, term.epoch))
            connection.execute(query.values(holder="", beat=_LEASE.c.beat + 1))


def ensure(connection: Connection) -> None:
    """Give a new database its lease, which nobody holds."""
    _FIRST.rows(connection, {"id": 1, "holder": "", "epoch": 0, "beat": 0, "highest": 0})


def insist(connection: Connection, holder: str, epoch: int) -> None:
    """Hold the lease where it is until the end of the transaction. Raises LeaseLost."""
    query = select(_LEASE.c.id).where(_ONE, _is_term(holder, epoch))
    if connection.execute(query.with_for_update(read=True, key_share=True)).first() is None:
        raise LeaseLost


def _is_term(holder: str, epoch: int) -> ColumnElement[bool]:
    return (_LEASE.c.holder == holder) & (_LEASE.c.epoch == epoch)


def _row(connection: Connection) -> Row:
    found = connection.execute(select(_LEASE, _SERVER.label("server")).where(_ONE)).one_or_none()
    if found is None:
        raise StoreError("the database has no lease: it was changed by another program")
    return Row(
        holder=found.holder,
        epoch=found.epoch,
        beat=found.beat,
        highest=found.highest,
        server=found.server,
    )


def _changed(connection: Connection, query: Update) -> Row | None:
    return _row(connection) if connection.execute(query).rowcount == 1 else None
