"""Step 13: monitors, states, votes and incidents → what the API, the status page and metrics show.

Pure: `now` (Unix seconds) is an argument. The views themselves are core's, for whoever reads them.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from uptop_core.checks.push import PushCheck
from uptop_core.views import ChannelView, IncidentView, MonitorView, NodeView, PushView, VoteView
from uptop_core.votes import Vote
from uptop_leader.ballots import Rules, count_votes, reason_words
from uptop_leader.nodes import Standing
from uptop_leader.offsets import OFF_MS
from uptop_leader.pushes import deadlines
from uptop_leader.states import MonitorState, Status, fresh_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.check import Check
    from uptop_core.monitors import Monitor
    from uptop_leader.channels import Channel, ChannelHealth
    from uptop_leader.incidents import Incident
    from uptop_leader.nodes import Node

ERROR_LIMIT = 200  # characters of `MonitorView.error`
_FORGOTTEN = Standing(live=False, offline=True, left=True)  # of a node that is not known any more
_FINE = (Status.UP, Status.PAUSED)


class Observed(Protocol):
    """The uptime of a monitor over some window: seconds, by time and not by checks."""

    @property
    def up_s(self) -> float: ...
    @property
    def down_s(self) -> float: ...
    @property
    def observed_s(self) -> float: ...
    @property
    def window_s(self) -> float: ...


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything a view is made from, as it stood at `now`."""

    now: float
    monitors: Mapping[str, Monitor]
    states: Mapping[str, MonitorState]
    nodes: Mapping[str, Node]
    standings: Mapping[str, Standing]
    uptimes: Mapping[str, Observed]
    rules: Rules

    def state(self, monitor_id: str) -> MonitorState:
        """The state of a monitor; that of a new one where it has none yet."""
        return self.states.get(monitor_id) or fresh_state(monitor_id, self.now)


def monitor_views(snapshot: Snapshot) -> tuple[MonitorView, ...]:
    """All monitors, in the order they were set up."""
    return tuple(monitor_view(snapshot, monitor) for monitor in snapshot.monitors.values())


def monitor_view(snapshot: Snapshot, monitor: Monitor) -> MonitorView:
    """One monitor as it stands."""
    state = snapshot.state(monitor.id)
    votes = vote_views(snapshot, monitor, state)
    fresh = [vote for vote in votes if vote.fresh]
    uptime, covered = uptime_percent(snapshot.uptimes.get(monitor.id))
    return MonitorView(
        id=monitor.id,
        name=monitor.name,
        type=monitor.kind,
        status=state.shown.value,
        since=_ms(state.shown_since),
        judged=state.status.value,
        belief=state.belief.value,
        maintenance=state.maintenance.names if state.maintenance is not None else (),
        push=push_view(monitor, state),
        target=target_of(monitor.check),
        error=error_of(monitor, state, votes),
        latency_ms=_median(fresh),
        uptime_24h=uptime,
        covered_24h=covered,
        votes_up=sum(vote.up for vote in fresh),
        votes_fresh=len(fresh),
        votes_expected=len(state.electors),
        votes=votes,
        rechecking=state.run is not None,
        incident=state.incident,
        cert_end=state.cert_end,
        interval=monitor.interval,
        timeout=monitor.effective_timeout,
        regions=monitor.regions,
        aggregation=monitor.aggregation,
        min_votes=monitor.min_votes,
        parent=monitor.parent,
        depends_on=monitor.depends_on,
        channels=monitor.channels,
        tags=monitor.tags,
        description=monitor.description,
        runbook=monitor.runbook,
        paused=monitor.paused,
    )


def push_view(monitor: Monitor, state: MonitorState) -> PushView | None:
    """What a push job has said, and by when it is expected; None for other kinds."""
    check, push = monitor.check, state.push
    if not isinstance(check, PushCheck):
        return None
    waits_since = None if push is None or push.failed else push.heard or push.awaited
    until = None if waits_since is None else deadlines(monitor, waits_since)
    return PushView(
        heard=None if push is None or push.heard is None else _ms(push.heard),
        started=None if push is None or push.started is None else _ms(push.started),
        run_time_ms=None if push is None or push.run_time_s is None else _ms(push.run_time_s),
        late_at=None if until is None else _ms(until.late),
        down_at=None if until is None else _ms(until.down),
        cron=check.cron,
        timezone=(check.timezone or "UTC") if check.cron else "",
    )


def vote_views(snapshot: Snapshot, monitor: Monitor, state: MonitorState) -> tuple[VoteView, ...]:
    """What each node last saw, in the order the nodes joined; fresh is what the judge counts."""
    voters = (*state.votes, *state.electors)
    standings = {node: snapshot.standings.get(node, _FORGOTTEN) for node in voters}
    count = count_votes(monitor, state, standings, standings, snapshot.rules, snapshot.now)

    def place(vote: Vote) -> tuple[float, str]:
        node = snapshot.nodes.get(vote.node)
        return (node.rank if node is not None else math.inf, vote.node)

    return tuple(
        vote_view(vote, snapshot.nodes.get(vote.node), fresh=vote.node in count.fresh)
        for vote in sorted(state.votes.values(), key=place)
    )


def vote_view(vote: Vote, node: Node | None, *, fresh: bool = False) -> VoteView:
    """One vote, with the name and region its node has now."""
    return VoteView(
        node=vote.node,
        name=node.name if node else vote.node,
        region=node.region if node else "",
        up=vote.up,
        fresh=fresh,
        observed=_ms(vote.observed),
        reason=vote.reason.value if vote.reason else None,
        detail=vote.detail,
        latency_ms=round(vote.latency_ns / 1e6, 3) if vote.latency_ns else None,
        status_code=vote.status_code,
        address=vote.address,
        failed=vote.failed,
    )


