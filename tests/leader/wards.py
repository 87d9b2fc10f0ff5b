"""Nodes, what they see, and a time to examine them at, for tests of sick nodes."""

from __future__ import annotations

from msgspec.structs import replace

from uptop_core.checks.http import HttpCheck
from uptop_core.constants import TimeConstants
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.changes import StoredResult
from uptop_leader.nodes import Node, standing
from uptop_leader.sick_nodes import News, RecentResults, Scene, examine, is_left_alone
from uptop_leader.states import MonitorState, fresh_state

START = 1_000_000.0
CONSTANTS = TimeConstants()


def node(name: str, **facts: object) -> Node:
    """A node that was heard just now."""
    known = Node(id=name, name=name, region="", rank=0, joined=START, heard=START)
    return replace(known, **facts)


class Stage:
    """Monitors of so many hosts, looked at by nodes a, b and c; the first says what it sees."""

    def __init__(self, monitors: int = 6, hosts: int = 6, nodes: str = "abc") -> None:
        self.now = START
        self.nodes = {name: node(name) for name in nodes}
        self.monitors = {
            f"m{n}": Monitor(
                id=f"m{n}", name=f"M{n}", check=HttpCheck(url=f"https://h{n % hosts}.example")
            )
            for n in range(monitors)
        }
        self.votes: dict[str, dict[str, Vote]] = {monitor: {} for monitor in self.monitors}
        self.recent = RecentResults()
        self.since = START - 1000
        self.unknown: dict[str, float] = {}

    def vote(
        self, who: str, monitor: str, up: bool = True, *, at: float = 0.0,
        reason: Reason = Reason.TIMEOUT, isolated: bool = False,
    ) -> None:  # fmt: skip
        """A result `at` seconds from the start, with its vote."""
        why = None if up else reason
        self.votes[monitor][who] = Vote(
            node=who, observed=START + at, up=up, reason=why, isolated=isolated
        )
        stored = StoredResult(
            monitor=monitor, node=who, observed=START + at, latency_ns=1, reason=why
        )
        self.recent.note([stored], max(self.now, START + at))

    def all_see(self, who: str, up: bool = True, **facts: object) -> None:
        """Each of these nodes votes the same on all monitors."""
        for one in who:
            for monitor in self.monitors:
                self.vote(one, monitor, up, **facts)  # type: ignore[arg-type]  # by name

    def scene(self, at: float = 0.0) -> Scene:
        self.now = START + at
        nodes = self.nodes.values()
        return Scene(
            monitors=self.monitors,
            states={monitor: self.state(monitor) for monitor in self.monitors},
            assigned={monitor: tuple(self.nodes) for monitor in self.monitors},
            standings={one.id: standing(one, CONSTANTS, self.since, self.now) for one in nodes},
            recent=self.recent,
            constants=CONSTANTS,
            since=self.since,
            now=self.now,
        )

    def state(self, monitor: str) -> MonitorState:
        return replace(
            fresh_state(monitor, START),
            votes=self.votes[monitor],
            unknown_since=self.unknown.get(monitor),
        )

    def examine(self, who: str = "a", at: float = 0.0) -> News | None:
        """Examine a node, which keeps the troubles that are found."""
        troubles, news = examine(self.nodes[who], self.scene(at))
        self.nodes[who] = replace(self.nodes[who], troubles=troubles)
        return news

    def is_alone(self, monitor: str, at: float) -> bool:
        return is_left_alone(
            self.monitors[monitor], self.state(monitor), self.nodes, self.scene(at)
        )
