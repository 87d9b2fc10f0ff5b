"""The engine: what nodes, jobs and the rest of the leader ask of the one world that there is.

Everything that changes a belief goes through the one queue of its turns (`turns`); what is asked for
reading is read from the world directly, which only changes between passes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import anyio
from msgspec.structs import replace

from uptop_core.wire import Rechecks
from uptop_leader import errands
from uptop_leader.following import Following
from uptop_leader.inputs import Register, Signal
from uptop_leader.refusals import InstanceConflict, Unregistered
from uptop_leader.reports import Report
from uptop_leader.turns import Turns

if TYPE_CHECKING:
    from uptop_core.wire import Assignments, Registration, ResultsAnswer, ResultsBatch
    from uptop_leader.inputs import Reconfigure
    from uptop_leader.nodes import Node


class Engine(Turns):
    """Owns the world; made like `Turns`."""

    _stopping = False
    _has_errands = False

    @cached_property
    def _following(self) -> Following:
        return Following(self.world, self._store, self._reconfigure)

    async def register(self, registration: Registration, address: str) -> Node:
        """Let a probe in. Raises InstanceConflict, Behind."""
        try:
            node: Node = await self.ask(Register(registration, address))  # type: ignore[assignment]
        except InstanceConflict:
            self._note_rival(registration.id)
            raise
        return node

    async def submit(self, batch: ResultsBatch, received: float | None = None) -> ResultsAnswer:
        """Take a batch; answers after the commit. `received` is when it came (default: now).
        Raises Unregistered, InstanceConflict, Behind."""
        now = self._clock.now()
        report = Report(batch, now if received is None else received, self._stood_s(now))
        answer: ResultsAnswer = await self.ask(report)  # type: ignore[assignment]
        self.counters.results += answer.accepted
        self.counters.duplicates += answer.duplicates
        self.counters.rejected += len(answer.rejected)
        return answer

    async def signal(self, monitor: str, signal: str, detail: str = "") -> bool:
        """Hear a push job; False when there is no such monitor. Raises Behind."""
        return bool(await self.ask(Signal(monitor, signal, detail)))

    def assignments(self, node: str) -> tuple[str, Assignments]:
        """The ETag and the assignments of a node, which is heard with that. Raises Unregistered."""
        self.hear(node)
        return self.world.assignments(node)

    def rechecks(self, node: str, etag: str) -> Rechecks | None:
        """The open rechecks of a node, where that and the monitors of `etag` are all there is."""
        orders = self.world.orders
        if not orders.names_monitors(node, etag):
            return None
        return Rechecks(recheck=orders.rechecks_of(node))

    async def assignments_changed(self, node: str, etag: str, seconds: float) -> None:
        """Return when the node's assignments are not those of `etag`, after `seconds`, or when the
        leader stops. Who asked may be dead by then, so it is not heard with that."""
        with anyio.move_on_after(seconds):
            while self.world.orders.etag(node) == etag and not self._stopping:
                await self._waiter(node).wait()

    def stop_waiting(self) -> None:
        """The leader stops: who waits for a change is answered now."""
        self._stopping = True
        self._wake_nodes(set(self._waiters))

    async def own_assignments_changed(self, etag: str) -> None:
        """The same for the leader itself, for as long as it takes."""
        own = self.world.own.id
        while self.world.orders.etag(own) == etag:
            await self._waiter(own).wait()

    def hear(self, node_id: str) -> str:
        """A node that asks is there; the ETag of its assignments. Raises Unregistered. Kept in
        memory only: after a restart nobody's silence is counted from before it."""
        node = self.world.nodes.get(node_id)
        if node is None or node.own:
            raise Unregistered(node_id)
        self.world.nodes[node_id] = replace(node, heard=self._clock.now())
        return self.world.orders.etag(node_id)

    def _note_rival(self, node_id: str) -> None:
        """Two processes have one id. Kept in memory only: the other one asks again soon."""
        node = self.world.nodes[node_id]
        self.world.nodes[node_id] = replace(node, rival=self._clock.now())

    def _waiter(self, node: str) -> anyio.Event:
        return self._waiters.setdefault(node, anyio.Event())

    async def reconfigure(self) -> None:
        """Take over the configuration of the store: see `Following.follow`. Who changes it may have
        left errands with that: see `node_keys`.
        """
        await self.follow()
        if self._has_errands:
            await errands.run(self, self._store)
            self._has_errands = False

    async def follow(self) -> None:
        """The same, and no errands."""
        if await self._following.follow():
            self._has_errands = True

    async def _reconfigure(self, entry: Reconfigure) -> object:
        self._reassign = self._reassign or entry.before != self.world.monitors
        return await self.ask(entry)
