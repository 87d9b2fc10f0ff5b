"""A follower's loop: polls the leader, and does what the pure rules make of the answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec.structs import replace

from uptop_core.errors import LeaderAway, LeaderBusy, LeaderError, LeaderStrange, StoreError
from uptop_core.wire import PeerPoll
from uptop_leader.election.following import Following, Next
from uptop_leader.election.outlook import Outlook
from uptop_leader.election.reasons import why_following
from uptop_leader.election.words import Answer, Phase
from uptop_leader.store.places import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uptop_core.client import LeaderClient
    from uptop_core.clock import Clock
    from uptop_core.wire import Health
    from uptop_leader.election.words import Pace, Poll, Sighting
    from uptop_leader.store.store import Store

TICK_S = 1.0

log = logging.getLogger(__name__)


class Station:
    """Whether this follower acts. Its parts are given:

    `leader` asks the leader; `has_line` whether a canary answers (true where none are set); `bar`
    why it must not promote itself, empty where nothing bars it; `give_back` sends the leader what
    it lacks; `drain` waits until nothing is being sent any more, `ended` until nothing is written.
    """

    role = "follower"
    phase = ""

    def __init__(
        self,
        node: str,
        leader: LeaderClient,
        store: Store,
        clock: Clock,
        pace: Pace,
        *,
        has_line: Callable[[], Awaitable[bool]],
        bar: Callable[[], str],
        give_back: Callable[[], Awaitable[None]],
        drain: Callable[[], Awaitable[None]],
        ended: Callable[[], Awaitable[None]],
        on_change: Callable[[], None],
    ) -> None:
        self._leader = leader
        self._store = store
        self._clock = clock
        self._pace = pace
        self._has_line = has_line
        self._bar = bar
        self._give_back = give_back
        self._drain = drain
        self._ended = ended
        self._on_change = on_change
        self._lock = anyio.Lock()
        self._asking = anyio.Lock()  # one question at a time, with what follows from its answer
        self._outlook = Outlook()
        self.state = Following.begin(node, clock.now(), epoch=store.place().known, pace=pace)

    @property
    def epoch(self) -> int:
        """Its own epoch."""
        return self.state.epoch

    @property
    def known_epoch(self) -> int:
        """The highest epoch it has heard of."""
        return self.state.known

    @property
    def why(self) -> str:
        """Why it acts or stands by, in words."""
        return why_following(self.state, self._clock.now(), self._outlook.troubles(self._bar()))

    def may_act(self) -> bool:
        """Whether it may judge and send at this moment."""
        return self.state.may_act(self._clock.now())

    async def run(self) -> None:
        """Tick and poll, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            tasks.start_soon(self._poll)
            tasks.start_soon(self._follow_wishes)

    async def polled(self, poll: Poll) -> str:  # noqa: ARG002  what a leader takes
        """Another follower takes this one for a leader; its role tells it that it is none."""
        return ""

    async def told(self, sighting: Sighting) -> None:
        """A probe says what it saw of the leader."""
        async with self._lock:
            await self._become(self._now().told(self._clock.now(), sighting))

    async def promote(self, *, kept: bool) -> None:
        """Act, because an operator says so. A leader that answers is told first, and steps back;
        afterwards it hears at once that this node acts.
        """
        async with self._asking:
            if not self.state.active:
                await self._announce()
            async with self._lock:
                state = self._now()
                promoted = (
                    replace(state, kept=kept)
                    if state.active
                    else state.promote(self._clock.now(), kept=kept)
                )
                await self._become(promoted)
            await self._ask()

    async def _announce(self) -> None:
        """Tell the leader that this node is about to act in an epoch above its own."""
        for _ in range(2):  # it may be in a higher one than was known here
            coming = self._now().promote(self._clock.now())
            told = PeerPoll(id=coming.node, epoch=coming.epoch, active=True)
            try:
                health = await self._leader.health(told=told)
            except (LeaderStrange, LeaderError):
                return  # who cannot be told is replaced like one that is gone
            async with self._lock:
                state = self._now()
                await self._become(replace(state, known=max(state.known, health.epoch)))
            if _phase(health) is not Phase.ACTIVE:
                return

    async def hand_over(self) -> None:
        """Give back to the leader as soon as it is up, because an operator says so."""
        async with self._lock:
            await self._become(self._now().let_go())

    def _now(self) -> Following:
        return self.state.tick(self._clock.now())

    async def _tick(self) -> None:
        while True:
            async with self._lock:
                await self._become(self._now())
            await anyio.sleep(min(TICK_S, self._pace.stall / 4))

    async def _follow_wishes(self) -> None:
        while True:
            await self._follow_wish()
            await anyio.sleep(TICK_S)

    async def _follow_wish(self) -> None:
        """Do what an operator has asked for on the command line."""
        try:
            wanted = await to_thread.run_sync(self._store.take_wish)
        except StoreError:
            return
        if wanted == "promote":
            await self.promote(kept=True)
        elif wanted == "handover":
            await self.hand_over()

    async def _poll(self) -> None:
        while True:
            began = self._clock.monotonic()
            async with self._asking:
                following = await self._ask()
                if following is Next.AGAIN:
                    await self._ask()
                elif following is Next.GIVE_BACK:
                    await self._return()
            spent = self._clock.monotonic() - began
            await anyio.sleep(max(0.05, self._pace.beat - spent))

    async def _ask(self) -> Next:
        """One poll, tried once more on a new connection."""
        for anew in (False, True):
            poll = self._now().poll()
            told = PeerPoll(id=poll.node, epoch=poll.epoch, active=poll.active, token=poll.token)
            try:
                health = await self._leader.health(anew=anew, told=told)
            except (LeaderStrange, LeaderError) as error:
                if _is_refusal(error):
                    return self._refuse(str(error))
                continue
            return await self._take(health)
        return await self._missed()

    async def _take(self, health: Health) -> Next:
        if health.role != "leader":
            return self._refuse(f"{self._leader.url} is a {health.role}, not a leader")
        self._outlook.answered()
        phase = _phase(health)
        answer = Answer(phase=phase, epoch=health.epoch, token=health.token)
        async with self._lock:
            state, following = self._now().answered(self._clock.now(), answer)
            await self._become(await self._unless_barred(state))
        return following

    async def _missed(self) -> Next:
        self._outlook.missed(self._clock.now())
        async with self._lock:
            state = self._now().missed(self._clock.now())
            await self._become(await self._unless_barred(state))
        self._outlook.looked(self.state, self._clock.now())
        return Next.REST

    async def _unless_barred(self, state: Following) -> Following:
        """`state`, but for a promotion that something forbids."""
        if not state.active or self.state.active:
            return state
        why = self._bar()
        if not why and not await self._has_line():
            why = "no canary answers, so this node's own line is cut"
        self._outlook.barred(why)
        return self._now().missed(self._clock.now(), line=False) if why else state

    def _refuse(self, why: str) -> Next:
        """An answer that says nothing of whether the leader works is never a miss."""
        self._outlook.refused(why)
        return Next.REST

    async def _return(self) -> None:
        """Send the leader what it lacks, stop acting, and say so: then it acts."""
        try:
            await self._give_back()
        except (LeaderError, StoreError) as error:
            log.warning("the leader cannot be given back to yet: %s", error)
            return
        await self._drain()
        async with self._lock:
            state = self._now()
            if not state.active:
                return
            await self._become(state.yield_())
        # What was still written until then goes after; the leader acts when it has that too.
        await self._ended()
        try:
            await self._give_back()
        except (LeaderError, StoreError) as error:
            log.warning("the last of it goes later: %s", error)
        if await self._ask() is Next.AGAIN:
            await self._ask()

    async def _become(self, state: Following) -> None:
        before = self.state
        if (state.epoch, state.known) != (before.epoch, before.known):
            try:
                await to_thread.run_sync(self._store.put_place, Place(state.epoch, state.known))
            except StoreError as error:
                log.error("the election cannot be noted: %s", error)
                self.state = replace(before, ticked=state.ticked)
                return
        self.state = state
        if state.active is not before.active:
            if state.active:
                why = "an operator has promoted it" if state.kept else "the leader is gone"
                log.warning("taking over: %s (epoch %s)", why, state.epoch)
            else:
                log.info("standing by (epoch %s)", state.known)
            self._on_change()


def _is_refusal(error: LeaderError) -> bool:
    """Whether an error says that this is no leader of ours, rather than that it is away."""
    if isinstance(error, LeaderStrange):
        return True
    return not isinstance(error, LeaderAway | LeaderBusy)


def _phase(health: Health) -> Phase:
    """How far the leader is, also of one that does not say."""
    if health.phase:
        try:
            return Phase(health.phase)
        except ValueError:
            pass
    return Phase.ACTIVE if health.status == "ok" and health.active else Phase.UNFIT
