"""Who holds the wheel: runs a leader while this node may act, and has one that shows otherwise.

A leader that never had a follower holds it from start to end. One of a pair, or one of several on
one database, holds it while the election says so; between, the same answers are given from the
store, and nodes are told to come again. Each time it takes the wheel it begins with what the store
holds, as after a restart.
"""

from __future__ import annotations

import gc
import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.errors import UptopError
from uptop_core.wire import Health
from uptop_leader import errands
from uptop_leader.copying.ring import ResultRing
from uptop_leader.election.words import Phase
from uptop_leader.housekeeping import ROLL_UP_S, every, keep_copy
from uptop_leader.leader import Leader
from uptop_leader.live import Live, Name
from uptop_leader.refusals import StandingBy

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from uptop_core.clock import Clock
    from uptop_core.wire import CopyHealth
    from uptop_leader.election.holder import Holder
    from uptop_leader.election.place import Place
    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.store import Store

REFRESH_S = 2.0  # how often a node that stands by looks for what another one has decided
_SHARE = 20  # a look at much is rarer, so that it takes a twentieth of the time
RETRY_S = 5.0
SHOWN_S = 10.0  # how long who has changed something waits until it is shown here
_TOLD = 200  # of the incidents and posts of others, how many are looked at for changes
DRAIN_S = 10.0  # how long a message that is being sent is waited for

_PASSIVE: dict[str, str] = {
    Phase.WAITING: "waiting for the word of its follower",
    Phase.RETURNING: "returning: the follower is active, and gives back",
}

log = logging.getLogger(__name__)


