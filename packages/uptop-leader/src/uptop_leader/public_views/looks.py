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
    """What the nodes of one region see: how many fresh votes, how many say up, and the response
    times of those.
    """

    fresh: int = 0
    up: int = 0
    latencies_ns: tuple[int, ...] = ()

    @property
    def latency_ms(self) -> float | None:
        """The median of the response times."""
        found = self.latencies_ns
        return found[0] / 1e6 if len(found) == 1 else _median(found)  # one in most regions


_NOTHING, _DOWN = Sight(), Sight(fresh=1)


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
    why: str = ""
    target: str = ""
    is_part: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it stands for its members."""
        return self.type == "group"

    @property
    def latency_ms(self) -> float | None:
        """The median of the response times from everywhere."""
        return _median([one for sight in self.sights.values() for one in sight.latencies_ns])


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
        voters = state.votes  # who has not voted makes no other vote count
        count = count_votes(monitor, state, voters, self._standings, snapshot.rules, snapshot.now)
        return Look(
            id=monitor.id,
            name=monitor.name,
            type=monitor.kind,
            status=state.shown,
            judged=state.status,
            belief=state.belief,
            since=to_ms(state.shown_since),
            parent=monitor.parent,
            sights=self._sights(state, count.fresh),
            why=_why(state, count.fresh.values(), openness) if openness.errors else "",
            target=target_of(monitor.check) if openness.targets else "",
        )

    def _sights(self, state: MonitorState, fresh: Mapping[str, Vote]) -> dict[str, Sight]:
        sights: dict[str, Sight] = {}
        for node in state.votes:
            region = self._regions.get(node, "")
            seen, before = _sight(fresh.get(node)), sights.get(region)
            sights[region] = seen if before is None else _together(before, seen)
        return sights


def _sight(vote: Vote | None) -> Sight:
    if vote is None:
        return _NOTHING
    if not vote.up:
        return _DOWN
    return Sight(1, 1, (vote.latency_ns,) if vote.latency_ns else ())


def _together(one: Sight, other: Sight) -> Sight:
    latencies_ns = one.latencies_ns + other.latencies_ns
    return Sight(one.fresh + other.fresh, one.up + other.up, latencies_ns)


def _median(latencies_ns: Iterable[int]) -> float | None:
    known = sorted(latencies_ns)
    if not known:
        return None
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
