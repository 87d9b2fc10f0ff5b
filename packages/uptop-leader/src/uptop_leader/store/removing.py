"""Removes rows in batches so small that nobody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from uptop_leader.store.connections import Connections

_BATCH = 5_000  # rows of one transaction: some 10 ms


def remove_before(connections: Connections, table: Table, key: Column[int], until: int) -> int:
    """Remove the rows whose key is less than `until`, the lowest first; how many."""
    removed = connections.drop_parts(table, until)
    nth = select(key).where(key < until).order_by(key).limit(1).offset(_BATCH - 1)
    while True:
        with connections.writing() as connection:
            last = connection.execute(nth).scalar_one_or_none()
            some = key < until if last is None else key <= last
            removed += connection.execute(delete(table).where(some)).rowcount
        if last is None:
            return removed
