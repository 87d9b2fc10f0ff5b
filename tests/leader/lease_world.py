"""Nodes that share a lease, in virtual time: each with a clock of its own, and a way to the
database that takes time, is cut, or loses an answer. `Rules` may be a broken version of the rules.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from uptop_leader.election.lease import Leasing, Move, Pace, Row

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = 0.1
PACE = Pace()


class Database:
    """The row, changed only where it is as the question says."""

    def __init__(self) -> None:
        self.row = Row(server="1")
        self.epochs: list[int] = []
        """Of every term, as they came."""
        self.past: list[Row] = []
        """As it was after each change."""

    def look(self, known: int) -> Row:
        if known > self.row.highest:
            self.row = replace(self.row, highest=known)
        return self.row

    def renew(self, term: Row) -> Row | None:
        same = (self.row.holder, self.row.epoch) == (term.holder, term.epoch)
        if not same or self.row.beat not in (term.beat, term.beat + 1):
            return None
        self.row = replace(self.row, beat=self.row.beat + 1)
        self.past.append(self.row)
        return self.row

    def take(self, seen: Row, holder: str, epoch: int) -> Row | None:
        row = self.row
        same = (row.holder, row.epoch, row.beat) == (seen.holder, seen.epoch, seen.beat)
        if not same or row.server != seen.server:
            return None
        if row.highest >= epoch:
            return None
        self.row = replace(row, holder=holder, epoch=epoch, beat=row.beat + 1, highest=epoch)
        self.epochs.append(epoch)
        self.past.append(self.row)
        return self.row

    def go_back(self, to: Row, server: str) -> None:
        """A replica that lagged takes its place."""
        self.row = replace(to, server=server)


class Node:
    """One leader. `cut` and `paused` are until when, true seconds."""

    def __init__(
        self, name: str, database: Database, rng: random.Random, rules: type[Leasing]
    ) -> None:
        self.name = name
        self.cut = self.paused = 0.0
        self.alive = True
        self.heard = 0.0
        self._database = database
        self._rng = rng
        self._rules = rules
        self._rate = rng.uniform(0.97, 1.03)
        self._offset = rng.uniform(0, 1e6)
        self._next = 0.0
        self._steps: list[tuple[float, Callable[[float], None]]] = []
        self.state: Leasing = rules(me=name, pace=PACE)

    def clock(self, now: float) -> float:
        return self._offset + now * self._rate

    def acts(self, now: float) -> bool:
        is_up = self.alive and now >= self.paused
        return is_up and self.state.may_act(self.clock(now))

    def restart(self) -> None:
        """A new process of the same node: it remembers nothing and has another name."""
        self.alive, self._steps = True, []
        self.name += "'"
        self.state = self._rules(me=self.name, pace=PACE)

    def turn(self, now: float) -> None:
        """What happens to it at this moment."""
        if not self.alive:
            return
        due = [step for step in self._steps if step[0] <= now]
        self._steps = [step for step in self._steps if step[0] > now]
        for _, step in due:  # what is on its way to the database arrives, paused or not
            step(now)
        if now >= self.paused and now >= self._next and not self._steps:
            self._ask(now)

    def _ask(self, now: float) -> None:
        asked, state = self.clock(now), self.state
        move = state.next(asked)
        if now < self.cut:
            self.state = state.unanswered(asked)
            self._next = now + 1.0
            return
        arrives = now + self._rng.choice((0.0, 0.0, 0.1, 0.5, 2.0))
        self._next = now + 60.0
        self._steps.append((arrives, lambda at: self._arrive(at, asked, state, move)))

    def _arrive(self, now: float, asked: float, state: Leasing, move: Move) -> None:
        row = None
        if move is Move.RENEW and state.term is not None:
            row = self._database.renew(state.term)
        elif move is Move.TAKE and state.seen is not None:
            row = self._database.take(state.seen, state.me, state.epoch_to_take())
        is_ours = row is not None
        row = row or self._database.look(state.known)
        back = now + self._rng.choice((0.0, 0.0, 0.2, 1.0))
        self._steps.append((back, lambda at: self._hear(at, asked, row, is_ours)))

    def _hear(self, now: float, asked: float, row: Row, is_ours: bool) -> None:
        if now < self.paused:  # it hears that when it runs again
            self._steps.append((self.paused, lambda at: self._hear(at, asked, row, is_ours)))
            return
        local = self.clock(now)
        if now < self.cut:
            self.state = self.state.unanswered(local)
        elif is_ours:
            self.state = self.state.renewed_as(asked, row)
        else:
            self.state = self.state.looked(local, row)
        self._next = now + (PACE.beat if self.acts(now) else 1.0)


class World:
    """Some nodes on one database."""

    def __init__(self, seed: int, nodes: int, rules: type[Leasing] = Leasing) -> None:
        self.rng = random.Random(seed)
        self.now = 0.0
        self.database = Database()
        self.nodes = [Node(f"n{n}", self.database, self.rng, rules) for n in range(nodes)]
        self.overlaps: list[tuple[float, list[str]]] = []
        self.idle = 0.0
        """For how long nobody has acted."""
        self.longest = 0.0

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            for node in self.nodes:
                node.turn(self.now)
            acting = [node.name for node in self.nodes if node.acts(self.now)]
            if len(acting) > 1:
                self.overlaps.append((self.now, acting))
            self.idle = 0.0 if acting else self.idle + STEP
            self.longest = max(self.longest, self.idle)

    @property
    def holder(self) -> Node | None:
        """Who acts."""
        return next((node for node in self.nodes if node.acts(self.now)), None)

    def trouble(self, *, lags: bool = False) -> None:
        """Something happens to a node, or to the database; `lags` says that it may go back."""
        node = self.rng.choice(self.nodes)
        kind = self.rng.randrange(8 if lags else 6)
        seconds = self.rng.choice((1, 4, 8, 11, 13, 16, 40))
        if kind == 0:
            node.cut = self.now + seconds
        elif kind == 1:
            node.paused = self.now + seconds
        elif kind == 2:
            node.alive = False
        elif kind == 3 and not node.alive:
            node.restart()
        elif kind == 4:
            self.database.row = replace(self.database.row, server=f"{self.now}")
        elif kind == 5 and self.holder is not None:
            self.holder.paused = self.now + seconds
        elif kind >= 6 and self.database.past:
            self.database.go_back(self.rng.choice(self.database.past[-8:]), f"{self.now}")
