"""Who holds the wheel: runs a leader while this node may act, and shows what is known otherwise.

A leader that never had a follower holds it from start to end. One of a pair holds it while the
election says so; between, the same answers are given from the store, and nodes are told to come
again. Each time it takes the wheel it begins with what the store holds, as after a restart.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.errors import UptopError
from uptop_core.wire import Health
from uptop_leader.copying.ring import ResultRing
from uptop_leader.election.words import Phase, Poll, Sighting
from uptop_leader.housekeeping import ROLL_UP_S, every, keep_copy
from uptop_leader.leader import Leader
from uptop_leader.refusals import NotAllowed, StandingBy
from uptop_leader.shared import SIGNALS_S, hear_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from uptop_core.clock import Clock
    from uptop_core.monitors import Monitor
    from uptop_core.wire import (
        Assignments,
        PeerPoll,
        PeerSighting,
        Rechecks,
        Registration,
        ResultsAnswer,
        ResultsBatch,
    )
    from uptop_leader.calendars import Calendar
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Actor, Edit
    from uptop_leader.copying.words import Gift
    from uptop_leader.election.holder import Holder
    from uptop_leader.gauges import Gauges
    from uptop_leader.nodes import Node, Standing
    from uptop_leader.regional import ByRegion
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.states import MonitorState
    from uptop_leader.store.copies import Copies
    from uptop_leader.store.store import Store

REFRESH_S = 2.0  # how often a node that stands by looks for what was copied
_SHARE = 20  # a look at a large copy is rarer, so that it takes a twentieth of the time
RETRY_S = 5.0
DRAIN_S = 10.0  # how long a message that is being sent is waited for

_PASSIVE: dict[str, str] = {
    Phase.WAITING: "waiting for the word of its follower",
    Phase.RETURNING: "returning: the follower is active, and gives back",
}

log = logging.getLogger(__name__)


class Place(Protocol):
    """This node's place in an election: a leader's seat, or a follower's station."""

    @property
    def role(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def known_epoch(self) -> int: ...

    def may_act(self) -> bool:
        """Whether this node may judge and send at this moment."""

    @property
    def phase(self) -> str:
        """How far the leader of a pair is; empty for any other node."""

    async def polled(self, poll: Poll) -> str:
        """A follower asks; the token for its next poll, empty where this is no leader."""

    async def told(self, sighting: Sighting) -> None:
        """A probe says what it saw of the other one."""

    async def run(self) -> None:
        """Until cancelled."""


class Helm:
    """What HTTP asks, of whichever leader there is: one that runs, or one that only shows.

    `place` says whether this node may act; `copies` says that people change the other one's
    configuration and not this one's.
    """

    def __init__(
        self,
        settings: LeaderSettings,
        store: Store,
        clock: Clock,
        http: httpx.AsyncClient,
        *,
        copies: bool = False,
    ) -> None:
        self.settings = settings
        self.store = store
        self.place: Place
        self.lease: Holder | None = None
        """Its place, when it is one of several leaders on one database."""
        self.ring = ResultRing()
        self.trouble = ""
        """Why this node cannot do its role's work; empty when it can."""
        self._clock = clock
        self._http = http
        self._copies = copies
        self._turned = anyio.Event()
        self._shown = (-1, -1)
        self._runs = self._has_run = False
        self._kept = clock.now()
        self._spent_s = 0.0
        self._leader = self._made()

    @property
    def copies(self) -> Copies:
        """What the other node copies from here."""
        return self.store.copies

    @property
    def is_active(self) -> bool:
        """Whether a leader runs here now."""
        return self._runs and self.place.may_act()

    def turn(self) -> None:
        """Look again whether this node may act."""
        self._turned.set()

    async def run(self) -> None:
        """Take the wheel whenever this node may act and leave it when it may not; until cancelled."""
        while True:
            self._turned = anyio.Event()
            if self.place.may_act():
                await self._lead()
            else:
                with anyio.move_on_after(max(REFRESH_S, _SHARE * self._spent_s)):
                    await self._turned.wait()
                await self._refresh()
                await self._keep_copy()

    def stop_waiting(self) -> None:
        """Answer who waits for something to change."""
        self._leader.engine.stop_waiting()

    async def drained(self) -> None:
        """Return when what was taken is stored."""
        if self._runs:
            await self._leader.engine.drained()

    async def sent(self) -> None:
        """Return when no message is being sent any more, or after 10 s."""
        if self._runs:
            with anyio.move_on_after(DRAIN_S):
                await self._leader.stop_sending()

    async def _lead(self) -> None:
        """Run a leader for as long as this node may act."""
        try:
            is_old = self._has_run or self.ring.keeps
            if is_old and self.lease is None:  # else what it was made with is still so
                self._leader = await to_thread.run_sync(self._made)
            term = self.place.epoch
            if self.lease is not None:
                store = self.store.under(self.lease.me, term)
                self._leader = await to_thread.run_sync(self._made, store, term)
            self._runs, self._has_run, self.trouble = True, True, ""
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._leader.run)
                if self.lease is not None:
                    hear = partial(hear_signals, self._leader.engine, self._leader.store)
                    tasks.start_soon(every, SIGNALS_S, hear)
                while self._may_act(term):
                    self._turned = anyio.Event()
                    with anyio.move_on_after(1.0):
                        await self._turned.wait()
                tasks.cancel_scope.cancel()
        except* UptopError as errors:  # the store, or a key: as at a start, but others go on here
            error = _first(errors)
            if self.trouble != str(error):
                log.error("cannot lead: %s", error)
            self.trouble = str(error)
            await anyio.sleep(RETRY_S)
        finally:
            self._runs = False

    def _may_act(self, term: int) -> bool:
        """Whether this node may act, still in the term that it began."""
        is_same = self.lease is None or self.lease.epoch == term
        return is_same and self.place.may_act()

    def _made(self, store: Store | None = None, term: int = 0) -> Leader:
        """A leader that goes on with what the store holds."""
        store = store or self.store
        saved = store.load()
        self._shown = store.edition()
        return Leader(
            self.settings,
            store,
            saved,
            self._clock,
            self._http,
            may_act=lambda: self._may_act(term),
            on_written=self.ring.add,
        )

    async def _refresh(self) -> None:
        """Show what has been copied since."""
        try:
            is_new = await to_thread.run_sync(self.store.edition) != self._shown
            if is_new or self.lease is not None:  # what another one decides raises no number
                began = self._clock.monotonic()
                self._leader = await to_thread.run_sync(self._made)
                self._spent_s = self._clock.monotonic() - began
            self.trouble = ""
        except UptopError as error:
            if self.trouble != str(error):
                log.error("what is shown is old: %s", error)
            self.trouble = str(error)

    async def _keep_copy(self) -> None:
        """Keep house while another node acts."""
        now = self._clock.now()
        if not self._copies or now - self._kept < ROLL_UP_S:
            return
        self._kept = now
        try:
            await to_thread.run_sync(keep_copy, self.store, self.settings, now)
        except UptopError as error:
            log.error("housekeeping waits: %s", error)

    def _acting(self) -> Leader:
        """The leader that runs. Raises StandingBy."""
        if not self.is_active:
            raise StandingBy(self.place.role)
        return self._leader

    # What HTTP asks.

    @property
    def monitors(self) -> Mapping[str, Monitor]:
        """All monitors by id."""
        return self._leader.monitors

    @property
    def channels(self) -> Mapping[str, Channel]:
        """All channels by id."""
        return self._leader.channels

    @property
    def calendar(self) -> Calendar:
        """Which maintenance there is, and when."""
        return self._leader.calendar

    @property
    def states(self) -> Mapping[str, MonitorState]:
        """The state of each monitor that has one yet."""
        return self._leader.states

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by id, this one included."""
        return self._leader.nodes

    @property
    def lately(self) -> ByRegion:
        """How every monitor was in each region in the last hour."""
        return self._leader.lately

    def clock_now(self) -> float:
        """Unix seconds on this node's steady clock."""
        return self._clock.now()

    def standings(self) -> Mapping[str, Standing]:
        """Where every node stands now."""
        return self._leader.standings()

    def gauges(self) -> Gauges:
        """The program's own health in numbers."""
        epoch = self.place.known_epoch
        return replace(self._leader.gauges(), role=self.place.role, epoch=epoch)

    def health(self) -> Health:
        """ok while this node does what its role asks; else why not."""
        health = self._leader.health() if self._runs else Health(status="ok")
        if self.trouble:
            health = Health(status="unavailable", reason=self.trouble)
        phase = self.place.phase
        if health.status == "ok" and (why := _PASSIVE.get(phase)):
            health = Health(status="unavailable", reason=why)
        return replace(
            health,
            role=self.place.role,
            active=self.is_active,
            epoch=self.place.known_epoch,
            phase=phase,
        )

    def is_well(self) -> bool:
        """Whether this node could do what its role asks, as far as it knows itself."""
        return not self.trouble and (not self._runs or self._leader.health().status == "ok")

    async def polled(self, poll: PeerPoll) -> str:
        """A follower asks; the token for its next poll. One that is itself a follower has none."""
        self.ring.keeps = self.lease is None
        return await self.place.polled(
            Poll(node=poll.id, epoch=poll.epoch, active=poll.active, token=poll.token)
        )

    async def take_gift(self, gift: Gift) -> None:
        """Take what the follower decided while it was active. NotAllowed while this node acts, or
        when the gift is another cluster's.
        """
        if self.place.may_act() or self.place.role != "leader":
            raise NotAllowed("this node acts: nothing is given back to it")
        if gift.cluster != self.store.cluster_id:
            raise NotAllowed("that is another cluster's")
        copies = self.store.copies
        if gift.changes:
            await to_thread.run_sync(copies.take_gift, gift.changes)
        if gift.results or gift.ledgers:
            await to_thread.run_sync(copies.take_results, gift.results, gift.ledgers)

    async def told(self, sighting: PeerSighting) -> None:
        """A probe says what it saw of the other one."""
        at = self._clock.now() - sighting.age_ms / 1000
        await self.place.told(
            Sighting(at=at, active=sighting.active, epoch=sighting.epoch, waits=sighting.waits)
        )

    async def register(self, registration: Registration, address: str) -> Node:
        """See `Engine.register`."""
        return await self._acting().register(registration, address)

    async def submit(self, batch: ResultsBatch, received: float) -> ResultsAnswer:
        """See `Engine.submit`."""
        return await self._acting().submit(batch, received)

    def assignments(self, node_id: str) -> tuple[str, Assignments]:
        """See `Engine.assignments`."""
        return self._acting().assignments(node_id)

    def hear(self, node_id: str) -> str:
        """See `Engine.hear`."""
        return self._acting().hear(node_id)

    def rechecks(self, node_id: str, etag: str) -> Rechecks | None:
        """See `Engine.rechecks`."""
        return self._acting().rechecks(node_id, etag)

    async def assignments_changed(self, node_id: str, etag: str, seconds: float) -> None:
        """See `Engine.assignments_changed`."""
        await self._acting().assignments_changed(node_id, etag, seconds)

    async def heartbeat(self, token: str, signal: str, detail: str) -> bool:
        """See `Leader.heartbeat`. One of several leaders keeps it for the one that acts."""
        if self.lease is None or self.is_active:
            return await self._acting().heartbeat(token, signal, detail)
        monitor = self._leader.world.push_tokens.get(token)
        if monitor is None:
            return False
        await to_thread.run_sync(self.store.signals.keep, monitor, signal, detail)
        return True

    async def edit(self, edit: Edit, actor: Actor) -> int:
        """See `Leader.edit`. A node that copies is changed where it copies from."""
        if self._copies:
            raise StandingBy(self.place.role, what="what it copies is changed at the leader")
        if self.lease is None or self.is_active:
            return await self._acting().edit(edit, actor)
        now = self._clock.now()
        version = await to_thread.run_sync(self.store.edit_config, edit, actor, now)
        await self._refresh()
        return version

    async def test_channel(self, channel_id: str) -> str | None:
        """See `Leader.test_channel`."""
        if self.lease is not None:
            return await self._leader.test_channel(channel_id)
        return await self._acting().test_channel(channel_id)


def _first(errors: BaseExceptionGroup[UptopError]) -> UptopError:
    """The first error of a group of groups."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, UptopError)  # noqa: S101  what the group is of
    return error
