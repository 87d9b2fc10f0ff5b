"""What a leader has written down, read from its database by SQLite alone, running or not."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from uptop_core.votes import Vote
from uptop_leader.nodes import Ledger, Node


class ResultRow(Struct, frozen=True):
    """A raw result; `at` in Unix seconds, `reason` 0 for up."""

    monitor: str
    node: str
    at: float
    reason: int


class IncidentRecord(Struct, frozen=True):
    """An incident as stored; `untold` says why its beginning was not told."""

    votes: tuple[Vote, ...]
    id: str
    monitor: str
    name: str
    confirmed_ms: int
    end_confirmed_ms: int | None
    cause: str
    untold: str
    late: bool


class TransitionRecord(Struct, frozen=True):
    """A transition as stored, with the votes that it rests on."""

    monitor: str
    known_ms: int
    votes: tuple[Vote, ...]


class NotificationRecord(Struct, frozen=True):
    """A row of the outbox; the subject of most is an incident's id."""

    event: str
    subject: str
    monitor: str
    created_ms: int


class History:
    """Questions to the database at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def exists(self) -> bool:
        """Whether there is anything to read."""
        return self._path.exists()

    def select(self, question: str) -> list[Any]:
        """The rows of any question."""
        return self._rows(question)

    def results(self) -> list[ResultRow]:
        """All raw results, the oldest first."""
        rows = self._rows(
            "SELECT m.name, s.node, r.time_ms, r.reason FROM result r"
            " JOIN series s ON s.id = r.series JOIN monitor m ON m.id = s.monitor"
            " ORDER BY r.time_ms"
        )
        return [ResultRow(name, node, ms / 1000, reason) for name, node, ms, reason in rows]

    def times(self, monitor: str) -> dict[str, list[float]]:
        """When each node has looked at a monitor."""
        found: dict[str, list[float]] = defaultdict(list)
        for row in self.results():
            if row.monitor == monitor:
                found[row.node].append(row.at)
        return dict(found)

    def beliefs(self) -> dict[str, str]:
        """What is believed of each monitor, by name."""
        return dict(
            self._rows(
                "SELECT m.name, s.belief FROM state s JOIN monitor m ON m.id = s.monitor"
                " WHERE m.deleted_ms IS NULL"
            )
        )

    def moves(self, monitor: str) -> list[tuple[str, str]]:
        """The transitions of belief of a monitor, from → to, in their order."""
        return self._rows(
            "SELECT t.belief_from, t.belief_to FROM transition t JOIN monitor m ON m.id = t.monitor"
            " WHERE m.name = ? AND t.belief_from <> t.belief_to ORDER BY t.number",
            monitor,
        )

    def shown(self, monitor: str) -> dict[str, float]:
        """When each status of a monitor became known for the first time, Unix seconds."""
        rows = self._rows(
            "SELECT t.status_to, min(t.known_ms) FROM transition t"
            " JOIN monitor m ON m.id = t.monitor WHERE m.name = ? GROUP BY t.status_to",
            monitor,
        )
        return {status: ms / 1000 for status, ms in rows}

    def incidents(self) -> list[IncidentRecord]:
        """All incidents, the oldest first."""
        rows = self._rows(
            "SELECT evidence, id, monitor, name, confirmed_ms, end_confirmed_ms, cause, untold, late"
            " FROM incident ORDER BY started_ms"
        )
        return [IncidentRecord(_votes(evidence), *facts) for evidence, *facts in rows]

    def outbox(self) -> list[tuple[str, str, int, bool]]:
        """(key, event, attempts, whether done), in the order they were written."""
        return self._rows(
            "SELECT key, event, attempts, done_ms IS NOT NULL FROM notification ORDER BY number"
        )

    def notifications(self) -> list[NotificationRecord]:
        """Everything that was to be told, in the order it was written."""
        rows = self._rows(
            "SELECT event, subject, monitor, created_ms FROM notification ORDER BY number"
        )
        return [NotificationRecord(*facts) for facts in rows]

    def transitions(self) -> int:
        """How many changes of belief or status there were, of all monitors."""
        return int(self._rows("SELECT count(*) FROM transition")[0][0])

    def transition_records(self) -> list[TransitionRecord]:
        """Every transition, in the order they became known."""
        rows = self._rows("SELECT monitor, known_ms, evidence FROM transition ORDER BY number")
        return [TransitionRecord(monitor, known, _votes(votes)) for monitor, known, votes in rows]

    def lost(self) -> dict[str, int]:
        """How many results each node has said were lost."""
        rows = self._rows("SELECT data FROM node")
        nodes = [msgspec.msgpack.decode(data, type=Node) for (data,) in rows]
        return {node.id: node.record.dropped for node in nodes}

    def waiting(self) -> int:
        """How many notifications wait to be sent."""
        return sum(not done for *_, done in self.outbox())

    def ledgers(self) -> list[Ledger]:
        """Which results of which instance are there."""
        return [
            msgspec.msgpack.decode(data, type=Ledger)
            for (data,) in self._rows("SELECT data FROM ledger")
        ]

    def seqs(self) -> set[tuple[str, int]]:
        """(instance, seq) of every result that was taken."""
        return {
            (ledger.instance, seq)
            for ledger in self.ledgers()
            for low, high in ledger.ranges
            for seq in range(low, high + 1)
        }

    def counts(self) -> dict[str, int]:
        """How many rows each table has: what must not change when nothing is to be written."""
        tables = (
            "monitor", "channel", "node", "ledger", "state", "vote", "incident", "transition",
            "notification", "result", "user", "token",
        )  # fmt: skip
        return {table: self._rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}

    def _rows(self, query: str, *values: object) -> list[Any]:
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()


def _votes(data: bytes) -> tuple[Vote, ...]:
    return msgspec.msgpack.decode(data, type=tuple[Vote, ...])
