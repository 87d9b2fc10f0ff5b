"""What has changed lately, by name, in order: what streams of events are made from.

Only names are kept, each once, at its newest place: who reads slowly, or comes back after a while,
is shown each thing as it is then, and nothing piles up. While nobody has listened for some minutes
nothing is kept at all. Lives on the event loop.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from uptop_leader.changes import Changes
    from uptop_leader.nodes import Standing
    from uptop_leader.states import MonitorState

K = TypeVar("K")

LIMIT = 20_000
"""Names that are kept; who is further behind begins anew."""
UNHEARD_S = 300.0
LOOK_S = 0.5


class Name(NamedTuple):
    """A thing that changed: monitor, node, incident or post with its id, or the configuration."""

    kind: str
    id: str


CONFIG = Name("config", "")


class Shown(Protocol):
    """What of a leader may change without anything being written here."""

    @property
    def version(self) -> int: ...
    @property
    def states(self) -> Mapping[str, MonitorState]: ...

    def standings(self) -> Mapping[str, Standing]:
        """Where every node stands now."""


class Live:
    """The names of what has changed, numbered. `now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float], limit: int = LIMIT) -> None:
        self.boot = uuid.uuid4().hex[:8]
        """Names this process: numbers of another one say nothing here."""
        self.number = 0
        """That of the last change."""
        self.is_over = False
        """Whether the leader stops, and nothing more will come."""
        self._now = now
        self._limit = limit
        self._numbers: dict[Name, int] = {}
        self._floor = 0
        self._heard: float | None = None
        self._looked = -LOOK_S
        self._version: int | None = None
        self._states: Mapping[str, MonitorState] = {}
        self._standings: Mapping[str, Standing] = {}
        self._written: Mapping[Name, object] | None = None
        self._woken = anyio.Event()

    def listen(self, shown: Shown) -> None:
        """Somebody listens: keep names from now on, and look for what changed unsaid."""
        if not self._is_heard():
            self._forget()
            self._states, self._standings = shown.states, shown.standings()
            self._version = shown.version
        self._heard = self._now()
        self._look(shown)

    def reaches(self, number: int) -> bool:
        """Whether everything after `number` is still known."""
        return self._is_heard() and self._floor <= number <= self.number

    def since(self, number: int) -> list[tuple[Name, int]]:
        """What has changed after `number`, in order, each thing once."""
        found: list[tuple[Name, int]] = []
        for name, at in reversed(self._numbers.items()):
            if at <= number:
                break
            found.append((name, at))
        return found[::-1]

    async def changed(self, seconds: float) -> None:
        """Return when something has changed, or after `seconds`."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()

    def close(self) -> None:
        """Nothing more will come."""
        self.is_over = True
        self._wake()

    def note(self, names: Iterable[Name]) -> None:
        """Number what has changed, if anybody listens."""
        if not self._is_heard():
            return
        before = self.number
        for name in names:
            self.number += 1
            self._numbers.pop(name, None)
            self._numbers[name] = self.number
        while len(self._numbers) > self._limit:
            oldest = next(iter(self._numbers))
            self._floor = self._numbers.pop(oldest)
        if self.number != before:
            self._wake()

    def note_changes(self, changes: Changes) -> None:
        """What a pass of the engine has written."""
        if not self._is_heard():
            return
        monitors = {result.monitor for result in changes.results}
        monitors |= changes.states.keys() | set(changes.forgotten)
        monitors |= {monitor for monitor, _ in changes.votes}
        incidents = {one.id for one in (*changes.opened, *changes.amended, *changes.closed)}
        self.note(
            [
                *(Name("monitor", one) for one in monitors),
                *(Name("node", one) for one in changes.nodes.keys() | changes.gone),
                *(Name("incident", one) for one in incidents),
            ]
        )

    def note_written(self, written: Mapping[Name, object]) -> None:
        """The incidents and posts that are in the store now, where others write them: what differs
        from what was there the last time has changed.
        """
        before, self._written = self._written, written
        if before is not None:
            self.note(_differing(before, written))

    def _look(self, shown: Shown) -> None:
        """Find what changed by time alone, or at another leader whose work is shown here."""
        now = self._now()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        if shown.version != self._version:
            self._version = shown.version
            self.note([CONFIG])
        if shown.states is not self._states:
            moved = _differing(self._states, shown.states)
            self._states = shown.states
            self.note(Name("monitor", one) for one in moved)
        standings = shown.standings()
        self.note(Name("node", one) for one in _differing(self._standings, standings))
        self._standings = standings

    def _is_heard(self) -> bool:
        return self._heard is not None and self._now() - self._heard < UNHEARD_S

    def _forget(self) -> None:
        """Begin anew: what changed while nobody listened is not known."""
        self._numbers.clear()
        self.number += 1
        self._floor = self.number

    def _wake(self) -> None:
        self._woken.set()
        self._woken = anyio.Event()


def _differing(before: Mapping[K, object], after: Mapping[K, object]) -> set[K]:
    return {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
