"""What HTTP asks, answered by whichever leader there is: one that runs, or one that only shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anyio import to_thread
from msgspec.structs import replace

from uptop_leader import errands
from uptop_leader.election.words import Poll, Sighting
from uptop_leader.incidents import Acknowledgement
from uptop_leader.inputs import OVER, Acknowledge, LookAgain, Signal
from uptop_leader.refusals import Conflict, NotAllowed, of_a_copy
from uptop_leader.urgent import only_urgent

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_core.clock import Clock
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
    from uptop_leader.channels import Channel
    from uptop_leader.configuration import Actor, Edit
    from uptop_leader.copying.ring import ResultRing
    from uptop_leader.copying.words import Gift
    from uptop_leader.gauges import Gauges
    from uptop_leader.helm import Helm
    from uptop_leader.incidents import Incident
    from uptop_leader.live import Live
    from uptop_leader.nodes import Node, Standing
    from uptop_leader.regional import ByRegion
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.states import MonitorState
    from uptop_leader.store.copies import Copies
    from uptop_leader.store.store import Store


class Desk:
    """Everything that can be asked of the node whose wheel `helm` is. What only a leader that acts
    may do raises StandingBy where none does.
    """

    def __init__(self, helm: Helm, clock: Clock) -> None:
        self._helm = helm
        self._clock = clock

    @property
    def settings(self) -> LeaderSettings:
        """The settings of this node."""
        return self._helm.settings

    @property
    def store(self) -> Store:
        """The database."""
        return self._helm.store

    # What is known

    @property
    def live(self) -> Live:
        """What has changed lately."""
        return self._helm.live

    @property
    def version(self) -> int:
        """The version of the configuration."""
        return self._helm.leader.version

    @property
    def monitors(self) -> Mapping[str, Monitor]:
        """All monitors by id."""
        return self._helm.leader.monitors

    @property
    def channels(self) -> Mapping[str, Channel]:
        """All channels by id."""
        return self._helm.leader.channels

    @property
    def calendar(self) -> Calendar:
        """Which maintenance there is, and when."""
        return self._helm.leader.calendar

    @property
    def states(self) -> Mapping[str, MonitorState]:
        """The state of each monitor that has one yet."""
        return self._helm.leader.states

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by id, this one included."""
        return self._helm.leader.nodes

    @property
    def lately(self) -> ByRegion:
        """How every monitor was in each region in the last hour."""
        return self._helm.leader.lately

    def clock_now(self) -> float:
        """Unix seconds on this node's steady clock."""
        return self._clock.now()

    def standings(self) -> Mapping[str, Standing]:
        """Where every node stands now."""
        return self._helm.leader.standings()

    def gauges(self) -> Gauges:
        """The program's own health in numbers."""
        place = self._helm.place
        return replace(self._helm.leader.gauges(), role=place.role, epoch=place.known_epoch)

    def health(self) -> Health:
        """See `Helm.health`."""
        return self._helm.health()

    # Another one of a pair

    @property
    def copies(self) -> Copies:
        """What the other node copies from here."""
        return self._helm.store.copies

    @property
    def ring(self) -> ResultRing:
        """The last results, for the other node."""
        return self._helm.ring

    @property
    def is_stopping(self) -> bool:
        """Whether this process is about to end: nobody is kept waiting any more."""
        return self._helm.is_stopping

    async def polled(self, poll: PeerPoll) -> str:
        """A follower asks; the token for its next poll. One that is itself a follower has none."""
        self._helm.ring.keeps = self._helm.lease is None
        return await self._helm.place.polled(
            Poll(node=poll.id, epoch=poll.epoch, active=poll.active, token=poll.token)
        )

    async def take_gift(self, gift: Gift) -> None:
        """Take what the follower decided while it was active. NotAllowed while this node acts, or
        when the gift is another cluster's.
        """
        place = self._helm.place
        if place.may_act() or place.role != "leader":
            raise NotAllowed("this node acts: nothing is given back to it")
        if gift.cluster != self.store.cluster_id:
            raise NotAllowed("that is another cluster's")
        if gift.changes:
            take, now = self.copies.take_gift, self._clock.now()
            for conflict in await to_thread.run_sync(take, gift.changes, gift.base, now):
                log.warning("changed on both nodes: %s (see the audit log)", conflict)
        if gift.results or gift.ledgers:
            await to_thread.run_sync(self.copies.take_results, gift.results, gift.ledgers)

    async def told(self, sighting: PeerSighting) -> None:
        """A probe says what it saw of the other one."""
        at = self._clock.now() - sighting.age_ms / 1000
        await self._helm.place.told(
            Sighting(
                at=at,
                active=sighting.active,
                epoch=sighting.epoch,
                waits=sighting.waits,
                by=sighting.node,
            )
        )

    # What only a leader that acts may do

    async def register(self, registration: Registration, address: str) -> Node:
        """See `Engine.register`."""
        return await self._helm.acting().register(registration, address)

    async def submit(self, batch: ResultsBatch, received: float) -> ResultsAnswer:
        """See `Engine.submit`."""
        return await self._helm.acting().submit(batch, received)

    def assignments(self, node_id: str) -> tuple[str, Assignments]:
        """See `Engine.assignments`."""
        return self._helm.acting().assignments(node_id)

    def hear(self, node_id: str) -> str:
        """See `Engine.hear`."""
        return self._helm.acting().hear(node_id)

    def rechecks(self, node_id: str, etag: str) -> Rechecks | None:
        """See `Engine.rechecks`."""
        return self._helm.acting().rechecks(node_id, etag)

    async def assignments_changed(self, node_id: str, etag: str, seconds: float) -> None:
        """See `Engine.assignments_changed`."""
        await self._helm.acting().assignments_changed(node_id, etag, seconds)

    # What any of several leaders may do

    async def heartbeat(self, token: str, signal: str, detail: str) -> bool:
        """See `Leader.heartbeat`. One of several leaders keeps it for the one that acts."""
        if not self._is_for_another():
            return await self._helm.acting().heartbeat(token, signal, detail)
        monitor = self._helm.leader.world.push_tokens.get(token)
        if monitor is None:
            return False
        await errands.leave(self.store, Signal(monitor, signal, detail))
        return True

    async def edit(self, edit: Edit, actor: Actor) -> int:
        """See `Leader.edit`. A node that copies is changed where it copies from, but for what is
        urgent while it acts.
        """
        if self._helm.copies and not self._helm.place.may_act():
            raise of_a_copy(self.settings.peer_url)
        if self._helm.copies:
            return await self._helm.acting().edit(only_urgent(edit), actor)
        if not self._is_for_another():
            return await self._helm.acting().edit(edit, actor)
        now = self._clock.now()
        version = await to_thread.run_sync(self.store.edit_config, edit, actor, now)
        await self._helm.shown()
        return version

    async def follow(self) -> None:
        """What was written beside the leader that runs here is taken over; later, where none does."""
        if self._helm.is_active:
            await self._helm.leader.follow()

    async def test_channel(self, channel_id: str) -> str | None:
        """See `Leader.test_channel`."""
        leader = self._helm.leader if self._is_for_another() else self._helm.acting()
        return await leader.test_channel(channel_id)

    async def acknowledge(self, incident: str, by: str, note: str) -> Incident:
        """See `Leader.acknowledge`. One of several leaders leaves it to the one that acts."""
        if not self._is_for_another():
            return await self._helm.acting().acknowledge(incident, by, note)
        known = await to_thread.run_sync(self.store.incident, incident)
        if known is None or known.ended is not None:
            raise Conflict(OVER)
        await errands.leave(self.store, Acknowledge(incident, by, note))
        taken = Acknowledgement(at=self._clock.now(), by=by, note=note)
        return replace(known, acknowledged=taken)

    async def look_again(self, monitors: tuple[str, ...]) -> tuple[str, ...]:
        """See `Leader.look_again`. One of several leaders leaves it to the one that acts."""
        if not self._is_for_another():
            return await self._helm.acting().look_again(monitors)
        found = LookAgain(monitors).found(self._helm.leader.monitors)
        await errands.leave(self.store, LookAgain(found))
        return found

    async def note(self, actor: Actor, what: str, about: str, detail: str = "") -> None:
        """See `Leader.note`."""
        await self._helm.leader.note(actor, what, about, detail)

    def _is_for_another(self) -> bool:
        """Whether another leader on this database acts, or will, on what is written there."""
        return self._helm.lease is not None and not self._helm.is_active
