"""What the HTTP surface asks of the leader: the engine is this, and so is what tests put there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from uptop_core.monitors import Monitor
    from uptop_core.wire import (
        Assignments,
        Health,
        PeerPoll,
        PeerSighting,
        Rechecks,
        Registration,
        ResultsAnswer,
        ResultsBatch,
    )
    from uptop_leader.calendars import Calendar
    from uptop_leader.channels import Channel, ChannelHealth
    from uptop_leader.configuration import Actor, Edit
    from uptop_leader.copying.ring import ResultRing
    from uptop_leader.copying.words import Gift
    from uptop_leader.gauges import Gauges
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.live import Live
    from uptop_leader.nodes import Node, Standing
    from uptop_leader.percents import Observed
    from uptop_leader.regional import ByRegion
    from uptop_leader.reliability import Reliability
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.states import MonitorState
    from uptop_leader.store.audit import AuditEntry, Wanted
    from uptop_leader.store.copies import Copies
    from uptop_leader.store.day_blocks import Days
    from uptop_leader.store.history import Day
    from uptop_leader.store.node_keys import NodeKeys
    from uptop_leader.store.people import People
    from uptop_leader.store.posts import Posts
    from uptop_leader.store.regions import Point, Regional


class Waiting(Protocol):
    """The outbox: how many notifications wait, and for how long the oldest has."""

    @property
    def waiting(self) -> int: ...
    @property
    def oldest_s(self) -> float: ...


class History(Protocol):
    """What is asked of the store. It blocks, so it is called in worker threads."""

    @property
    def cluster_id(self) -> str: ...
    @property
    def people(self) -> People: ...
    @property
    def node_keys(self) -> NodeKeys: ...

    def incidents(
        self,
        *,
        open_only: bool = False,
        monitor: str | None = None,
        limit: int = 50,
        before: float | None = None,
        since: float | None = None,
        beyond: tuple[float, str] | None = None,
    ) -> Sequence[Incident]:
        """Incidents, the newest first, that started before and since; those after the one of that
        start and id.
        """

    def numbered_transitions(
        self, monitor: str | None, limit: int, before: int | None
    ) -> Sequence[tuple[int, Transition]]:
        """Transitions with their numbers, those before a number, the newest first."""

    def audit_log(self, limit: int, wanted: Wanted) -> Sequence[AuditEntry]:
        """Entries of the audit log, the newest first."""

    def incident(self, incident_id: str) -> Incident | None:
        """One incident with its evidence."""

    def incidents_of(self, ids: Collection[str]) -> Sequence[Incident]:
        """The incidents of those ids, as far as there are any."""

    def uptime(self, now: float, seconds: float) -> Mapping[str, Observed]:
        """The uptime of every monitor over the `seconds` before `now`."""

    def reliability(
        self, monitor: str, now: float, windows: Mapping[str, float]
    ) -> Mapping[str, Reliability]:
        """How reliable a monitor was in each window of so many seconds before `now`, by name."""

    def reliability_of_all(self, now: float, seconds: float) -> Mapping[str, Reliability]:
        """How reliable every monitor was over the `seconds` before `now`."""

    def days(self, monitor: str, now: float, days: int) -> Sequence[Day]:
        """The last days of a monitor, the oldest first."""

    def regional(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> Mapping[str, Regional]:
        """How a monitor was in each region."""

    def points(
        self, monitor: str, region_of: Mapping[str, str], now: float, seconds: float
    ) -> Mapping[str, Sequence[Point]]:
        """The latencies of a monitor over time in each region."""

    def day_columns(self, now: float) -> Mapping[str, Days]:
        """The last 90 days of every monitor as columns, today so far the last."""

    @property
    def posts(self) -> Posts:
        """What people have written on the status page."""

    def outbox_depth(self, now: float) -> Waiting:
        """What waits to be sent."""

    def channel_health(self) -> Sequence[ChannelHealth]:
        """How each channel has been doing."""


class Leader(Protocol):
    """The engine as handlers see it."""

    @property
    def settings(self) -> LeaderSettings: ...
    @property
    def store(self) -> History: ...
    @property
    def live(self) -> Live: ...
    @property
    def version(self) -> int: ...
    @property
    def monitors(self) -> Mapping[str, Monitor]: ...
    @property
    def channels(self) -> Mapping[str, Channel]: ...
    @property
    def states(self) -> Mapping[str, MonitorState]: ...
    @property
    def nodes(self) -> Mapping[str, Node]: ...

    @property
    def lately(self) -> ByRegion:
        """How every monitor was in each region in the last hour."""

    @property
    def calendar(self) -> Calendar: ...

    def clock_now(self) -> float:
        """Unix seconds on the leader's steady clock."""

    def standings(self) -> Mapping[str, Standing]:
        """Where every node stands now."""

    def health(self) -> Health:
        """Whether the leader does what its role asks."""

    def gauges(self) -> Gauges:
        """The program's own health."""

    async def register(self, registration: Registration, address: str) -> Node:
        """Take a node in; InstanceConflict when another live process has its id."""

    async def submit(self, batch: ResultsBatch, received: float) -> ResultsAnswer:
        """Take results; returns after the commit. Unregistered, InstanceConflict, Behind."""

    def hear(self, node_id: str) -> str:
        """A node asks; the ETag of its assignments. Unregistered when it is not known."""

    def assignments(self, node_id: str) -> tuple[str, Assignments]:
        """The ETag and the assignments of a node; Unregistered when it is not known."""

    def rechecks(self, node_id: str, etag: str) -> Rechecks | None:
        """The node's open rechecks, where its monitors are still those that `etag` names."""

    async def assignments_changed(self, node_id: str, etag: str, seconds: float) -> None:
        """Return as soon as the node's ETag is not `etag` any more, or after `seconds`."""

    async def heartbeat(self, token: str, signal: str, detail: str) -> bool:
        """Take a push job's signal: success, start, fail or an exit code; False: no such token."""

    async def edit(self, edit: Edit, actor: Actor) -> int:
        """Write what `edit` makes of the configuration as it is then, whole; the new version."""

    async def follow(self) -> None:
        """Take over what was written into the database beside `edit`."""

    async def acknowledge(self, incident: str, by: str, note: str) -> Incident:
        """Take an open incident (an id) on; Conflict when it is over."""

    async def look_again(self, monitors: tuple[str, ...]) -> tuple[str, ...]:
        """Have monitors (ids) rechecked now; those that are."""

    async def note(self, actor: Actor, what: str, about: str, detail: str = "") -> None:
        """Write into the audit log what somebody did that changed no configuration."""

    async def test_channel(self, channel_id: str) -> str | None:
        """Send a test message; None when it got through, else the error in words."""


class Pairing(Protocol):
    """One of two leaders, as the other one and the probes see it."""

    @property
    def ring(self) -> ResultRing: ...
    @property
    def copies(self) -> Copies: ...
    @property
    def is_stopping(self) -> bool: ...

    async def polled(self, poll: PeerPoll) -> str:
        """A follower asks; the token for its next question."""

    async def told(self, sighting: PeerSighting) -> None:
        """A probe says what it saw of the other one."""

    async def take_gift(self, gift: Gift) -> None:
        """Take what the follower decided while it was active. NotAllowed while this node acts."""
