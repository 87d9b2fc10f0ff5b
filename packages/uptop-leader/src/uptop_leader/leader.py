"""The leader, put together: engine, own checks, delivery, housekeeping; and what HTTP asks of it."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from uptop_core.errors import StoreError
from uptop_leader.ballots import Rules
from uptop_leader.beginnings import world_of
from uptop_leader.changes import Changes
from uptop_leader.deadman import DeadMansSwitch
from uptop_leader.deliver import Deliverer, send
from uptop_leader.engine import Engine
from uptop_leader.housekeeping import Housekeeping, every
from uptop_leader.inputs import Acknowledge, LookAgain
from uptop_leader.live import Live
from uptop_leader.messages import Message
from uptop_leader.nodes import Node
from uptop_leader.notifications import Pace
from uptop_leader.own_checks import OwnChecks
from uptop_leader.pulse import ALIVE_S, Pulse
from uptop_leader.refusals import Behind
from uptop_leader.regional import ByRegion, Lately
from uptop_leader.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from uptop_core.clock import Clock
    from uptop_core.monitors import Monitor
    from uptop_core.wire import (
        Assignments,
        Health,
        Rechecks,
        Registration,
        ResultsAnswer,
        ResultsBatch,
    )
    from uptop_leader.calendars import Calendar
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Actor, Edit
    from uptop_leader.gauges import Gauges
    from uptop_leader.incidents import Incident
    from uptop_leader.nodes import Standing
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.states import MonitorState
    from uptop_leader.store.saved import Saved
    from uptop_leader.store.store import Store

CONFIG_S = 1.0  # how often the database is asked whether the configuration has changed

log = logging.getLogger(__name__)


class Leader:
    """Everything one leader does while it runs. `run` is all its loops."""

    def __init__(
        self,
        settings: LeaderSettings,
        store: Store,
        saved: Saved,
        clock: Clock,
        http: httpx.AsyncClient,
        *,
        may_act: Callable[[], bool] = lambda: True,
        on_written: Callable[[Changes], None] = lambda _: None,
        live: Live | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self._clock = clock
        self._http = http
        now = clock.now()
        self._instance = uuid.uuid4().hex
        self.live = live or Live(clock.monotonic)
        """What has changed lately."""
        self._on_written = on_written
        world = world_of(settings, store.cluster_id, saved, self._instance, now)
        rules = Rules(constants=settings.timings, strategy=settings.agg_strategy)
        timings = settings.timings
        pace = Pace(digest_s=timings.digest, fallback_s=timings.fallback)
        self._deliverer = Deliverer(
            store, lambda: world.channels, http, clock, timings.claim, pace, may_act
        )
        self.engine = Engine(
            world,
            store,
            rules,
            clock,
            public_url=settings.public_url,
            on_notifications=self._deliverer.wake,
            may_act=may_act,
            on_written=self._written,
        )
        self._own = OwnChecks(
            self.engine,
            settings.vantage,
            clock,
            concurrency=settings.leader_concurrency,
            instance=self._instance,
            canaries=settings.canaries,
        )
        self._lately = Lately()
        self._housekeeping = Housekeeping(settings, store, world, rules, clock, self._lately)
        self._pulse = Pulse(store, self.engine, self._own.runner, clock, timings.heartbeat)
        self._away = (saved.last_alive, now) if saved.last_alive is not None else None

    async def run(self) -> None:
        """All loops, until cancelled."""
        first = Changes(nodes={self.world.own.id: self.world.own})
        await to_thread.run_sync(self.store.write, first, self._clock.now())
        await to_thread.run_sync(self.store.lapse_claims, self._clock.now())
        if self._away is not None:
            await to_thread.run_sync(self.store.gap, *self._away)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.engine.run)
            tasks.start_soon(self._deliverer.run)
            tasks.start_soon(self._own.run)
            if self.settings.deadman_url:
                tasks.start_soon(self._deadman().run)
            tasks.start_soon(every, CONFIG_S, self.engine.reconfigure)
            tasks.start_soon(every, ALIVE_S, self._pulse.beat)
            self._housekeeping.start(tasks)

    async def stop_sending(self) -> None:
        """Return when no message is being sent any more; no other one is begun."""
        await self._deliverer.end()

    def _written(self, changes: Changes) -> None:
        self._on_written(changes)
        self.live.note_changes(changes)

    def _deadman(self) -> DeadMansSwitch:
        url, seconds = self.settings.deadman_url, self.settings.timings.deadman
        return DeadMansSwitch(url, seconds, self._is_at_work, self._http)

    def _is_at_work(self) -> bool:
        health = self.health()
        return health.status == "ok" and health.active

    # What HTTP asks.

    @property
    def world(self) -> World:
        """What the engine knows now."""
        return self.engine.world

    @property
    def version(self) -> int:
        """The version of the configuration."""
        return self.world.version

    @property
    def monitors(self) -> Mapping[str, Monitor]:
        """All monitors by id."""
        return self.world.monitors

    @property
    def channels(self) -> Mapping[str, Channel]:
        """All channels by id."""
        return self.world.channels

    @property
    def calendar(self) -> Calendar:
        """Which maintenance there is, and when."""
        return self.world.calendar

    @property
    def states(self) -> Mapping[str, MonitorState]:
        """The state of each monitor that has one yet."""
        return self.world.states

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by id, this one included."""
        return self.world.nodes

    @property
    def lately(self) -> ByRegion:
        """How every monitor was in each region in the last hour."""
        return self._lately.regional

    def clock_now(self) -> float:
        """Unix seconds on this leader's steady clock."""
        return self._clock.now()

    def standings(self) -> Mapping[str, Standing]:
        """Where every node stands now."""
        return self.world.standings(self._clock.now())

    async def register(self, registration: Registration, address: str) -> Node:
        """See `Engine.register`."""
        node = await self.engine.register(registration, address)
        log.info("node %s registered: region %s from %s", node.id, node.region or "-", address)
        return node

    async def submit(self, batch: ResultsBatch, received: float) -> ResultsAnswer:
        """See `Engine.submit`."""
        return await self.engine.submit(batch, received)

    def hear(self, node_id: str) -> str:
        """See `Engine.hear`."""
        return self.engine.hear(node_id)

    def assignments(self, node_id: str) -> tuple[str, Assignments]:
        """See `Engine.assignments`."""
        return self.engine.assignments(node_id)

    def rechecks(self, node_id: str, etag: str) -> Rechecks | None:
        """See `Engine.rechecks`."""
        return self.engine.rechecks(node_id, etag)

    async def assignments_changed(self, node_id: str, etag: str, seconds: float) -> None:
        """See `Engine.assignments_changed`."""
        await self.engine.assignments_changed(node_id, etag, seconds)

    async def heartbeat(self, token: str, signal: str, detail: str) -> bool:
        """A push job's signal; False when no monitor has this token."""
        monitor = self.world.push_tokens.get(token)
        return monitor is not None and await self.engine.signal(monitor, signal, detail)

    async def edit(self, edit: Edit, actor: Actor) -> int:
        """Change the configuration as it is at that moment by what `edit` makes of it, and take it
        over. Raises ConfigError, StoreError, and whatever `edit` raises; then nothing has changed.
        """
        version = await to_thread.run_sync(self.store.edit_config, edit, actor, self._clock.now())
        await self.follow()
        return version

    async def follow(self) -> None:
        """Take over what is written of the configuration; later, where it cannot be done now."""
        try:
            await self.engine.reconfigure()
        except (StoreError, Behind) as error:
            log.warning("a change of the configuration waits: %s", error)

    async def acknowledge(self, incident: str, by: str, note: str) -> Incident:
        """Take an open incident (an id) on; the incident with that. Raises Conflict, Behind."""
        taken: Incident = await self.engine.ask(  # type: ignore[assignment]
            Acknowledge(incident, by, note)
        )
        return taken

    async def look_again(self, monitors: tuple[str, ...]) -> tuple[str, ...]:
        """Have monitors (ids) rechecked now; those that are. Raises Behind."""
        asked: tuple[str, ...] = await self.engine.ask(  # type: ignore[assignment]
            LookAgain(monitors)
        )
        return asked

    async def note(self, actor: Actor, what: str, about: str, detail: str = "") -> None:
        """Write into the audit log what somebody did that changed no configuration."""
        now = self._clock.now()
        await to_thread.run_sync(self.store.audit, actor, what, about, now, detail)

    async def test_channel(self, channel_id: str) -> str | None:
        """Send a test message; None when it got through, else what went wrong."""
        now_ms = round(self._clock.now() * 1000)
        channel = self.channels[channel_id]
        message = Message(key=uuid.uuid4().hex, event="test", monitor=channel.name, at=now_ms)
        error = await send(channel, message, self._http)
        return None if error is None else str(error)

    def health(self) -> Health:
        """See `Pulse.health`."""
        return self._pulse.health()

    def gauges(self) -> Gauges:
        """See `Pulse.gauges`."""
        return self._pulse.gauges(self._deliverer.sendings)
