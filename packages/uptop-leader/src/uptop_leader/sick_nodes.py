"""Sick nodes (DESIGN 9): which nodes are lost, see what nobody else sees, or are blind. Pure.

In: the nodes, what they reported lately, the votes, now. Out: what has begun or ended with which
node. What was told stands with the node (`Node.troubles`), so that a restart tells nothing twice.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.monitors import Monitor
from uptop_leader.nodes import Node, Standing, Troubles
from uptop_leader.states import MonitorState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptop_core.constants import TimeConstants
    from uptop_core.outcomes import Reason
    from uptop_core.votes import Vote
    from uptop_leader.changes import StoredResult

WINDOW_S = 30.0  # results this young tell of an odd one
LEAST_FAILURES = 5
LEAST_HOSTS = 3
WITNESSES = 2  # other nodes that see it up
_WELL_SHARE = 0.2  # an odd one is well again when it is alone with no more of its votes


class News(Struct, frozen=True, kw_only=True):
    """Something to tell of a node: `event` is node_offline, node_online, odd_one or blind. Times
    are Unix seconds. `monitors` are those it shows in, `reasons` its failures, counted.
    """

    node: str
    event: str
    since: float
    until: float | None = None
    reasons: Mapping[Reason, int] = {}
    monitors: tuple[str, ...] = ()


class Scene(Struct, frozen=True, kw_only=True):
    """All that is known at `now`; `since` is since when this leader listens."""

    monitors: Mapping[str, Monitor]
    states: Mapping[str, MonitorState]
    assigned: Mapping[str, tuple[str, ...]]
    standings: Mapping[str, Standing]
    recent: RecentResults
    constants: TimeConstants
    since: float
    now: float

    def votes_of(self, node: str) -> Iterator[tuple[str, Vote]]:
        """The newest vote of a node on each monitor it has, but for our own faults."""
        for monitor, state in self.states.items():
            vote = state.votes.get(node)
            if vote is not None and (vote.isolated or not vote.abstains):
                yield monitor, vote

    def hosts(self, monitors: Iterable[str]) -> int:
        """How many hosts these monitors look at."""
        checks = (self.monitors[one].check for one in monitors if one in self.monitors)
        return len({host for check in checks if (host := check.host()) is not None})

    def is_unknown(self, monitor: str) -> bool:
        """Whether that is what is shown of it."""
        state = self.states.get(monitor)
        return state is not None and state.status is Status.UNKNOWN

    def is_lonely(self, node: str, monitor: str) -> bool:
        """Whether no other node sees it down."""
        votes = self.states[monitor].votes.values()
        return not any(
            not vote.up and not vote.abstains and vote.node != node and self._is_here(vote.node)
            for vote in votes
        )

    def is_contradicted(self, node: str, monitor: str, observed: float) -> bool:
        """Whether two other nodes have seen it up since the node saw it fail."""
        state = self.states.get(monitor)
        votes = state.votes.values() if state is not None else ()
        witnesses = sum(
            vote.up and vote.observed >= observed and vote.node != node and self._is_here(vote.node)
            for vote in votes
        )
        return witnesses >= WITNESSES

    def _is_here(self, node: str) -> bool:
        where = self.standings.get(node)
        return where is not None and not where.offline


class _Failed(Struct, frozen=True, gc=False):
    observed: float
    monitor: str
    reason: Reason


class _Lately(Struct):
    """When one node has seen something up, and what has failed for it."""

    up: deque[float]
    failed: deque[_Failed]

    def forget(self, before: float) -> None:
        while self.up and self.up[0] < before:
            self.up.popleft()
        while self.failed and self.failed[0].observed < before:
            self.failed.popleft()


class RecentResults:
    """What each node has reported of the last half minute. In memory only: after a restart it
    fills again soon enough.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Lately] = {}

    def note(self, results: Iterable[StoredResult], now: float) -> None:
        """Take results over as they are stored."""
        oldest = now - WINDOW_S
        for result in results:
            if result.observed < oldest:
                continue
            lately = self._nodes.get(result.node)
            if lately is None:
                lately = self._nodes[result.node] = _Lately(deque(), deque())
            reason = result.reason
            if reason is None:
                lately.up.append(result.observed)
            elif not reason.abstains:
                lately.failed.append(_Failed(result.observed, result.monitor, reason))
        for lately in self._nodes.values():
            lately.forget(oldest)

    def has_failures(self, node: str) -> bool:
        """Whether anything has failed for it of late."""
        return node in self._nodes and bool(self._nodes[node].failed)

    def of(self, node: str, now: float) -> tuple[int, list[_Failed]]:
        """How many results it has given in the last half minute, and those that failed; none
        where too few failed to matter.
        """
        lately, oldest = self._nodes.get(node), now - WINDOW_S
        if lately is None or len(lately.failed) < LEAST_FAILURES:
            return 0, []
        failed = [one for one in lately.failed if one.observed >= oldest]
        return len(failed) + sum(observed >= oldest for observed in lately.up), failed


def examine(node: Node, scene: Scene) -> tuple[Troubles, News | None]:
    """The troubles of a node from now on, and what there is to tell of that."""
    if node.own:
        blind, news = _blindness(node, scene)
        if news is not None or blind.blind is not None:
            return blind, news
        return _oddness(node, scene)
    lost, news = _loss(node, scene)
    if news is not None or scene.standings[node.id].offline:
        return lost, news
    return _oddness(node, scene)


