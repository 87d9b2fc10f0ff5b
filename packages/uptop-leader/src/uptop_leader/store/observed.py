"""Which time of each monitor was observed, and in which it was down: the ground of honest uptime.

Observed is the time of a status that is a judgement (not PENDING, UNKNOWN, PAUSED), less the time
in maintenance, and less the times in which this leader did not run, unless results of the monitor
from that time came in later. Down is the time of incidents within it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import func, or_, select

from uptop_leader.incidents import MAINTENANCE as CAUSE
from uptop_leader.states import Status
from uptop_leader.store.codes import SILENT
from uptop_leader.store.intervals import Intervals, intersect, subtract, union
from uptop_leader.store.levels import FIVE, HOUR, Level, kept_from
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

_TABLES = METADATA.tables
_MONITOR, _STATE, _TRANSITION = _TABLES["monitor"], _TABLES["state"], _TABLES["transition"]
_INCIDENT, _GAP = _TABLES["incident"], _TABLES["gap"]
_RESULT, _SERIES = _TABLES["result"], _TABLES["series"]

_MOVES = select(
    _TRANSITION.c.number,
    _TRANSITION.c.monitor,
    _TRANSITION.c.at_ms,
    _TRANSITION.c.status_from,
    _TRANSITION.c.status_to,
)
_BENEATH = _TRANSITION.c.cause != CAUSE
"""Transitions between what is judged; the others lead to MAINTENANCE, which lies over it, and back."""
_JUDGED = frozenset({Status.UP, Status.PARTIAL, Status.DEGRADED, Status.LATE, Status.DOWN})


class Observed(Struct, frozen=True):
    """The observed time of a monitor, and the part of it in which it was down."""

    all: Intervals
    down: Intervals


class _Pace(Struct):
    """What is needed of a stored monitor to tell for how long one of its results speaks."""

    interval: float = 60.0


_decode_pace = msgspec.json.Decoder(_Pace).decode


def observed(connection: Connection, since_ms: int, until_ms: int) -> dict[str, Observed]:
    """What was observed of every monitor that is not deleted, in [since, until)."""
    monitors = connection.execute(select(_MONITOR).where(_MONITOR.c.deleted_ms.is_(None))).all()
    judged = _judged(connection, monitors, since_ms, until_ms)
    maintained = _maintained(connection, since_ms, until_ms)
    outages = _outages(connection, since_ms, until_ms)
    missed = _missed(connection, monitors, since_ms, until_ms)
    found = {}
    for monitor in monitors:
        left_out = union([*maintained.get(monitor.id, []), *missed.get(monitor.id, [])])
        seen = subtract(judged[monitor.id], left_out)
        found[monitor.id] = Observed(seen, intersect(seen, outages.get(monitor.id, [])))
    return found


def _judged(
    connection: Connection, monitors: Iterable[Any], since_ms: int, until_ms: int
) -> dict[str, Intervals]:
    """The time of each monitor's statuses that are judgements."""
    now = select(_STATE.c.monitor, _STATE.c.status, _STATE.c.status_since_ms)
    states = {row.monitor: row for row in connection.execute(now)}
    bases = _last_before(connection, since_ms, _BENEATH)
    later = _between(connection, since_ms, until_ms, _BENEATH)
    judged = {}
    for monitor in monitors:
        start = max(since_ms, monitor.created_ms)
        changes = _changes(bases.get(monitor.id), later.get(monitor.id, []), states.get(monitor.id))
        judged[monitor.id] = _time_of(_JUDGED, changes, start, until_ms)
    return judged


def _maintained(connection: Connection, since_ms: int, until_ms: int) -> dict[str, Intervals]:
    """The time that each monitor was in maintenance."""
    begun = {
        monitor: since_ms
        for monitor, row in _last_before(connection, since_ms, ~_BENEATH).items()
        if row.status_to == Status.MAINTENANCE
    }
    found: dict[str, list[tuple[int, int]]] = {}
    for monitor, rows in _between(connection, since_ms, until_ms, ~_BENEATH).items():
        for row in rows:
            if row.status_to == Status.MAINTENANCE:
                begun.setdefault(monitor, row.at_ms)
            elif monitor in begun:
                found.setdefault(monitor, []).append((begun.pop(monitor), row.at_ms))
    for monitor, start in begun.items():
        found.setdefault(monitor, []).append((start, until_ms))
    return {monitor: union(times) for monitor, times in found.items()}


def _between(
    connection: Connection, since_ms: int, until_ms: int, which: ColumnElement[bool]
) -> dict[str, list[Any]]:
    """The transitions of each monitor that happened in (since, until), as they became known."""
    found: dict[str, list[Any]] = {}
    query = _MOVES.where(which, _TRANSITION.c.at_ms > since_ms, _TRANSITION.c.at_ms < until_ms)
    for row in connection.execute(query.order_by(_TRANSITION.c.number)):
        found.setdefault(row.monitor, []).append(row)
    return found


