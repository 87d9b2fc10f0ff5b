"""`uptop-probe --once`: fetch the assignments, check them all once, report, print a table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio

from uptop_core.errors import LeaderError, LeaderRefused
from uptop_core.escaping import escape
from uptop_core.line_ups import Line
from uptop_core.logs import event
from uptop_core.runner import RanResult
from uptop_core.wire import ResultsBatch
from uptop_probe.probe import leader_answers, registration
from uptop_probe.spool import BATCH_RESULTS, Spool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from uptop_core.client import LeaderClient
    from uptop_core.clock import Clock
    from uptop_core.outcomes import Outcome
    from uptop_core.wire import Assignment
    from uptop_probe.settings import ProbeSettings

_FOUND_LIMIT = 300  # characters of what was found: a whole detail, which may end in what to do

_log = logging.getLogger(__name__)


async def run_once(
    settings: ProbeSettings,
    clients: Sequence[LeaderClient],
    *,
    clock: Clock,
    instance: str,
    run: Callable[[Assignment], Awaitable[Outcome]],
    write: Callable[[str], object],
) -> int:
    """0 when every monitor was checked and every result taken, else 1; a target that is down is
    no failure. `write` gets the table.
    """
    leader, assignments = await _first_leader(settings, clients, instance)
    proved: list[RanResult] = []
    line = Line(
        run,
        canaries=settings.canaries,
        ask_leader=lambda: leader_answers(leader, clients),
        answer_s=settings.timings.answer,
        clock=clock,
        on_result=proved.append,
    )
    await _check_all(assignments, settings.probe_concurrency, clock, run, line)
    results = sorted(proved, key=lambda ran: ran.assignment.name)
    write(table(results) if results else f"nothing is assigned to {settings.node_id}\n")
    refused = await _report(settings, leader, instance, results, clock)
    for words in refused:
        write(f"not taken: {words}\n")
    return 1 if refused else 0


def table(results: Iterable[RanResult]) -> str:
    """One line for each monitor."""
    rows = [("MONITOR", "KIND", "STATE", "MS", "FOUND"), *(_row(ran) for ran in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = (
        f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {state:<{widths[2]}}  {ms:>{widths[3]}}  {found}"
        for name, kind, state, ms, found in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(ran: RanResult) -> tuple[str, str, str, str, str]:
    outcome = ran.outcome
    state = "up" if outcome.up else "error" if outcome.abstains else "down"
    reason = f"{outcome.reason.value}: {outcome.detail}" if outcome.reason is not None else ""
    return (
        escape(ran.assignment.name, 40),
        ran.assignment.check.kind(),
        state,
        f"{outcome.timings.total_ns / 1e6:.1f}",
        escape(reason, _FOUND_LIMIT),
    )


async def _first_leader(
    settings: ProbeSettings, clients: Sequence[LeaderClient], instance: str
) -> tuple[LeaderClient, tuple[Assignment, ...]]:
    """The first peer that leads, and what it assigns; the last error when none does. Those before
    it are logged.
    """
    last: LeaderError | None = None
    for client in clients:
        if last is not None:
            event(_log, logging.WARNING, "no leader there, asking the next", why=str(last))
        try:
            await client.register(registration(settings, instance))
            fetched = await client.assignments(settings.node_id, instance=instance)
        except LeaderError as error:
            last = error
        else:
            return client, fetched.assignments.monitors if fetched is not None else ()
    assert last is not None, "settings have at least one peer"  # noqa: S101
    raise last


async def _check_all(
    assignments: Iterable[Assignment],
    concurrency: int,
    clock: Clock,
    run: Callable[[Assignment], Awaitable[Outcome]],
    line: Line,
) -> None:
    """Check everything once; the line gets what is found, and lets go of all of it."""
    slots = anyio.CapacityLimiter(concurrency)
    line.update(assignments)

    async def check(assignment: Assignment) -> None:
        async with slots:
            began, wall = clock.now(), clock.wall()
            outcome = await run(assignment)
        line.take(RanResult(assignment=assignment, outcome=outcome, began=began, began_wall=wall))

    async with anyio.create_task_group() as proving:
        proving.start_soon(line.run)
        async with anyio.create_task_group() as tasks:
            for assignment in assignments:
                tasks.start_soon(check, assignment)
        await line.settled()
        proving.cancel_scope.cancel()


async def _report(
    settings: ProbeSettings,
    leader: LeaderClient,
    instance: str,
    results: Sequence[RanResult],
    clock: Clock,
) -> list[str]:
    """Hand over all results, and say that this node stops. Returns what was not taken, and why."""
    spool = Spool(max(1, len(results)))
    for ran in results:
        spool.add(ran)
    limit, refused = BATCH_RESULTS, list[str]()
    while True:
        batch = spool.batch(clock.now(), results=limit)
        is_last = len(batch.seqs) == len(spool)
        try:
            answer = await leader.report(
                ResultsBatch(
                    node_id=settings.node_id,
                    results=batch.results,
                    instance=instance,
                    sent_at=int(clock.wall() * 1000),
                    stopping=is_last,
                )
            )
        except LeaderRefused as error:
            if error.status != 413 or len(batch.seqs) <= 1:
                raise
            limit = len(batch.seqs) // 2
            continue
        refused += [f"{result.monitor_id}: {result.why}" for result in answer.rejected]
        spool.acknowledge(batch, peer=leader.url, have=None, rejected=(), now=clock.now())
        if is_last:
            return refused
