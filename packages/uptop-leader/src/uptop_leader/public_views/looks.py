"""How every monitor looks to the public just now: its status, and its regions. Pure.

This is less than the API's view of a monitor and is made some three times as fast, since the page is
made anew for everybody who looks at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from uptop_leader.ballots import count_votes, reason_words
from uptop_leader.nodes import Standing
from uptop_leader.public_views.openness import Openness, shown_monitors
from uptop_leader.public_views.partial_groups import with_partial_groups
from uptop_leader.states import Status
from uptop_leader.times import to_ms
from uptop_leader.views import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.monitors import Monitor
    from uptop_core.votes import Vote
    from uptop_leader.states import MonitorState
    from uptop_leader.views import Snapshot

_GONE = Standing(live=False, offline=True, left=True)  # of a node that is not known any more
_FINE = (Status.UP, Status.PAUSED, Status.PENDING, Status.UNKNOWN)


class Sight(Struct, frozen=True, gc=False):
    """What the nodes of one region see: how many fresh votes, how many say up, and the median of
    the response times of those.
    """

    fresh: int
    up: int
    latency_ms: float | None


class Look(Struct, frozen=True, kw_only=True, gc=False):
    """One monitor. `since` is in Unix milliseconds, `judged` the status beneath MAINTENANCE.
    `sights` are by region, those too whose votes are all too old. `why` and `target` are empty
    where they may not be told. `is_part` says that a group has members that are hidden, and that
    its status is of the others only.
    """

    id: str
    name: str
    type: str
    status: str
    judged: str
    belief: str
    since: int
    parent: str | None
    sights: dict[str, Sight]
    latency_ms: float | None
    why: str = ""
    target: str = ""
    is_part: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it stands for its members."""
        return self.type == "group"


def looks(snapshot: Snapshot, openness: Openness) -> tuple[Look, ...]:
    """The monitors that may be shown, in the order they were set up."""
    maker = _Looks(snapshot, openness)
    shown = shown_monitors(snapshot.monitors, openness)
    seen = {monitor.id: maker.look(monitor) for monitor in shown.values()}
    if len(shown) < len(snapshot.monitors):
        seen = with_partial_groups(seen, snapshot.monitors)
    return tuple(seen.values())


class _Standings(dict[str, Standing]):
    """Where nodes stand, those too that are not known any more."""

    def __missing__(self, node: str) -> Standing:
        return _GONE


class _Looks:
    """Makes looks of one snapshot."""

    def __init__(self, snapshot: Snapshot, openness: Openness) -> None:
        self._snapshot = snapshot
        self._openness = openness
        self._standings = _Standings(snapshot.standings)
        self._regions = {node.id: node.region for node in snapshot.nodes.values()}

    def look(self, monitor: Monitor) -> Look:
        """One monitor."""
        snapshot, openness = self._snapshot, self._openness
        state = snapshot.state(monitor.id)
        voters = (*state.votes, *state.electors)
        count = count_votes(monitor, state, voters, self._standings, snapshot.rules, snapshot.now)
        return Look(
            id=monitor.id,
            name=monitor.name,
            type=monitor.kind,
            status=state.shown.value,
            judged=state.status.value,
            belief=state.belief.value,
            since=to_ms(state.shown_since),
            parent=monitor.parent,
            sights=self._sights(state, count.fresh),
            latency_ms=_median(count.fresh.values()),
            why=_why(state, count.fresh.values(), openness) if openness.errors else "",
            target=target_of(monitor.check) if openness.targets else "",
        )

    def _sights(self, state: MonitorState, fresh: Mapping[str, Vote]) -> dict[str, Sight]:
        by_region: dict[str, list[Vote]] = {}
        for node in state.votes:
            own = by_region.setdefault(self._regions.get(node, ""), [])
            if node in fresh:
                own.append(fresh[node])
        return {region: _sight(votes) for region, votes in by_region.items()}


def _sight(votes: list[Vote]) -> Sight:
    if len(votes) == 1:  # as in most regions
        vote = votes[0]
        latency = vote.latency_ns / 1e6 if vote.up and vote.latency_ns else None
        return Sight(1, int(vote.up), latency)
    return Sight(len(votes), sum(vote.up for vote in votes), _median(votes))


def _median(votes: Iterable[Vote]) -> float | None:
    known = [vote.latency_ns for vote in votes if vote.up and vote.latency_ns]
    if not known:
        return None
    known.sort()
    middle, is_odd = divmod(len(known), 2)
    both = known[middle] if is_odd else (known[middle - 1] + known[middle]) / 2
    return both / 1e6


def _why(state: MonitorState, fresh: Iterable[Vote], openness: Openness) -> str:
    """Why it is not up; what a target said only where targets may be told, since it may name it."""
    if state.status in _FINE:
        return ""
    against = [vote for vote in fresh if not vote.up]
    words = reason_words(against)
    if not against or not openness.targets:
        return words
    detail = max(against, key=lambda vote: vote.observed).detail
    return f"{words}: {detail}" if detail else words
