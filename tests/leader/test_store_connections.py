"""How the database is connected to: what a power cut, a second writer and a reader meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uptop_leader.store.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

NORMAL, FULL = 1, 2


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    connections = Connections(tmp_path / "uptop.db", 0.05)
    try:
        yield connections
    finally:
        connections.close()


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_a_weighty_commit_is_flushed_and_others_are_not(connections: Connections) -> None:
    for flush, expected in ((True, FULL), (False, NORMAL), (True, FULL)):
        with connections.writing(flush=flush) as connection:
            assert pragma(connection, "synchronous") == expected


def test_readers_go_on_beside_a_writer(connections: Connections) -> None:
    with connections.reading() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "foreign_keys") == 1
