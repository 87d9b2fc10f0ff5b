"""The last results that were stored, in order, for whoever copies them or is given them back."""

from __future__ import annotations

import uuid
from collections import deque
from typing import TYPE_CHECKING

from uptop_leader.copying.words import ResultsPage

if TYPE_CHECKING:
    from uptop_leader.changes import Changes, StoredResult
    from uptop_leader.nodes import Ledger

LIMIT = 50_000  # results that are remembered
PAGE = 2_000


class ResultRing:
    """What this process has stored. `keeps` is switched on while there is somebody to copy it."""

    def __init__(self) -> None:
        self.boot = uuid.uuid4().hex
        self.keeps = False
        self.given = 0
        """Up to which part the other node has been given what is here."""
        self._upto = 0
        self._size = 0
        self._parts: deque[tuple[int, list[StoredResult], list[Ledger]]] = deque()

    def add(self, changes: Changes) -> None:
        """Remember what a pass has stored."""
        if not self.keeps or not changes.results:
            return
        self._upto += 1
        self._parts.append((self._upto, changes.results, list(changes.ledgers.values())))
        self._size += len(changes.results)
        while self._size > LIMIT and len(self._parts) > 1:
            self._size -= len(self._parts.popleft()[1])

    def after(self, boot: str, number: int) -> ResultsPage:
        """What came after `number` of the process `boot`."""
        first = self._parts[0][0] if self._parts else self._upto + 1
        if boot != self.boot or number + 1 < first:
            return ResultsPage(boot=self.boot, upto=self._upto, reached=False)
        results: list[StoredResult] = []
        ledgers: dict[tuple[str, str], Ledger] = {}
        upto = number
        for part, stored, touched in self._parts:
            if part <= number:
                continue
            if results and len(results) + len(stored) > PAGE:
                break
            results += stored
            ledgers |= {(ledger.node, ledger.instance): ledger for ledger in touched}
            upto = part
        return ResultsPage(
            boot=self.boot,
            upto=upto,
            results=results,
            ledgers=list(ledgers.values()),
            more=upto < self._upto,
        )
