"""The levels of history: raw results, five minutes, hours, days; each made of the one below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table

from uptop_leader.store import facts
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Level:
    """Rollups of one length. `below` is None where they are made of raw results."""

    def __init__(self, name: str, length_ms: int, below: Level | None) -> None:
        self.name = name
        self.length_ms = length_ms
        self.below = below
        self.table: Table = METADATA.tables[f"rollup_{name}"]

    def start_of(self, moment_ms: int) -> int:
        """The start of the bucket that holds the moment."""
        return moment_ms - moment_ms % self.length_ms


FIVE = Level("five", 300_000, None)
HOUR = Level("hour", 3_600_000, FIVE)
DAY = Level("day", 86_400_000, HOUR)
LEVELS = (FIVE, HOUR, DAY)

RAW = "raw"


def kept_from(connection: Connection, source: Level | None) -> int:
    """From when on the rows of a level (None: raw results) are all there."""
    return facts.number(connection, _kept_key(source))


def keep_from(connection: Connection, source: Level | None, moment_ms: int) -> None:
    """Remember that rows before the moment are being removed."""
    facts.put(connection, _kept_key(source), moment_ms)


def _kept_key(source: Level | None) -> str:
    return f"kept_from_{source.name if source else RAW}"