class Helm:
    """The leader there is, and whether it runs.

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
        self.copies = copies
        self.place: Place
        self.lease: Holder | None = None
        """Its place, when it is one of several leaders on one database."""
        self.copy_health: Callable[[], CopyHealth] | None = None
        """How its copy is, when it is a follower."""
        self.ring = ResultRing()
        self.live = Live(clock.monotonic)
        self.trouble = ""
        """Why this node cannot do its role's work; empty when it can."""
        self.is_stopping = False
        self.wheel = anyio.Lock()
        """Held by who writes what is decided here: the leader that runs, or what copies another's."""
        self._clock = clock
        self._http = http
        self._turned = anyio.Event()
        self._awaited: list[anyio.Event] = []
        self._shown = (-1, -1)
        self._runs = self._has_run = False
        self._kept = clock.now()
        self._spent_s = 0.0
        self.leader = self._made(store, 0)
        """One that runs, or one that only shows what the store holds. `run` alone sets it: another
        could put one that only shows in the place of one that has begun to run meanwhile.
        """

    @property
    def is_active(self) -> bool:
        """Whether a leader runs here now."""
        return self._runs and self.place.may_act()

    def acting(self) -> Leader:
        """The leader that runs. Raises StandingBy."""
        if not self.is_active:
            raise StandingBy(self.place.role)
        return self.leader

    def turn(self) -> None:
        """Look again whether this node may act."""
        self._turned.set()

    async def run(self) -> None:
        """Take the wheel whenever this node may act and leave it when it may not; until cancelled."""
        while True:
            self._turned = anyio.Event()
            if self.place.may_act():
                async with self.wheel:
                    await self._lead()
            else:
                if not self._awaited:
                    with anyio.move_on_after(max(REFRESH_S, _SHARE * self._spent_s)):
                        await self._turned.wait()
                awaited, self._awaited = self._awaited, []
                await self._refresh()
                _set(awaited)
                await self._keep_copy()

    async def shown(self, within_s: float = SHOWN_S) -> None:
        """Return when what was written before is shown here, by one that only shows or one that has
        begun to run meanwhile; or after so long.
        """
        look = anyio.Event()
        self._awaited.append(look)
        self.turn()
        with anyio.move_on_after(within_s):
            await look.wait()
            if self.is_active:
                await self.leader.follow()

    def stop_waiting(self) -> None:
        """Answer who waits for something to change."""
        self.is_stopping = True
        self.leader.engine.stop_waiting()
        self.live.close()

    async def drained(self) -> None:
        """Return when what was taken is stored."""
        if self._runs:
            await self.leader.engine.drained()

    async def sent(self, within_s: float = DRAIN_S) -> None:
        """Return when no message is being sent any more, or after so long."""
        if self._runs:
            with anyio.move_on_after(within_s):
                await self.leader.stop_sending()

    def health(self) -> Health:
        """ok while this node does what its role asks; else why not."""
        health = self.leader.health() if self._runs else Health(status="ok")
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
            why=self.place.why,
            copy=None if self.copy_health is None else self.copy_health(),
        )

    def is_well(self) -> bool:
        """Whether this node could do what its role asks, as far as it knows itself."""
        return not self.trouble and (not self._runs or self.leader.health().status == "ok")

    async def _refresh(self) -> None:
        """Show what another one has decided since."""
        try:
            is_new = await to_thread.run_sync(self.store.edition) != self._shown
            if is_new or self.lease is not None:  # what a leader decides raises no number
                began = self._clock.monotonic()
                self.leader = await to_thread.run_sync(self._made, self.store, 0)
                self.live.note_written(await to_thread.run_sync(_written, self.store))
                self._spent_s = self._clock.monotonic() - began
            self.trouble = ""
        except UptopError as error:
            if self.trouble != str(error):
                log.error("what is shown is old: %s", error)
            self.trouble = str(error)

    async def ended(self) -> None:
        """Return when the leader that ran here has ended, with all that it was writing."""
        async with self.wheel:
            pass

    async def _lead(self) -> None:
        """Run a leader for as long as this node may act."""
        term = self.place.epoch
        try:
            await self._begin(term)
            # It all stays while it leads: looking it through for garbage stops the loop for 90 ms.
            gc.freeze()
            self._runs, self._has_run, self.trouble = True, True, ""
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.leader.run)
                if self.lease is not None:
                    do = partial(errands.run, self.leader.engine, self.leader.store)
                    tasks.start_soon(every, errands.LOOK_S, do)
                while self._may_act(term):
                    self._turned = anyio.Event()
                    awaited, self._awaited = self._awaited, []
                    _set(awaited)  # they follow it as any edit here does
                    with anyio.move_on_after(1.0):
                        await self._turned.wait()
                tasks.cancel_scope.cancel()
        except* UptopError as errors:  # the store, or a key: as at a start, but others go on here
            await self._failed(_first(errors), term)
        finally:
            self._runs = False
            gc.unfreeze()

    async def _failed(self, error: UptopError, term: int) -> None:
        """Wait until it is worth another try; who may not act any more has no trouble with that."""
        self._runs = False
        if not self._may_act(term):
            log.info("leads no more: %s", error)
            return
        if self.trouble != str(error):
            log.error("cannot lead: %s", error)
        self.trouble = str(error)
        self._turned = anyio.Event()
        with anyio.move_on_after(RETRY_S):
            await self._turned.wait()

    async def _begin(self, term: int) -> None:
        """Have a leader that goes on with what the store holds now."""
        if self.lease is not None:
            store = self.store.under(self.lease.me, term)
            self.leader = await to_thread.run_sync(self._made, store, term)
        elif self._has_run or self.ring.keeps:  # else what it was made with is still so
            self.leader = await to_thread.run_sync(self._made, self.store, term)

    def _may_act(self, term: int) -> bool:
        """Whether this node may act, in the term of the lease that it began."""
        is_same = self.lease is None or self.lease.epoch == term
        return is_same and self.place.may_act()

    def _made(self, store: Store, term: int) -> Leader:
        """A leader that goes on with what the store holds."""
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
            live=self.live,
        )

    async def _keep_copy(self) -> None:
        """Keep house while another node acts."""
        now = self._clock.now()
        if not self.copies or now - self._kept < ROLL_UP_S:
            return
        self._kept = now
        try:
            await to_thread.run_sync(keep_copy, self.store, self.settings, now)
        except UptopError as error:
            log.error("housekeeping waits: %s", error)


def _set(events: list[anyio.Event]) -> None:
    for event in events:
        event.set()


def _first(errors: BaseExceptionGroup[UptopError]) -> UptopError:
    """The first error of a group of groups."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, UptopError)  # noqa: S101  what the group is of
    return error


def _written(store: Store) -> dict[Name, object]:
    """The open and the newest incidents, and the newest posts, by their names."""
    incidents = (*store.incidents(open_only=True, limit=_TOLD), *store.incidents(limit=_TOLD))
    found: dict[Name, object] = {Name("incident", one.id): one for one in incidents}
    return found | {Name("post", one.id): one for one in store.posts.newest(_TOLD)}
