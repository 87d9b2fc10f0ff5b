"""A probe, put together: link, runner, spool and reporter in one task group, and its clean stop."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING

import anyio

from uptop_core.client import LeaderClient
from uptop_core.errors import LeaderError
from uptop_core.kinds import KINDS
from uptop_core.line_ups import Line
from uptop_core.logs import event
from uptop_core.run_check import run_check
from uptop_core.runner import Runner
from uptop_core.wire import Registration
from uptop_probe.link import Link
from uptop_probe.reporter import Reporter
from uptop_probe.sightings import Sightings
from uptop_probe.spool import Spool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from uptop_core.clock import Clock
    from uptop_core.outcomes import Outcome
    from uptop_core.prober.sockets import SharedSockets
    from uptop_core.wire import Assignment, Assignments
    from uptop_probe.settings import ProbeSettings

# A clean stop takes at most 5 s in all.
_FINISH_CHECKS_S = 2.0
_FLUSH_S = 2.5

VERSION = metadata.version("uptop-probe")

_log = logging.getLogger(__name__)


class Probe:
    """One instance of one node. `clients` are its possible leaders, `instance` names this start."""

    def __init__(
        self,
        settings: ProbeSettings,
        clients: list[LeaderClient],
        *,
        clock: Clock,
        instance: str,
        run: Callable[[Assignment], Awaitable[Outcome]],
    ) -> None:
        constants = settings.timings
        self._assigned: tuple[Assignment, ...] | None = None
        self._spool = Spool(settings.probe_spool, ring_s=constants.ring)
        self._link = Link(
            clients,
            registration(settings, instance),
            on_assignments=self._take,
            clock=clock,
            poll_s=constants.poll,
            refresh_s=settings.probe_refresh,
            conflict_s=constants.instance / 4,
        )
        self._runner = Runner(
            run,
            concurrency=settings.probe_concurrency,
            clock=clock,
            on_result=lambda ran: self._line.take(ran),
            soon_s=constants.soon,
        )
        self._line = Line(
            run,
            canaries=settings.canaries,
            ask_leader=lambda: leader_answers(self._link.current, clients),
            answer_s=constants.answer,
            clock=clock,
            on_result=lambda ran: self._reporter.add(ran),
        )
        self._sightings = Sightings(clients, settings.node_id, clock, constants.beat)
        self._reporter = Reporter(
            self._spool,
            self._link,
            node_id=settings.node_id,
            instance=instance,
            clock=clock,
            flush_s=constants.flush,
            pressure=self._runner.take_pressure,
            canaries=self._line.canaries,
        )

    async def run(self, stop: anyio.Event) -> None:
        """Check and report until `stop` is set; then end within 5 s, with everything reported
        that a leader could be reached for.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._link.run)
            tasks.start_soon(self._sightings.run)
            tasks.start_soon(self._reporter.run)
            tasks.start_soon(self._line.run)
            async with anyio.create_task_group() as checks:
                checks.start_soon(self._runner.run)
                await stop.wait()
                event(_log, logging.INFO, "stopping", running=self._runner.running)
                self._runner.stop()
                checks.cancel_scope.deadline = anyio.current_time() + _FINISH_CHECKS_S
            tasks.cancel_scope.cancel()
        self._line.release()
        with anyio.move_on_after(_FLUSH_S):
            await self._link.seek()
            await self._reporter.finish()
        if len(self._spool):
            event(_log, logging.WARNING, "stopped with results unreported", lost=len(self._spool))

    def _take(self, assignments: Assignments) -> None:
        if assignments.monitors == self._assigned:
            self._runner.ask(assignments.recheck)
            return
        self._assigned = assignments.monitors
        self._line.update(assignments.monitors)
        self._runner.update(assignments.monitors, assignments.recheck)
        event(_log, logging.INFO, "assigned", monitors=len(assignments.monitors))


def registration(settings: ProbeSettings, instance: str) -> Registration:
    """How this node makes itself known."""
    return Registration(
        id=settings.node_id,
        name=settings.node_name or settings.node_id,
        region=settings.node_region,
        version=VERSION,
        instance=instance,
        kinds=tuple(sorted(name for name, kind in KINDS.items() if kind.runs)),
    )


@asynccontextmanager
async def leader_clients(settings: ProbeSettings) -> AsyncIterator[list[LeaderClient]]:
    """A client for each peer. A node that has a key of its own shows nobody the shared one."""
    secret = None if settings.node_key else settings.cluster_secret
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                LeaderClient(url, secret=secret, token=settings.node_key)
            )
            for url in settings.peer_url
        ]


async def leader_answers(current: LeaderClient | None, clients: Sequence[LeaderClient]) -> bool:
    """Whether the leader that this node reports to answers on a new connection; while there is
    none, whether any of its peers does.
    """
    for client in clients if current is None else (current,):
        try:
            await client.health(anew=True)
        except LeaderError:
            continue
        return True
    return False


def checking(
    settings: ProbeSettings, sockets: SharedSockets
) -> Callable[[Assignment], Awaitable[Outcome]]:
    """How this node runs a check: with its own view of what may be connected to, and its sockets."""
    vantage = settings.vantage

    async def run(assignment: Assignment) -> Outcome:
        return await run_check(
            assignment.check, timeout=assignment.timeout, vantage=vantage, sockets=sockets
        )

    return run
