"""What the leader's API shows of monitors, nodes, incidents and channels (`/api/v1`).

The leader makes these (step 13), the terminal UI and scripts read them. Readers ignore fields they
do not know. Times are Unix milliseconds UTC, latencies milliseconds, uptimes percent (100 only
where nothing at all was missed) or null where nothing was observed. No view carries a secret.
"""

from __future__ import annotations

import math
from functools import lru_cache

from msgspec import Struct

from uptop_core.history_views import RangeView, RegionView
from uptop_core.outcomes import FailedCondition


class PhasesView(Struct, frozen=True, kw_only=True):
    """How long the phases of one look took; null for one that did not happen."""

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    transfer_ms: float | None = None


class VoteView(Struct, frozen=True, kw_only=True):
    """What one node last saw of a monitor at `observed`. Only a `fresh` vote counts.

    `proof` is what proved the node's own line after a network failure: host (another host
    answered), leader (nobody but the leader), none, or null where no proof is needed. `aside` says
    why a vote does not count: isolated (a failure that nothing proves), outweighed (only the leader
    proves it, and another node sees it up), fault (one of our own or of the settings), stale,
    offline (the node is), or not_expected.
    """

    node: str
    name: str
    region: str
    up: bool
    fresh: bool
    observed: int
    reason: str | None = None
    detail: str = ""
    latency_ms: float | None = None
    phases: PhasesView | None = None
    status_code: int | None = None
    address: str | None = None
    failed: tuple[FailedCondition, ...] = ()
    proof: str | None = None
    aside: str = ""


class PushView(Struct, frozen=True, kw_only=True):
    """What a push job has said: when it was heard last, when it began if it is running, how long
    its last run took, and by when it is expected next: then it is LATE, and later DOWN.
    """

    heard: int | None = None
    started: int | None = None
    run_time_ms: int | None = None
    late_at: int | None = None
    down_at: int | None = None
    cron: str = ""
    timezone: str = ""


class MonitorView(Struct, frozen=True, kw_only=True):
    """One monitor as it stands. `votes_up` of `votes_fresh` votes say up, `votes_expected` nodes
    should have voted. `error` is one short sentence where something is wrong. `latency_ms` is the
    median of the fresh votes that say up. `rechecking` means that a run is open. `judged` is the
    status that lies beneath MAINTENANCE, else the same as `status`; `belief` is PENDING, UP or DOWN.
    """

    id: str
    name: str
    type: str
    status: str
    since: int
    judged: str = ""
    belief: str = ""
    maintenance: tuple[str, ...] = ()
    push: PushView | None = None
    target: str = ""
    error: str = ""
    latency_ms: float | None = None
    uptime_24h: float | None = None
    covered_24h: float | None = None
    votes_up: int = 0
    votes_fresh: int = 0
    votes_expected: int = 0
    votes: tuple[VoteView, ...] = ()
    rechecking: bool = False
    incident: str | None = None
    cert_end: int | None = None
    interval: float = 60.0
    timeout: float = 5.0
    regions: tuple[str, ...] = ()
    aggregation: str | None = None
    min_votes: int = 1
    parent: str | None = None
    depends_on: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    runbook: str = ""
    paused: bool = False
    ranges: tuple[RangeView, ...] = ()
    by_region: tuple[RegionView, ...] = ()


TROUBLES = ("blind", "odd_one", "offline", "two_of_one_id", "clock_off")
"""What can be wrong with a node."""


class TroubleView(Struct, frozen=True, kw_only=True):
    """Something that is wrong with a node, and since when where that is known.

    `kind` is blind (the leader's own line is gone), odd_one (it sees down what others see up),
    offline (unheard, and it did not say that it stops), two_of_one_id (another process with its id
    asks to be let in), or clock_off (its clock is more than 5 s wrong).
    """

    kind: str
    since: int | None = None


class CanariesView(Struct, frozen=True, kw_only=True):
    """The canaries of a node: how many it has, and when it `asked` last, which is only where it
    doubts its own line: `up` answered, `failed` did not, the rest was not waited for.
    """

    count: int
    up: int = 0
    failed: int = 0
    asked: int | None = None


