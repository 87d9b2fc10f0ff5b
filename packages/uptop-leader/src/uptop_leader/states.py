"""What the leader believes of each monitor, and what it needs to go on judging after a restart."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from uptop_core.votes import Vote
from uptop_leader.telling import Telling


class Belief(StrEnum):
    """As last confirmed; PENDING until the first judgement."""

    PENDING = "PENDING"
    UP = "UP"
    DOWN = "DOWN"


class Status(StrEnum):
    """What is shown of a monitor: the belief and what qualifies it."""

    PENDING = "PENDING"
    UP = "UP"
    PARTIAL = "PARTIAL"
    DEGRADED = "DEGRADED"
    LATE = "LATE"
    UNKNOWN = "UNKNOWN"
    DOWN = "DOWN"
    PAUSED = "PAUSED"
    MAINTENANCE = "MAINTENANCE"


class Run(Struct, frozen=True, kw_only=True):
    """An open run: the rounds that confirm or deny a change of belief (DESIGN 9).

    Times are Unix seconds. `began` is when the current round began; `pause_until` is set between
    two rounds. `lost` and `neutral` count rounds in a row that went against the belief or
    neither way. `accusers` are the nodes that have spoken against the belief since the run opened.
    `first` is when the first result against the belief was observed. `asked` says that nobody's
    word opened it: it was opened to find out, and `first` is when it opened until somebody speaks.
    """

    id: str
    opened: float
    first: float
    round: int = 1
    began: float
    pause_until: float | None = None
    lost: int = 0
    neutral: int = 0
    asked: bool = False
    accusers: frozenset[str] = frozenset()
    earlier: frozenset[str] = frozenset()
    """The accusers at the start of the current round."""

    @property
    def recheck(self) -> str:
        """The id of the current round's recheck."""
        return f"{self.id}.{self.round}"


class PushState(Struct, frozen=True, kw_only=True):
    """The last signals of a push job. Times are Unix seconds.

    `awaited` is since when the first heartbeat is waited for; it says nothing once one was heard.
    """

    awaited: float | None = None
    heard: float | None = None
    started: float | None = None
    failed: bool = False
    detail: str = ""
    run_time_s: float | None = None


class Recovered(Struct, frozen=True, kw_only=True):
    """An incident that people were told of, and that ended while they were told nothing."""

    incident: str
    started: float
    ended: float
    reasons: str = ""


class Maintained(Struct, frozen=True, kw_only=True):
    """A maintenance that a monitor is in since `since`. Times are Unix seconds.

    `names` are those of the maintenances at its beginning, `status` is what was judged then.
    `recovered` is what people do not know yet. `over` is when it ended, as long as the state waits
    to be judged by fresh votes before anybody is told.
    """

    since: float
    names: tuple[str, ...]
    status: Status
    recovered: Recovered | None = None
    over: float | None = None


class MonitorState(Struct, frozen=True, kw_only=True, gc=False):
    """The belief and status of one monitor with all that the next judgement needs.

    `votes` holds each node's newest result, abstaining ones too; `electors` the nodes that have
    voted since they were assigned; `accused` those that said down and have not said up since. `confirmed` are the nodes whose down vote was confirmed by a
    closed round; `confirmed_before` is that set as it was when the open incident began.
    `incidents` counts the incidents so far; `told` counts notifications, for their keys.
    `cert_told` are the ends of the certificates that were warned of, newest last; `telling` is what
    else people were told.
    `status` is what was judged; `shown` is what people see, MAINTENANCE as long as that lasts.
    """

    monitor: str
    belief: Belief = Belief.PENDING
    since: float
    status: Status = Status.PENDING
    status_since: float
    votes: dict[str, Vote] = {}
    overtaken: dict[str, Vote] = {}
    """What a node said last, where its newest result is a fault of our own."""
    electors: frozenset[str] = frozenset()
    accused: frozenset[str] = frozenset()
    first_vote: float | None = None
    run: Run | None = None
    confirmed: frozenset[str] = frozenset()
    confirmed_before: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    """Nodes whose word against the belief is not new: it stood when the last run closed, and they
    have not taken it back. A change of belief does not date from them."""
    tied: bool = False
    unknown_since: float | None = None
    incident: str | None = None
    incidents: int = 0
    told: int = 0
    cert_end: int | None = None
    cert_told: tuple[int, ...] = ()
    push: PushState | None = None
    telling: Telling = Telling()
    maintenance: Maintained | None = None

    @property
    def shown(self) -> Status:
        """The status with MAINTENANCE over it; a paused monitor is paused all the same."""
        if self.maintenance is None or self.status is Status.PAUSED:
            return self.status
        return Status.MAINTENANCE

    @property
    def shown_since(self) -> float:
        """Since when `shown` is."""
        if self.maintenance is None or self.status is Status.PAUSED:
            return self.status_since
        return self.maintenance.since


def fresh_state(monitor_id: str, now: float) -> MonitorState:
    """The state of a monitor that was just made, or resumed."""
    return MonitorState(monitor=monitor_id, since=now, status_since=now, unknown_since=now)


def differs_beyond_votes(before: MonitorState | None, after: MonitorState) -> bool:
    """Whether more than the newest votes has changed (those are stored on their own)."""
    return before is None or replace(before, votes=after.votes) != after
