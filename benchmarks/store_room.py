"""The room that history takes: two days of 100 monitors, seen by three nodes every 60 s, rolled up
and sealed as they grow. Pages are counted by SQLite's own table of them, where it was built in.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks import Row
from benchmarks.store_rows import BATCH, NODES, START, compact_copy, results, set_up
from uptop_leader.seal import Keyring
from uptop_leader.store.store import Store

MONITORS, INTERVAL_S = 100, 60.0
_DAY_S, _HOUR_S = 86_400.0, 3600.0
_TABLES = {
    "pack": "raw results, sealed",
    "rollup_five": "rollups of 5 minutes",
    "rollup_hour": "rollups of an hour",
    "rollup_day": "rollups of a day",
}
_ROOM = "SELECT sum(pgsize) FROM dbstat WHERE name = ?"


def measure(*, short: bool = False) -> list[Row]:
    """Two days of results, an hour of them at a time."""
    days, monitors = (1, 2) if short else (2, MONITORS)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "uptop.db", Keyring(), START)
        try:
            set_up(store, monitors)
            _live(store, days, monitors)
            return _rows(compact_copy(store, Path(folder)), days * monitors)
        finally:
            store.close()


def _live(store: Store, days: int, monitors: int) -> None:
    """Let days pass, and housekeeping come round each hour."""
    until, batch = START + days * _DAY_S, 0
    at = housekept = START
    while at < until:
        changes = results(batch, monitors, INTERVAL_S)
        store.write(changes, at)
        batch += 1
        at = START + batch * BATCH / (monitors * NODES) * INTERVAL_S
        if at - housekept >= _HOUR_S:
            housekept = at
            store.roll_up(at)
            store.seal(at)
    store.roll_up(until + 2 * _HOUR_S)
    store.seal(until + 2 * _HOUR_S)


def _rows(database: Path, monitor_days: int) -> list[Row]:
    with closing(sqlite3.connect(database)) as connection:
        try:
            room = {table: connection.execute(_ROOM, (table,)).fetchone()[0] for table in _TABLES}
        except sqlite3.OperationalError:  # this SQLite was built without that table
            room = {}
    return [
        Row(
            what=f"{words}, of a monitor × 3 and day",
            measured=None if table not in room else room[table] / monitor_days / 1000,
            unit="kB",
        )
        for table, words in _TABLES.items()
    ]
