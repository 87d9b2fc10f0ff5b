"""A small leader for tests of its HTTP surface: everything in memory, nothing judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import NAMESPACE_DNS, uuid5

import anyio
import httpx
from msgspec.structs import replace

from tests.leader.stage_memory import Memory
from uptop_core.checks.http import HttpCheck
from uptop_core.constants import TimeConstants
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_core.wire import Assignments, Health, Recheck, Rechecks, ResultsAnswer
from uptop_leader.api.access import Access
from uptop_leader.api.app import build_app
from uptop_leader.api.backups import Backups
from uptop_leader.api.openapi import document
from uptop_leader.api.overview import Overview
from uptop_leader.api.v1 import endpoints_of
from uptop_leader.calendars import Calendar
from uptop_leader.configuration import Configuration
from uptop_leader.gauges import Gauges, Sendings
from uptop_leader.incidents import Incident
from uptop_leader.nodes import Node, Standing, standing
from uptop_leader.refusals import Behind, InstanceConflict, Unregistered
from uptop_leader.settings import LeaderSettings
from uptop_leader.states import Belief, MonitorState, Status, fresh_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.applications import Starlette

    from uptop_core.check import Check
    from uptop_core.wire import Registration, ResultsBatch
    from uptop_leader.api.leader import Leader
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Actor, ConfigChange, Edit
    from uptop_leader.maintenance import Maintenance
    from uptop_leader.regional import ByRegion

NOW = 1_800_000_000.0
SECRET = "the cluster's secret"


class Stage:
    """A leader whose parts tests put into place; `clock` stands still until it is moved."""

    def __init__(self, settings: LeaderSettings | None = None) -> None:
        self.settings = settings or LeaderSettings(cluster_secret=SECRET, status_enabled=True)
        self.store = Memory()
        self.clock = NOW
        self.monitors: dict[str, Monitor] = {}
        self.channels: dict[str, Channel] = {}
        self.states: dict[str, MonitorState] = {}
        self.nodes: dict[str, Node] = {}
        self.batches: list[ResultsBatch] = []
        self.noted: list[tuple[str, str, str]] = []
        self.beats: list[tuple[str, str, str]] = []
        self.changes: list[tuple[ConfigChange, Actor]] = []
        self.sick = ""
        self.version = 0
        self.full = False
        self.etag = "one"
        self.lately: ByRegion = {}
        self.maintenances: list[Maintenance] = []
        self.changed = anyio.Event()
        self.test_error: str | None = None

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.maintenances, self.monitors, self.clock)

    def clock_now(self) -> float:
        return self.clock

    def standings(self) -> dict[str, Standing]:
        constants = TimeConstants()
        return {node.id: standing(node, constants, 0.0, self.clock) for node in self.nodes.values()}

    def health(self) -> Health:
        return Health(status="sick" if self.sick else "ok", reason=self.sick)

    def gauges(self) -> Gauges:
        return Gauges(results_total=7, notifications={"c1": Sendings(2, 1)})

    async def register(self, registration: Registration, address: str) -> Node:
        if registration.instance == "second":
            raise InstanceConflict(registration.id, 12.0)
        self.add_node(registration.id, registration.region, address=address)
        return self.nodes[registration.id]

    async def submit(self, batch: ResultsBatch, received: float) -> ResultsAnswer:
        if batch.node_id not in self.nodes:
            raise Unregistered(batch.node_id)
        if self.full:
            raise Behind("the queue is full", 7.0)
        self.batches.append(batch)
        return ResultsAnswer(
            ok=True, accepted=len(batch.results), duplicates=0, now=round(received * 1000)
        )

    def hear(self, node_id: str) -> str:
        if node_id not in self.nodes:
            raise Unregistered(node_id)
        return self.etag

    def assignments(self, node_id: str) -> tuple[str, Assignments]:
        return self.hear(node_id), Assignments()

    def rechecks(self, node_id: str, etag: str) -> Rechecks | None:
        return Rechecks(recheck=(Recheck("r", "m"),)) if etag.startswith("one") else None

    async def assignments_changed(self, node_id: str, etag: str, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self.changed.wait()

    async def heartbeat(self, token: str, signal: str, detail: str) -> bool:
        if token != "known":
            return False
        self.beats.append((token, signal, detail))
        return True

    async def edit(self, edit: Edit, actor: Actor) -> int:
        monitors, channels = tuple(self.monitors.values()), tuple(self.channels.values())
        change = edit(Configuration(monitors=monitors, channels=channels))
        if not change.is_empty():
            self.changes.append((change, actor))
        return len(self.changes)

    async def note(self, actor: Actor, what: str, about: str, detail: str = "") -> None:
        self.noted.append((actor.name, what, about))

    async def test_channel(self, channel_id: str) -> str | None:
        return self.test_error

    # What tests put into place.

    def add_node(self, node_id: str, region: str, *, heard: float = 0.0, address: str = "") -> None:
        self.nodes[node_id] = Node(
            id=node_id,
            name=node_id.title(),
            region=region,
            rank=len(self.nodes),
            joined=NOW - 3600,
            heard=heard or self.clock,
            address=address,
        )

    def add(
        self,
        name: str,
        status: Status = Status.UP,
        votes: Sequence[Vote] = (),
        *,
        check: Check | None = None,
        parent: str | None = None,
        tags: tuple[str, ...] = (),
        since: float = NOW - 600,
    ) -> Monitor:
        """A monitor that shows `status` and has these votes."""
        default = HttpCheck(url=f"https://user:hidden@{name.lower()}.example.com/x?key=hidden")
        monitor = Monitor(
            id=str(uuid5(NAMESPACE_DNS, name)),
            name=name,
            check=check or default,
            parent=parent,
            tags=tags,
        )
        self.monitors[monitor.id] = monitor
        self.states[monitor.id] = replace(
            fresh_state(monitor.id, since),
            belief=Belief.DOWN if status is Status.DOWN else Belief.UP,
            status=status,
            votes={vote.node: vote for vote in votes},
            electors=frozenset(vote.node for vote in votes),
        )
        return monitor

    def add_incident(
        self, monitor: Monitor, started: float, ended: float | None = None
    ) -> Incident:
        """An incident of `monitor`, with the votes it has."""
        incident = Incident(
            id=str(uuid5(NAMESPACE_DNS, f"{monitor.id}/{started}")),
            monitor=monitor.id,
            number=1,
            name=monitor.name,
            started=started,
            confirmed=started + 10,
            reasons="2 × HTTP 503",
            detail="GET https://secret.example.com answered 503",
            evidence=tuple(self.states[monitor.id].votes.values()),
            ended=ended,
            cause="recovered" if ended else "",
        )
        self.store.written.append(incident)
        return incident


def up(node: str, *, ms: float = 20.0, ago: float = 5.0) -> Vote:
    """A vote that says up."""
    return Vote(node=node, observed=NOW - ago, up=True, latency_ns=round(ms * 1e6))


def down(node: str, *, ago: float = 5.0, detail: str = "HTTP 503 from 192.0.2.7") -> Vote:
    """A vote that says down."""
    return Vote(
        node=node,
        observed=NOW - ago,
        up=False,
        reason=Reason.STATUS_MISMATCH,
        status_code=503,
        detail=detail,
        latency_ns=3_000_000,
        address="192.0.2.7",
    )


def app_of(stage: Stage) -> Starlette:
    """The app of a stage. What a stage leaves out of a leader is not asked for in its tests."""
    return build_app(cast("Leader", stage))


def described(stage: Stage) -> dict[str, Any]:
    """The OpenAPI document of a stage: that of any leader of this version."""
    leader = cast("Leader", stage)
    access = Access(leader)
    backups = Backups(leader)
    return document(endpoints_of(leader, access, Overview(leader), backups))


def client(
    stage: Stage, *, secret: str | None = None, token: str | None = None
) -> httpx.AsyncClient:
    """A client of the stage's app, with the credentials given."""
    headers = {}
    if secret is not None:
        headers["X-Upkeep-Secret"] = secret
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    transport = httpx.ASGITransport(app=app_of(stage), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://leader", headers=headers)
