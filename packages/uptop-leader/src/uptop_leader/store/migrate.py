"""Brings a database to the tables of this version: forward only, all steps in one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from uptop_core.errors import StoreTooNew

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision of this version."""
    return str(ScriptDirectory(str(_FOLDER)).get_current_head())


def migrate(connection: Connection) -> None:
    """Take the steps that are missing, in the transaction that `connection` is in.

    Raises StoreTooNew when the database is at a revision that this version does not know.
    """
    steps = ScriptDirectory(str(_FOLDER))
    found = MigrationContext.configure(connection).get_current_revision()
    if found == steps.get_current_head():
        return
    if found is not None and found not in {step.revision for step in steps.walk_revisions()}:
        raise StoreTooNew(found)
    environment = EnvironmentContext(
        Config(), steps, fn=lambda revision, _: steps._upgrade_revs("head", revision)
    )
    environment.configure(connection)
    environment.run_migrations()
