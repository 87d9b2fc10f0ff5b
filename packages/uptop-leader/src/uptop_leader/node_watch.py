"""Which nodes have gone or come back, told when somebody looks: time alone can do either."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.world import World


class NodeWatch:
    """Of one leader since its start, at `now`."""

    def __init__(self, world: World, now: float) -> None:
        self._world = world
        self._seen = world.standings(now)
        self._heard: frozenset[str] = frozenset()

    def look(self, now: float) -> tuple[set[str], bool]:
        """The nodes that stand elsewhere than at the last look, and whether other probes than then
        have been heard lately enough that the leader need not stand in for them.
        """
        world = self._world
        standings = world.standings(now)
        moved = {node for node, where in standings.items() if self._seen.get(node) != where}
        heard = frozenset(
            node.id
            for node in world.nodes.values()
            if not node.own
            and not node.stopping
            and now - max(node.heard, world.since) <= world.constants.take_over
        )
        others_heard = heard != self._heard
        self._seen, self._heard = standings, heard
        return moved, others_heard
