"""What tests of the leader may use: databases of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.leader.databases import Databases, Files, ServerDatabases
from tests.postgres_server import PostgresServer, running
from uptop_leader.store.addresses import Dsn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.store.addresses import Address


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Makes databases; a test that uses it runs on both kinds."""
    if request.param == "sqlite":
        yield Files(tmp_path)
        return
    made = ServerDatabases(request.getfixturevalue("postgres"))
    yield made
    made.clear()


@pytest.fixture
def address(databases: Databases) -> Address:
    """A database that nobody has opened yet."""
    return databases.new()


@pytest.fixture
def dsn(postgres: PostgresServer) -> Iterator[Dsn]:
    """A database of the server."""
    made = ServerDatabases(postgres)
    address = made.new()
    assert isinstance(address, Dsn)
    yield address
    made.clear()
