"""A version of the leader that has one migration more: a copy of its package with a step beside the others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import uptop_leader
from uptop_leader.store.migrate import FOLDER, revisions

if TYPE_CHECKING:
    from collections.abc import Mapping

NEXT = f"{int(revisions()[-1]) + 1:04}"
_STEP = '''"""A step of a later version."""

import time
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("monitor", sa.Column("later", sa.String(), server_default="yes", nullable=False))
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE incident SET detail = detail")
    op.execute("DELETE FROM transition") if {fails} else None
    {then}
'''
WELL = "op.execute('INSERT INTO later VALUES (1)')"
FAILS = "op.execute('INSERT INTO nowhere VALUES (1)')"


def stands_still(mark: Path) -> str:
    """The end of a step that says by a file that it is in the midst, and does not go on."""
    return f"Path({str(mark)!r}).touch() or time.sleep(600)"


def newer(folder: Path, then: str = WELL) -> Mapping[str, str]:
    """Make such a version in `folder`, with a step that ends with `then`; the environment in which
    a process is of that version.
    """
    package = Path(uptop_leader.__file__).parent
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    step = _STEP.format(revision=NEXT, before=revisions()[-1], fails=then != WELL, then=then)
    (copy / FOLDER.relative_to(package) / "versions" / f"{NEXT}_later.py").write_text(step)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}
