"""All tables. Rows stay in this package: outside of it there are values only.

What a database really has is made by `migrations`, and a test compares the two.
"""

from __future__ import annotations

from uptop_leader.store import engine_rows, history_rows, setup_rows
from uptop_leader.store.rows import METADATA

MODULES = (setup_rows, engine_rows, history_rows)
"""Where the tables are; importing them makes METADATA whole."""

__all__ = ["METADATA", "MODULES"]