class NodeView(Struct, frozen=True, kw_only=True):
    """One node. `state` is online, offline (unheard for a minute) or left (expected no more).

    `rtt_ms` is the round trip of the exchange that `offset_ms` was measured with; `is_clock_off`
    says that the offset is more than it should be. `dropped` results were lost to a full spool,
    the last of them observed between `lost_from` and `lost_until`. `missed` ticks were not started
    in time, and `lag_ms` is the worst delay of those that were, as last told. `waiting` results
    stayed behind in its spool; null where it does not tell.

    `own` marks the leader itself; `offset_ms` is the node's clock minus the leader's. `troubles`
    are what is wrong with it, the worst first. `key_used` is when it used its own key last, where it
    `has_key`.
    """

    id: str
    name: str
    region: str
    state: str
    version: str = ""
    own: bool = False
    joined: int = 0
    heard: int = 0
    address: str = ""
    offset_ms: int | None = None
    rtt_ms: int | None = None
    is_clock_off: bool = False
    dropped: int = 0
    lost_from: int | None = None
    lost_until: int | None = None
    missed: int = 0
    lag_ms: int = 0
    kinds: tuple[str, ...] = ()
    troubles: tuple[TroubleView, ...] = ()
    has_key: bool = False
    key_used: int | None = None
    waiting: int | None = None
    canaries: CanariesView | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with it most of all; empty where nothing is."""
        return self.troubles[0].kind if self.troubles else ""


class AcknowledgementView(Struct, frozen=True, kw_only=True):
    """Who has taken an incident on, when, and what they wrote."""

    at: int
    by: str
    note: str = ""


class IncidentView(Struct, frozen=True, kw_only=True):
    """One incident; `ended` is null while it is open. `evidence` is shown when one is asked for.

    `maintenance` names what the monitor was in when it was confirmed. `untold` says why nobody was
    told of its beginning (yet), and is empty when people were; `child_of` is the incident of what
    the monitor depends on, where that is to blame. One that is `acknowledged` is not reminded of.
    """

    id: str
    monitor: str
    name: str
    number: int
    started: int
    confirmed: int
    ended: int | None = None
    cause: str = ""
    reasons: str = ""
    detail: str = ""
    maintenance: str = ""
    untold: str = ""
    child_of: str | None = None
    late: bool = False
    acknowledged: AcknowledgementView | None = None
    evidence: tuple[VoteView, ...] = ()


class ChannelView(Struct, frozen=True, kw_only=True):
    """One channel and how it has been doing; its settings are not shown. `failing_since` is when it
    failed first after it last got through, `passed_on` counts what went to its fallback channel.
    """

    id: str
    name: str
    type: str
    fallback: str | None = None
    last_sent: int | None = None
    last_failed: int | None = None
    last_error: str = ""
    failing_since: int | None = None
    sent: int = 0
    failed: int = 0
    passed_on: int = 0


class MaintenanceView(Struct, frozen=True, kw_only=True):
    """One maintenance: once from `start` to `end`, or each time `rrule` comes true, for `duration`
    seconds. `monitors` and `groups` are ids as set up, `covered` all monitors that it is for.
    `next_start` and `next_end` are its time that is now (`active`) or next, null if there is none.
    """

    id: str
    name: str
    start: int | None = None
    end: int | None = None
    rrule: str | None = None
    duration: float | None = None
    timezone: str = "UTC"
    monitors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    all: bool = False
    covered: tuple[str, ...] = ()
    active: bool = False
    next_start: int | None = None
    next_end: int | None = None


@lru_cache(maxsize=1024)  # lists tell many that are alike
def percent(value: float | None, places: int = 2) -> str:
    """A percentage for people, cut and not rounded: `99.98 %`; a dash for none."""
    if value is None:
        return "–"
    cut = math.floor(value * 10**places + 1e-6) / 10**places
    return f"{cut:.{places + 3}g} %"
