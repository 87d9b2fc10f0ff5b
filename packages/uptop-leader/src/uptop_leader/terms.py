"""Part of step 1: since when each node has a monitor as it is now, and until when it had it.

Kept beside the assignments because results arrive after them: what a node saw before a monitor was
given to it, or given back, or changed, is no vote any more; what it saw before it was taken away is
history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_leader.ingest import Given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from uptop_core.monitors import Monitor

Pair = tuple[str, str]
"""A monitor and a node, by id."""


class Terms:
    """Of one leader. Times are Unix seconds; what is not known here began before its start."""

    def __init__(self) -> None:
        self.former: dict[Pair, float] = {}
        """Until when those nodes had a monitor that do not have it any more."""
        self.unwritten: dict[Pair, float] = {}
        """What of it the store does not have yet."""
        self._since: dict[Pair, float] = {}
        self._met: set[str] = set()
        self._changed: set[str] = set()

    def given(self, monitor: Monitor | None, name: str, node: str) -> Given | None:
        """How the monitor of the id `name` is given to the node; `monitor` is what it is where
        the node has it now. None where it never had it.
        """
        pair = (name, node)
        if monitor is not None:
            since = self._since.get(pair)
            return Given(monitor) if since is None else Given(monitor, since=since)
        until = self.former.get(pair)
        return None if until is None else Given(None, until=until)

    def change(self, monitors: Iterable[str]) -> None:
        """These are to be looked at in another way: what is still on its way is of the old one."""
        self._changed.update(monitors)

    def follow(
        self,
        monitor: str,
        before: Collection[str],
        nodes: Collection[str],
        voters: Collection[str],
        now: float,
    ) -> None:
        """The monitor is assigned to `nodes`, and was to `before`; `voters` have voted on it.

        At the start of a leader nobody knows who had it before: whoever voted did.
        """
        is_known = monitor in self._met and monitor not in self._changed
        if is_known and nodes == before:
            return
        if monitor not in self._met:
            self._met.add(monitor)
            gained: set[str] = set()
            lost = set(voters) - set(nodes)
        else:
            gained, lost = set(nodes) - set(before), set(before) - set(nodes)
        if monitor in self._changed:
            self._changed.discard(monitor)
            gained = set(nodes)
        for node in gained:
            self._since[monitor, node] = now
        for node in lost:
            self._since.pop((monitor, node), None)
            self.former[monitor, node] = self.unwritten[monitor, node] = now

    def drop(self, monitor: str, before: Iterable[str], now: float) -> None:
        """The monitor was deleted."""
        self._met.discard(monitor)
        self._changed.discard(monitor)
        for node in before:
            self._since.pop((monitor, node), None)
            self.former[monitor, node] = self.unwritten[monitor, node] = now

    def forget(self, before: float) -> None:
        """Drop what ended so long ago that no result of it is taken any more."""
        self.former = {pair: until for pair, until in self.former.items() if until >= before}
