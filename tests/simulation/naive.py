"""The rules that are found elsewhere, for comparison. They see every tick's result, in the order in
which results arrive, and nothing else; a probe's proof of line they do not know."""

from __future__ import annotations

from collections import defaultdict

from tests.simulation.beliefs import Beliefs

_IN_A_ROW = 3
_RETRIES = 1


class Naive:
    """One rule over all monitors. `strategy` is whose truth it is measured by."""

    name = ""
    strategy = "majority-down"

    def __init__(self) -> None:
        self.beliefs: dict[str, Beliefs] = defaultdict(Beliefs)

    def see(self, node: str, monitor: str, up: bool, began: float, known: float) -> None:
        """A result has arrived."""
        down = self.is_down(node, monitor, up)
        self.beliefs[monitor].turn(down, began, known)

    def is_down(self, node: str, monitor: str, up: bool) -> bool:
        """What the rule says now."""
        raise NotImplementedError


class LastResult(Naive):
    """The last result wins, whoever it comes from."""

    name = "last result wins"

    def is_down(self, node: str, monitor: str, up: bool) -> bool:
        """See the class."""
        return not up


class StaleAnyDown(Naive):
    """Any place whose newest result is down, however old that is."""

    name = "any-down, no freshness"
    strategy = "any-down"

    def __init__(self) -> None:
        super().__init__()
        self._down: dict[str, set[str]] = defaultdict(set)

    def is_down(self, node: str, monitor: str, up: bool) -> bool:
        """See the class."""
        if up:
            self._down[monitor].discard(node)
        else:
            self._down[monitor].add(node)
        return bool(self._down[monitor])


class RowFromOnePlace(Naive):
    """Three failures in a row from one place; that place must see it up again."""

    name = f"{_IN_A_ROW} in a row, one place"

    def __init__(self) -> None:
        super().__init__()
        self._failed: dict[str, dict[str, int]] = defaultdict(dict)

    def is_down(self, node: str, monitor: str, up: bool) -> bool:
        """See the class."""
        rows = self._failed[monitor]
        rows[node] = 0 if up else rows.get(node, 0) + 1
        return any(row >= _IN_A_ROW for row in rows.values())


class RetriesOverAll(Naive):
    """One retry, whose failures are counted over all places; one success from anywhere ends it."""

    name = "retries over all nodes"

    def __init__(self) -> None:
        super().__init__()
        self._failed: dict[str, int] = defaultdict(int)

    def is_down(self, node: str, monitor: str, up: bool) -> bool:
        """See the class."""
        self._failed[monitor] = 0 if up else self._failed[monitor] + 1
        return self._failed[monitor] > _RETRIES


NAIVE: tuple[type[Naive], ...] = (LastResult, StaleAnyDown, RowFromOnePlace, RetriesOverAll)