def _last_before(
    connection: Connection, moment_ms: int, which: ColumnElement[bool]
) -> dict[str, Any]:
    """The transition that was made known last, of those that happened until the moment."""
    newest = (
        select(func.max(_TRANSITION.c.number).label("number"))
        .where(which, _TRANSITION.c.at_ms <= moment_ms)
        .group_by(_TRANSITION.c.monitor)
        .subquery()
    )
    query = _MOVES.join(newest, newest.c.number == _TRANSITION.c.number)
    return {row.monitor: row for row in connection.execute(query)}


def _changes(base: Any | None, later: Sequence[Any], state: Any | None) -> list[tuple[int, Status]]:
    """From when on which status held, in order. What became known later is right about all time
    from when it happened on, so that a back-dated transition replaces those after its moment.
    """
    if base is not None:
        changes = [(base.at_ms, Status(base.status_to))]
    elif later:
        changes = [(0, Status(later[0].status_from))]
    elif state is not None:
        return [(state.status_since_ms, Status(state.status))]
    else:
        return []
    for row in later:
        if base is not None and row.number < base.number:
            continue
        while len(changes) > 1 and changes[-1][0] >= row.at_ms:
            changes.pop()
        changes.append((row.at_ms, Status(row.status_to)))
    return changes


def _time_of(
    wanted: frozenset[Status], changes: list[tuple[int, Status]], since_ms: int, until_ms: int
) -> Intervals:
    ends = [moment for moment, _ in changes[1:]] + [until_ms]
    return union(
        (max(moment, since_ms), min(end, until_ms))
        for (moment, status), end in zip(changes, ends, strict=False)
        if status in wanted
    )


def _outages(connection: Connection, since_ms: int, until_ms: int) -> dict[str, Intervals]:
    """The time of each monitor's incidents."""
    query = select(_INCIDENT.c.monitor, _INCIDENT.c.started_ms, _INCIDENT.c.ended_ms).where(
        _INCIDENT.c.started_ms < until_ms,
        or_(_INCIDENT.c.ended_ms.is_(None), _INCIDENT.c.ended_ms > since_ms),
    )
    found: dict[str, Intervals] = {}
    for monitor, started, ended in connection.execute(query):
        found.setdefault(monitor, []).append((started, until_ms if ended is None else ended))
    return {monitor: union(outages) for monitor, outages in found.items()}


def _missed(
    connection: Connection, monitors: Iterable[Any], since_ms: int, until_ms: int
) -> dict[str, Intervals]:
    """The time of each monitor that passed while this leader did not run and nobody else saw it."""
    query = select(_GAP).where(_GAP.c.since_ms < until_ms, _GAP.c.until_ms > since_ms)
    gaps = union((row.since_ms, row.until_ms) for row in connection.execute(query))
    if not gaps:
        return {}
    seen: dict[str, Intervals] = {}
    for start, end in gaps:
        for slot_start, slot_end, name in _slots_with_results(connection, start, end):
            seen.setdefault(name, []).append((slot_start, slot_end))
    missed = {}
    for monitor in monitors:
        speaks_ms = round(_decode_pace(monitor.spec).interval * 1000)
        covered = union(
            (start, max(end, start + speaks_ms)) for start, end in seen.get(monitor.id, [])
        )
        missed[monitor.id] = subtract(gaps, covered)
    return missed


def _slots_with_results(
    connection: Connection, since_ms: int, until_ms: int
) -> list[tuple[int, int, str]]:
    """The monitors that have results in [since, until), by slot: whole buckets are asked of the
    rollups, the pieces at both ends of raw results as long as there are some.
    """
    level = FIVE if since_ms >= kept_from(connection, FIVE) else HOUR
    first = level.start_of(since_ms - 1) + level.length_ms
    last = level.start_of(until_ms)
    if first > last:
        return _raw_slot(connection, since_ms, until_ms)
    return [
        *_raw_slot(connection, since_ms, first),
        *_whole_slots(connection, level, first, last),
        *_raw_slot(connection, last, until_ms),
    ]


def _raw_slot(connection: Connection, since_ms: int, until_ms: int) -> list[tuple[int, int, str]]:
    if since_ms >= until_ms:
        return []
    query = (
        select(_SERIES.c.monitor)
        .distinct()
        .join(_RESULT, _RESULT.c.series == _SERIES.c.id)
        .where(
            _RESULT.c.time_ms >= since_ms,
            _RESULT.c.time_ms < until_ms,
            _RESULT.c.reason.not_in(SILENT),
        )
    )
    return [(since_ms, until_ms, monitor) for monitor in connection.execute(query).scalars()]


def _whole_slots(
    connection: Connection, level: Level, since_ms: int, until_ms: int
) -> list[tuple[int, int, str]]:
    table = level.table
    query = (
        select(table.c.bucket_ms, _SERIES.c.monitor)
        .join(_SERIES, _SERIES.c.id == table.c.series)
        .where(table.c.bucket_ms >= since_ms, table.c.bucket_ms < until_ms)
    )
    return [
        (bucket, bucket + level.length_ms, monitor) for bucket, monitor in connection.execute(query)
    ]
