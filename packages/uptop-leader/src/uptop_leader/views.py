"""Step 13: monitors, their states and votes → what the API, the status page and metrics show.

Pure: `now` (Unix seconds) is an argument. The views themselves are core's, for whoever reads them.
"""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from uptop_core.checks.push import PushCheck
from uptop_core.views import MonitorView, PushView, VoteView
from uptop_leader.assign import may_run
from uptop_leader.ballots import Rules, reason_words
from uptop_leader.percents import uptime_percent
from uptop_leader.pushes import deadlines
from uptop_leader.states import MonitorState, Status, fresh_state
from uptop_leader.times import to_ms, to_ms_or_none
from uptop_leader.vote_views import vote_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptop_core.check import Check
    from uptop_core.monitors import Monitor
    from uptop_leader.nodes import Node, Standing
    from uptop_leader.percents import Observed

ERROR_LIMIT = 200  # characters of `MonitorView.error`
_FINE = (Status.UP, Status.PAUSED)


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
        since=to_ms(state.shown_since),
        judged=state.status.value,
        belief=state.belief.value,
        maintenance=state.maintenance.names if state.maintenance is not None else (),
        push=push_view(monitor, state),
        target=target_of(monitor.check),
        error=error_of(monitor, state, votes, snapshot.nodes.values()),
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
        heard=None if push is None else to_ms_or_none(push.heard),
        started=None if push is None else to_ms_or_none(push.started),
        run_time_ms=None if push is None else to_ms_or_none(push.run_time_s),
        late_at=None if until is None else to_ms(until.late),
        down_at=None if until is None else to_ms(until.down),
        cron=check.cron,
        timezone=(check.timezone or "UTC") if check.cron else "",
    )


def target_of(check: Check) -> str:
    """What is looked at, for people who are logged in; credentials in a URL are left out."""
    url = getattr(check, "url", "")
    if url:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    host, port = check.host() or "", getattr(check, "port", None)
    return f"{host}:{port}" if host and port else host


def error_of(
    monitor: Monitor, state: MonitorState, votes: Iterable[VoteView], nodes: Iterable[Node]
) -> str:
    """One short sentence on what is wrong; empty where nothing is."""
    if state.status in _FINE and not state.run:
        return _abstained(votes)
    if state.status is Status.DEGRADED:
        return _softly_failed(votes)
    if state.status is Status.UNKNOWN and monitor.check.runs:
        return _too_few(votes, len(state.electors), monitor.min_votes) or _unseen(monitor, nodes)
    if monitor.kind == "push":
        if state.push is None or state.push.heard is None:
            return "no heartbeat yet"
        return state.push.detail or "no heartbeat in time"
    fresh = {vote.node for vote in votes if vote.fresh}
    against = [vote for vote in state.votes.values() if vote.node in fresh and not vote.up]
    if not against:
        is_new = state.status is Status.PENDING and monitor.check.runs
        return _abstained(votes) or (_unseen(monitor, nodes, "") if is_new else "")
    newest = max(against, key=lambda vote: vote.observed)
    words = reason_words(against)
    return _short(f"{words}: {newest.detail}" if newest.detail else words)


def _abstained(votes: Iterable[VoteView]) -> str:
    """Errors of our own or of the configuration: no votes, and yet somebody should know."""
    told = (vote for vote in votes if vote.reason in ("blocked_target", "internal_error"))
    return next((_short(f"{vote.reason}: {vote.detail}") for vote in told), "")


def _softly_failed(votes: Iterable[VoteView]) -> str:
    """Which soft conditions fail, and in how many fresh votes."""
    soft = [one for vote in votes if vote.fresh and vote.up for one in vote.failed if one.soft]
    counts = Counter(one.text for one in soft)
    found = {one.text: one.found for one in soft}
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _short(", ".join(f"{number} × {text} ({found[text]})" for text, number in ranked))


def _too_few(votes: Iterable[VoteView], expected: int, min_votes: int) -> str:
    """Why nobody can say how it is; what came of our own faults or the settings goes before.
    Empty where nobody is expected to say."""
    known = list(votes)
    fresh = sum(vote.fresh for vote in known)
    needed = max(expected // 2 + 1, min_votes)
    words = [f"{fresh} of {expected} votes, {needed} needed"] if expected else []
    unproven = sum(vote.aside == "isolated" for vote in known)
    if unproven:
        words.append(f"{unproven} without proof of line")
    return _abstained(known) or "; ".join(words)


def _unseen(monitor: Monitor, nodes: Iterable[Node], otherwise: str = "no node looks at it") -> str:
    """Why no node looks at it, where none of those that there are may; else what is said
    `otherwise`."""
    known = list(nodes)
    if not known or any(may_run(node, monitor) for node in known):
        return otherwise
    if not any(monitor.runs_in(node.region) for node in known):
        return _short(f"no node looks at it: none is in {', '.join(monitor.regions)}")
    return f"no node looks at it: none there knows the kind {monitor.kind}"


def _median(fresh: Iterable[VoteView]) -> float | None:
    known = [vote.latency_ms for vote in fresh if vote.up and vote.latency_ms is not None]
    return round(statistics.median(known), 3) if known else None


def _short(text: str) -> str:
    return text if len(text) <= ERROR_LIMIT else text[: ERROR_LIMIT - 1] + "…"
