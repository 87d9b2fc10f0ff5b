"""Step 6, first half: the probe's link to its leader. Registers, and holds the long poll.

Peers are tried in order when one is away or stands by. Meanwhile the probe goes on with what it
was last assigned.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from uptop_core.errors import LeaderBusy, LeaderError, LeaderRefused
from uptop_core.logs import event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptop_core.client import Fetched, LeaderClient
    from uptop_core.clock import Clock
    from uptop_core.wire import Assignments, Registration

_SHORTEST_S, _LONGEST_S = 0.5, 5.0  # of backing off; a fail-over must not wait for longer
_REPEAT_S = 60.0  # how often the same trouble is told
_PAUSE_S = 0.05  # between polls that find news, so that no server can make us spin
_SAME_S = 1.0  # after a new ETag on what is known already

_log = logging.getLogger(__name__)


class Reaction(Struct, frozen=True):
    """What to do after a failure: wait, and perhaps ask the next peer."""

    wait_s: float
    move_on: bool = False
    loud: bool = False


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row; `jitter` in [0, 1) spreads the nodes."""
    longest = min(_LONGEST_S, _SHORTEST_S * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + jitter / 2)


def react(
    error: LeaderError,
    failures: int,
    peers: int,
    *,
    refusals: int,
    conflict_s: float,
    slow_s: float,
    jitter: float,
) -> Reaction:
    """What to do after the `failures`-th failure in a row. There is a pause after each round of
    the peers, none between them. `conflict_s` is how often an instance asks whether the other one
    is gone, `slow_s` the pause where trying soon is of no use: when all peers refuse this node, as
    the last `refusals` failures in a row did, not while one of them may come back any moment.
    """
    rounds, rest = divmod(failures, peers)
    pause = backoff(rounds, jitter) if rest == 0 else 0.0
    if isinstance(error, LeaderRefused):
        if is_unregistered(error):
            return Reaction(0.0 if failures == 1 else backoff(failures - 1, jitter))
        if error.status == 409:
            return Reaction(conflict_s, loud=True)
        if rest == 0 and refusals >= peers:
            pause = slow_s
        return Reaction(pause, move_on=True, loud=True)
    if isinstance(error, LeaderBusy) and peers == 1 and error.retry_after_s is not None:
        return Reaction(max(pause, min(error.retry_after_s, slow_s)), move_on=True)
    return Reaction(pause, move_on=True)


def is_unregistered(error: LeaderRefused) -> bool:
    """Whether the leader does not know this node (any more)."""
    return error.status == 409 and error.code == "unregistered"


