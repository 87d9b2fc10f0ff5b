"""Looks at both of a pair all the time: who says that it acts, in which epoch, and what is copied.

What must be true of every run: with a probe that sees both, never two at work (I1); epochs only
grow (I6); the change log has no gaps, and a cursor never goes back (I7).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio
from msgspec import Struct

from tests.system.history import History
from uptop_core.wire import Health

_PAUSE_S = 0.1
_CURSOR = "SELECT key, value FROM meta WHERE key IN ('copied', 'copied_from')"

Ask = Callable[[], Awaitable[Health | None]]


class Change(Struct, frozen=True):
    """Who began, or ceased, to act, and when."""

    at: float
    who: str
    acts: bool


class PairWatch:
    """Asks `leader` and `follower` in turn. `may_both` is set where nobody can see both."""

    def __init__(self, leader: Ask, follower: Ask, books: dict[str, History]) -> None:
        self._asks = {"leader": leader, "follower": follower}
        self._books = books
        self._acts = {"leader": False, "follower": False}
        self._epochs = {"leader": 0, "follower": 0}
        self._cursor = ("", 0)
        self.may_both = False
        self.changes: list[Change] = []
        self.looks = 0
        self.faults: list[str] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._look()
            await anyio.sleep(_PAUSE_S)

    async def _look(self) -> None:
        """Two are at work when one is, then the other one, and then the first one is still."""
        first = await self._ask("leader")
        second = await self._ask("follower")
        if first and second and not self.may_both:
            again = await self._ask("leader")
            if again and again.epoch == first.epoch:
                self.faults.append(f"two at work: {first} and {second}")
        self._read_cursor()
        self.looks += 1

    async def _ask(self, who: str) -> Health | None:
        """How it is, while it acts; else None."""
        health = await self._asks[who]()
        if health is None:
            self._note(who, acts=False)
            return None
        if health.epoch < self._epochs[who]:
            self.faults.append(f"{who}: epoch {health.epoch} after {self._epochs[who]}")
        self._epochs[who] = health.epoch
        acts = health.active and health.status == "ok"
        self._note(who, acts=acts)
        return health if acts else None

    def _note(self, who: str, *, acts: bool) -> None:
        if self._acts[who] is not acts:
            self._acts[who] = acts
            self.changes.append(Change(time.monotonic(), who, acts))

    def _read_cursor(self) -> None:
        facts = dict(self._books["follower"].select(_CURSOR))
        whose, number = facts.get("copied_from", ""), int(facts.get("copied", 0))
        if whose == self._cursor[0] and number < self._cursor[1]:
            self.faults.append(f"the cursor went back from {self._cursor[1]} to {number}")
        self._cursor = (whose, number)

    def assert_held(self) -> None:
        """Say what did not hold."""
        assert self.looks, "nobody looked"
        assert not self.faults, f"{len(self.faults)} faults: {self.faults[:3]}"
        for who, book in self._books.items():
            if not book.exists:
                continue
            numbers = [number for (number,) in book.select("SELECT number FROM change")]
            whole = set(range(min(numbers, default=0), max(numbers, default=-1) + 1))
            assert set(numbers) == whole, f"the log of the {who} lacks {whole - set(numbers)}"
