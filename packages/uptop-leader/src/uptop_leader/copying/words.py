"""What a follower and its leader say to each other to copy, and to give back."""

from __future__ import annotations

from msgspec import Struct

from uptop_leader.changes import StoredResult
from uptop_leader.nodes import Ledger
from uptop_leader.store.change_log import RowChange


class Source(Struct, frozen=True, kw_only=True):
    """Whose rows these are. `keyed` says that secrets are sealed there; `alive_ms` is when that
    node last said that it writes.
    """

    cluster: str
    schema: str
    epoch: int
    keyed: bool
    config_version: int
    alive_ms: int | None


class ChangesPage(Struct, frozen=True, kw_only=True):
    """Changes after a number; `reached` is false when the log does not go back that far. `newest`
    is the number of the last one that there is.
    """

    source: Source
    upto: int
    newest: int = 0
    changes: list[RowChange] = []
    more: bool = False
    reached: bool = True


class RowsPage(Struct, frozen=True, kw_only=True):
    """All rows of a thing beyond a key, some at a time; `at` is the number of the last change
    before they were read.
    """

    source: Source
    at: int
    rows: list[RowChange]
    more: bool


class Digests(Struct, frozen=True, kw_only=True):
    """What the rows of each thing come to, when `at` is the number of the last change; none when
    that is another number than was asked for.
    """

    at: int
    digests: dict[str, str] = {}


class ResultsPage(Struct, frozen=True, kw_only=True):
    """Results in the order they were stored, with the ledgers that hold them.

    `boot` names the process, `upto` the last of what it remembers; `reached` is false when it does
    not remember what comes after the number that was asked with.
    """

    boot: str
    upto: int
    results: list[StoredResult] = []
    ledgers: list[Ledger] = []
    more: bool = False
    reached: bool = True


class HistoryPage(Struct, frozen=True, kw_only=True):
    """Stored results observed from a moment on, the oldest first; `upto_ms` is how far they go."""

    results: list[StoredResult]
    upto_ms: int
    more: bool


class Gift(Struct, frozen=True, kw_only=True):
    """What the node that was active gives back. Rows, or results with their ledgers. `base` is the
    last change of the taker that the giver has copied.
    """

    epoch: int
    cluster: str
    base: int = 0
    changes: list[RowChange] = []
    results: list[StoredResult] = []
    ledgers: list[Ledger] = []
