"""What each node is told to do: which monitors it has, and which rechecks it owes. Pure.

An ETag names both, and its beginning the monitors alone: a node that has those is told of the
rechecks only, which change all the time while something is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from uptop_core.wire import Recheck
from uptop_leader.rounds import has_answered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from uptop_leader.states import MonitorState


class Orders:
    """Of one leader since its start, which sets them apart from those of any other."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._rechecks: dict[str, dict[str, Recheck]] = defaultdict(dict)  # by node and monitor
        self._edition: dict[str, int] = defaultdict(int)  # how often its monitors have changed
        self._asked: dict[str, int] = defaultdict(int)  # how often its rechecks have changed
        self._rechecking: set[str] = set()  # monitors of which somebody is asked for a recheck

    def change(self, nodes: Iterable[str]) -> None:
        """The monitors of these nodes are not what they were."""
        for node in nodes:
            self._edition[node] += 1

    def edition(self, node: str) -> str:
        """Names the monitors of a node."""
        return f"{self._started:.3f}.{self._edition[node]}"

    def etag(self, node: str) -> str:
        """Names all that a node is told: another one when that has changed."""
        return f"{self.edition(node)}.{self._asked[node]}"

    def rechecks_of(self, node: str) -> tuple[Recheck, ...]:
        """The open rechecks of a node."""
        return tuple(self._rechecks[node].values())

    def names_monitors(self, node: str, etag: str) -> bool:
        """Whether who has what `etag` names has the monitors that the node has now."""
        return etag.rpartition(".")[0] == self.edition(node)

    def follow(
        self,
        states: Iterable[MonitorState],
        nodes: Collection[str],
        nodes_of: Callable[[str], Collection[str]],
    ) -> set[str]:
        """Keep who is asked to recheck what, for the monitors of these states; the nodes that are
        asked for more."""
        woken: set[str] = set()
        for state in states:
            if state.run is None and state.monitor not in self._rechecking:
                continue
            owing = _owing(state, nodes_of(state.monitor))
            for node in nodes:
                asked = self._rechecks[node]
                before = asked.get(state.monitor)
                after = owing.get(node)
                if before == after:
                    continue
                self._asked[node] += 1
                if after is None:
                    del asked[state.monitor]
                else:
                    asked[state.monitor] = after
                    woken.add(node)
            if owing:
                self._rechecking.add(state.monitor)
            else:
                self._rechecking.discard(state.monitor)
        return woken


def _owing(state: MonitorState, assigned: Collection[str]) -> dict[str, Recheck]:
    run = state.run
    if run is None or run.pause_until is not None:
        return {}
    recheck = Recheck(run.recheck, state.monitor)
    return {
        node: recheck
        for node in assigned
        if node not in state.votes or not has_answered(state.votes[node], run)
    }