class Link:
    """The link of one node to whichever of `clients` leads.

    `on_assignments` gets the assignments at each change. `poll_s` is how long a leader is asked
    to hold its answer, `refresh_s` how long to sleep where it does not hold it, or refuses us;
    `conflict_s` is the pause while another instance has our id.
    """

    def __init__(
        self,
        clients: Sequence[LeaderClient],
        registration: Registration,
        *,
        on_assignments: Callable[[Assignments], None],
        clock: Clock,
        poll_s: float,
        refresh_s: float,
        conflict_s: float = 5.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clients = clients
        self._registration = registration
        self._on_assignments = on_assignments
        self._clock = clock
        self._poll_s = poll_s
        self._refresh_s = refresh_s
        self._conflict_s = conflict_s
        self._jitter = jitter
        self._at = self._failures = self._refusals = 0
        self._leader: LeaderClient | None = None
        self._joined = anyio.Event()
        self._following = anyio.CancelScope()
        self._lost: LeaderError | None = None
        self._assignments: Assignments | None = None
        self._told: dict[str, tuple[str, float]] = {}

    @property
    def has_choice(self) -> bool:
        """Whether there is another peer to turn to."""
        return len(self._clients) > 1

    @property
    def current(self) -> LeaderClient | None:
        """The leader this node is registered with, if any."""
        return self._leader

    async def leader(self) -> LeaderClient:
        """The leader this node is registered with; waits until there is one."""
        while self._leader is None:
            await self._joined.wait()
        return self._leader

    def lost(self, leader: LeaderClient, error: LeaderError) -> None:
        """Somebody else found that `leader` does not work: register again, or elsewhere."""
        if self._leader is leader and self._lost is None:
            self._leader, self._lost = None, error
            self._joined = anyio.Event()
            self._following.cancel()

    async def run(self) -> None:
        """Register, follow, and start over whenever it ends; until cancelled."""
        while True:
            client = self._clients[self._at]
            try:
                await self._register(client)
                await self._follow(client)
            except LeaderError as error:
                self._leave()
                await self._recover(client, error)

    async def seek(self) -> None:
        """Ask every peer once, without a pause: for a node that stops and has results to report.
        Not beside `run`.
        """
        for client in (*self._clients[self._at :], *self._clients[: self._at]):
            if self._leader is not None:
                return
            try:
                await self._register(client)
            except LeaderError as error:
                event(_log, logging.INFO, "no leader there", peer=client.url, why=str(error))

    async def _register(self, client: LeaderClient) -> None:
        registered = await client.register(self._registration)
        self._leader, self._lost = client, None
        self._joined.set()
        self._told.pop(client.url, None)
        event(
            _log,
            logging.INFO,
            "registered",
            peer=client.url,
            node=registered.id,
            region=registered.region or None,
        )

    def _leave(self) -> None:
        if self._leader is not None:
            self._leader = None
            self._joined = anyio.Event()

    async def _follow(self, client: LeaderClient) -> None:
        """Poll until that fails, or until somebody says that the leader is lost."""
        with anyio.CancelScope() as self._following:
            etag: str | None = None
            while self._lost is None:
                etag = await self._poll(client, etag)
        if self._lost is not None:
            raise self._lost

    async def _poll(self, client: LeaderClient, etag: str | None) -> str | None:
        """One fetch, and the sleep that it calls for. Returns the ETag to ask with next."""
        began = self._clock.monotonic()
        wait_s = self._poll_s if etag else 0.0
        fetched = await client.assignments(
            self._registration.id,
            instance=self._registration.instance,
            etag=etag,
            known=self._assignments.monitors if self._assignments is not None else None,
            wait_s=wait_s,
        )
        self._failures = self._refusals = 0
        news = fetched is not None and self._take(fetched)
        following = fetched.etag if fetched is not None else etag
        early = self._clock.monotonic() - began < wait_s / 2
        if following is None or (early and not news and following == etag):
            await anyio.sleep(self._refresh_s)
        elif news:
            await anyio.sleep(_PAUSE_S)
        elif early:
            await anyio.sleep(min(_SAME_S, self._refresh_s))
        return following

    def _take(self, fetched: Fetched) -> bool:
        """Hand on what was fetched; False when it is what is known already."""
        if fetched.assignments == self._assignments:
            return False
        for monitor in fetched.skipped:
            event(_log, logging.WARNING, "a monitor this version cannot run", monitor=monitor)
        self._assignments = fetched.assignments
        self._on_assignments(fetched.assignments)
        return True

    async def _recover(self, client: LeaderClient, error: LeaderError) -> None:
        self._failures += 1
        self._refusals = self._refusals + 1 if isinstance(error, LeaderRefused) else 0
        reaction = react(
            error,
            self._failures,
            len(self._clients),
            refusals=self._refusals,
            conflict_s=self._conflict_s,
            slow_s=self._refresh_s,
            jitter=self._jitter(),
        )
        self._tell(client, error, reaction)
        if reaction.move_on:
            self._at = (self._at + 1) % len(self._clients)
        await anyio.sleep(reaction.wait_s)

    def _tell(self, client: LeaderClient, error: LeaderError, reaction: Reaction) -> None:
        """Log a trouble when it is new, and then once a minute."""
        words, now = str(error), self._clock.monotonic()
        told, when = self._told.get(client.url, ("", 0.0))
        if told == words and now - when < _REPEAT_S:
            return
        self._told[client.url] = (words, now)
        event(
            _log,
            logging.ERROR if reaction.loud else logging.WARNING,
            "the leader refuses this node" if reaction.loud else "no leader, trying again",
            peer=client.url,
            why=words,
            node=self._registration.id if reaction.loud else None,
        )