def node_views(
    nodes: Mapping[str, Node], standings: Mapping[str, Standing]
) -> tuple[NodeView, ...]:
    """All nodes in the order they joined."""
    ordered = sorted(nodes.values(), key=lambda node: (node.rank, node.id))
    return tuple(node_view(node, standings.get(node.id)) for node in ordered)


def node_view(node: Node, standing: Standing | None) -> NodeView:
    """One node and where it stands."""
    gone = standing is None or standing.left
    trouble, since = _trouble(node)
    return NodeView(
        id=node.id,
        name=node.name or node.id,
        region=node.region,
        state="left" if gone else "offline" if standing and standing.offline else "online",
        version=node.version,
        own=node.own,
        joined=_ms(node.joined),
        heard=_ms(node.heard),
        address=node.address,
        offset_ms=node.offset_ms,
        rtt_ms=node.record.rtt_ms,
        is_clock_off=abs(node.offset_ms or 0) > OFF_MS,
        dropped=node.record.dropped,
        lost_from=None if node.record.lost_from is None else _ms(node.record.lost_from),
        lost_until=None if node.record.lost_until is None else _ms(node.record.lost_until),
        missed=node.record.missed,
        lag_ms=node.record.lag_ms,
        kinds=node.kinds,
        trouble=trouble,
        trouble_since=since,
    )


def _trouble(node: Node) -> tuple[str, int | None]:
    if node.troubles.blind is not None:
        return "blind", _ms(node.troubles.blind)
    if node.troubles.odd is not None:
        return "odd_one", _ms(node.troubles.odd)
    return "", None


def incident_view(
    incident: Incident, nodes: Mapping[str, Node], *, with_evidence: bool = False
) -> IncidentView:
    """One incident."""
    shown = incident.evidence if with_evidence else ()
    return IncidentView(
        id=incident.id,
        monitor=incident.monitor,
        name=incident.name,
        number=incident.number,
        started=_ms(incident.started),
        confirmed=_ms(incident.confirmed),
        ended=None if incident.ended is None else _ms(incident.ended),
        late=incident.late,
        cause=incident.cause,
        reasons=incident.reasons,
        detail=incident.detail,
        maintenance=incident.maintenance,
        untold=incident.untold,
        child_of=incident.child_of,
        evidence=tuple(vote_view(vote, nodes.get(vote.node)) for vote in shown),
    )


def channel_view(channel: Channel, health: ChannelHealth | None) -> ChannelView:
    """One channel without its settings, which are secrets for the most part."""
    view = ChannelView(
        id=channel.id,
        name=channel.name,
        type=channel.provider.kind(),
        fallback=channel.fallback,
    )
    if health is None:
        return view
    return ChannelView(
        id=view.id,
        name=view.name,
        type=view.type,
        fallback=view.fallback,
        last_sent=None if health.last_sent is None else _ms(health.last_sent),
        last_failed=None if health.last_failed is None else _ms(health.last_failed),
        last_error=health.last_error,
        failing_since=None if health.failing_since is None else _ms(health.failing_since),
        sent=health.sent,
        failed=health.failed,
        passed_on=health.passed_on,
    )


def uptime_percent(observed: Observed | None) -> tuple[float | None, float | None]:
    """Uptime and covered, in percent, cut (not rounded) to 3 places: 100 means all of it.

    Uptime is None where nothing was observed; unobserved time counts as neither up nor down.
    """
    if observed is None or observed.window_s <= 0:
        return None, None
    covered = cut_percent(observed.observed_s, observed.window_s)
    return cut_percent(observed.up_s, observed.up_s + observed.down_s), covered


def cut_percent(part: float, whole: float) -> float | None:
    """`part` of `whole` in percent, cut to 3 places: 100 means all of it; None of nothing."""
    return _cut(part / whole) if whole > 0 else None


def target_of(check: Check) -> str:
    """What is looked at, for people who are logged in; credentials in a URL are left out."""
    url = getattr(check, "url", "")
    if url:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    host, port = check.host() or "", getattr(check, "port", None)
    return f"{host}:{port}" if host and port else host


def error_of(monitor: Monitor, state: MonitorState, votes: Iterable[VoteView]) -> str:
    """One short sentence on what is wrong; empty where nothing is."""
    if state.status in _FINE and not state.run:
        return _abstained(votes)
    if monitor.kind == "push":
        if state.push is None or state.push.heard is None:
            return "no heartbeat yet"
        return state.push.detail or "no heartbeat in time"
    fresh = {vote.node for vote in votes if vote.fresh}
    against = [vote for vote in state.votes.values() if vote.node in fresh and not vote.up]
    if not against:
        return _abstained(votes)
    newest = max(against, key=lambda vote: vote.observed)
    words = reason_words(against)
    return _short(f"{words}: {newest.detail}" if newest.detail else words)


def _abstained(votes: Iterable[VoteView]) -> str:
    """Errors of our own or of the configuration: no votes, and yet somebody should know."""
    told = (vote for vote in votes if vote.reason in ("blocked_target", "internal_error"))
    return next((_short(f"{vote.reason}: {vote.detail}") for vote in told), "")


def _median(fresh: Iterable[VoteView]) -> float | None:
    known = [vote.latency_ms for vote in fresh if vote.up and vote.latency_ms is not None]
    return round(statistics.median(known), 3) if known else None


def _short(text: str) -> str:
    return text if len(text) <= ERROR_LIMIT else text[: ERROR_LIMIT - 1] + "…"


def _cut(ratio: float) -> float:
    return min(100.0, math.floor(ratio * 100_000 + 1e-9) / 1000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
