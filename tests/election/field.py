"""Virtual time for an election: processes that crash, pause and have bad clocks; links that fail."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Field:
    """What happens when. Times are true seconds, which no process knows."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = 0.0
        self.cuts: dict[tuple[str, str], float] = {}
        """Links that carry nothing, one way each, and since when."""
        self.healed: dict[tuple[str, str], float] = {}
        self.processes: dict[str, Process] = {}
        self.after_each: Callable[[], None] = lambda: None
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Do something then."""
        heapq.heappush(self._queue, (moment, next(self._order), do))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, do = heapq.heappop(self._queue)
            do()
            self.after_each()
        self.now = until

    def cut(self, source: str, target: str) -> None:
        """From now on nothing arrives that way."""
        self.cuts.setdefault((source, target), self.now)

    def heal(self, source: str, target: str) -> None:
        """The way is open again."""
        if self.cuts.pop((source, target), None) is not None:
            self.healed[source, target] = self.now

    def open_for(self, source: str, target: str) -> float:
        """For how long the way has been open."""
        if (source, target) in self.cuts:
            return 0.0
        return self.now - self.healed.get((source, target), float("-inf"))

    def send(self, source: str, target: str, read: Callable[[], None]) -> None:
        """`read` is called at the target when the message arrives, if it does."""
        quick = self.rng.random() < 0.9
        delay = self.rng.uniform(0.0005, 0.03) if quick else self.rng.uniform(0.03, 1.5)

        def arrive() -> None:
            if (source, target) not in self.cuts:
                self.processes[target].receive(read)

        if (source, target) not in self.cuts:
            self.at(self.now + delay, arrive)


class Process:
    """One process on a machine whose steady clock runs at `rate`. Subclasses say what it does."""

    def __init__(self, name: str, field: Field, rate: float) -> None:
        self.name = name
        self.field = field
        self.rate = rate
        self.life = 0
        """Counts its starts; what an earlier life had planned is not done."""
        self.is_up = False
        self.is_paused = False
        self.up_since = 0.0
        self._inbox: list[Callable[[], None]] = []
        field.processes[name] = self

    def clock(self) -> float:
        """Its steady clock, which goes on while the process is paused."""
        return 1_000.0 + self.field.now * self.rate

    def start(self) -> None:
        """A new life."""
        if not self.is_up:
            self.life += 1
            self.is_up, self.is_paused, self.up_since = True, False, self.field.now
            self.begin()

    def crash(self) -> None:
        """The end of a life, without a word."""
        self.is_up = False
        self._inbox.clear()

    def pause(self) -> None:
        """It stands still; what is sent to it waits in a buffer."""
        self.is_paused = self.is_up

    def resume(self) -> None:
        """It goes on, and first reads what waited or looks at its clock, as luck has it."""
        if self.is_paused:
            self.is_paused, self.up_since = False, self.field.now
            waiting, self._inbox = self._inbox, []
            for read in waiting:
                self.later(self.field.rng.uniform(0, 0.01), read)

    def receive(self, read: Callable[[], None]) -> None:
        """A message has arrived."""
        if self.is_paused:
            self._inbox.append(read)
        elif self.is_up:
            read()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something after `seconds` of its own clock, unless it dies before."""
        life = self.life

        def due() -> None:
            if not self.is_up or self.life != life:
                return
            if self.is_paused:
                self._inbox.append(due)
            else:
                do()

        self.field.at(self.field.now + seconds / self.rate, due)

    def begin(self) -> None:
        """What it does at its start."""
        raise NotImplementedError