def _loss(node: Node, scene: Scene) -> tuple[Troubles, News | None]:
    """Offline for a while, and back again. A node that said it stops is not missed."""
    troubles = node.troubles
    if troubles.offline is None:
        silence = scene.now - max(node.heard, scene.since)
        if node.stopping or silence < scene.constants.told:
            return troubles, None
        news = News(node=node.id, event="node_offline", since=node.heard)
        return replace(troubles, offline=node.heard), news
    if node.heard <= troubles.offline:
        return troubles, None
    news = News(node=node.id, event="node_online", since=troubles.offline, until=node.heard)
    return replace(troubles, offline=None), news


def _oddness(node: Node, scene: Scene) -> tuple[Troubles, News | None]:
    """The odd one out: most of what it looked at fails for it, and for nobody else."""
    troubles = node.troubles
    news = _odd(node.id, scene)
    if troubles.odd is None and news is not None:
        return replace(troubles, odd=news.since), news
    if troubles.odd is not None and news is None and _is_well(node.id, scene):
        return replace(troubles, odd=None), None
    return troubles, None


def _odd(node: str, scene: Scene) -> News | None:
    looks, failures = scene.recent.of(node, scene.now)
    failed = [one for one in failures if scene.is_contradicted(node, one.monitor, one.observed)]
    monitors = dict.fromkeys(one.monitor for one in failed)
    if (
        len(failed) < LEAST_FAILURES
        or 2 * len(failed) <= looks
        or scene.hosts(monitors) < LEAST_HOSTS
    ):
        return None
    return News(
        node=node,
        event="odd_one",
        since=min(one.observed for one in failed),
        reasons=Counter(one.reason for one in failed),
        monitors=tuple(monitors),
    )


def _is_well(node: str, scene: Scene) -> bool:
    votes = list(scene.votes_of(node))
    lonely = sum(not vote.up and scene.is_lonely(node, monitor) for monitor, vote in votes)
    return bool(votes) and lonely <= _WELL_SHARE * len(votes)


def _blindness(node: Node, scene: Scene) -> tuple[Troubles, News | None]:
    """The leader's own line: nothing but network failures without proof, until something else."""
    troubles = node.troubles
    if troubles.blind is None:
        if troubles.odd is not None or not scene.recent.has_failures(node.id):
            return troubles, None
        since = _blind_since(node.id, scene)
        return (troubles if since is None else replace(troubles, blind=since)), None
    given = [monitor for monitor, nodes in scene.assigned.items() if node.id in nodes]
    until = _sight_since(node.id, troubles.blind, scene) if given else scene.now
    if until is None:
        unseen = troubles.unseen.union(one for one in given if scene.is_unknown(one))
        return replace(troubles, unseen=unseen), None
    news = News(
        node=node.id,
        event="blind",
        since=troubles.blind,
        until=until,
        monitors=tuple(troubles.unseen),
    )
    return replace(troubles, blind=None, unseen=frozenset()), news


def _sight_since(node: str, blind: float, scene: Scene) -> float | None:
    """Since when it sees again; None while that is a lucky look or two on a bad line."""
    votes = {one: vote for one, vote in scene.votes_of(node) if vote.observed > blind}
    seen = {one: vote.observed for one, vote in votes.items() if not vote.isolated}
    has_enough = scene.hosts(seen) >= LEAST_HOSTS and 2 * len(seen) > len(votes)
    if not seen or not (has_enough or len(seen) == len(votes)):
        return None
    return min(seen.values())


def _blind_since(node: str, scene: Scene) -> float | None:
    votes = dict(scene.votes_of(node))
    last_sight = max((vote.observed for vote in votes.values() if not vote.isolated), default=0.0)
    unseen = {
        monitor: vote.observed
        for monitor, vote in votes.items()
        if vote.isolated and vote.observed > last_sight
    }
    return min(unseen.values()) if scene.hosts(unseen) >= LEAST_HOSTS else None


def is_left_alone(
    monitor: Monitor, state: MonitorState, nodes: Mapping[str, Node], scene: Scene
) -> bool:
    """Whether nobody can say how a monitor is because its nodes are lost or blind: then that is
    told with the node, and not once for each of its monitors.
    """
    assigned = [nodes[one] for one in scene.assigned.get(monitor.id, ()) if one in nodes]
    away = [node for node in assigned if _is_away(node, scene)]
    if len(assigned) - len(away) >= monitor.min_votes:
        return False
    return any(_explains(node, state, scene) for node in away)


def _is_away(node: Node, scene: Scene) -> bool:
    return node.troubles.blind is not None or scene.standings[node.id].offline


def _explains(node: Node, state: MonitorState, scene: Scene) -> bool:
    """Whether the verdict became UNKNOWN when the node was lost, and not for another reason."""
    if state.unknown_since is None or node.stopping or node.troubles.hushed:
        return False
    if node.troubles.blind is not None:
        return node.id in state.votes and state.votes[node.id].isolated
    last = max(node.heard, scene.since)
    return last <= state.unknown_since <= last + scene.constants.silence
