"""How a database has its tables: columns, keys, indexes, triggers, and what they call."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from pathlib import Path

    from uptop_leader.store.addresses import Dsn

_SERVER = """
SELECT table_name || '.' || column_name || ': ' || data_type || ' null=' || is_nullable
       || ' default=' || coalesce(column_default, '-') || ' identity=' || is_identity
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT relname || ' ' || pg_get_partkeydef(oid) FROM pg_class
  WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace
UNION ALL SELECT inhparent::regclass || ' has ' || relname || ' '
       || pg_get_expr(relpartbound, pg_class.oid)
  FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r'
"""


def file_tables(path: Path) -> dict[str, str]:
    """The statements that make what is in a SQLite file, by name; spaces do not matter."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def server_tables(dsn: Dsn) -> str:
    """What is in a database of PostgreSQL, a thing a line, sorted."""
    with contextlib.closing(psycopg.connect(dsn.text)) as connection:
        lines = [" ".join(line.split()) for (line,) in connection.execute(_SERVER)]
    return "".join(f"{line}\n" for line in sorted(lines))
