"""Brings a database to the tables of this version: forward only, all steps in one transaction.

alembic takes 10 MB of memory, so it is imported only where there is a step to take.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, inspect, select

from uptop_core.errors import StoreTooNew

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "migrations"
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def revisions() -> list[str]:
    """All revisions that this version knows, the newest last; the files are named by them."""
    return sorted(step.name.partition("_")[0] for step in (FOLDER / "versions").glob("[0-9]*.py"))


def migrate(connection: Connection) -> None:
    """Take the steps that are missing, in the transaction that `connection` is in.

    Raises StoreTooNew when the database is at a revision that this version does not know.
    """
    found = revision(connection)
    known = revisions()
    if found is not None and found not in known:
        raise StoreTooNew(found)
    if found != known[-1]:
        _take_steps(connection)


def revision(connection: Connection) -> str | None:
    """The revision the database is at; None when it is new."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def _take_steps(connection: Connection) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(FOLDER))
    environment = EnvironmentContext(
        Config(), steps, fn=lambda revision, _: steps._upgrade_revs("head", revision)
    )
    environment.configure(connection)
    environment.run_migrations()
