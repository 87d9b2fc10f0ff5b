"""Which time of each monitor was observed, and in which it was down: the ground of honest uptime.

Observed is the time of a status that is a judgement (not PENDING, UNKNOWN, PAUSED), less the times
in which this leader did not run, with what results that came too late have told of the rest since
(`replays`), and less the time in maintenance. Down is the time of incidents within it, but where
late results tell, what they tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy import select

from uptop_leader.states import Status
from uptop_leader.store import statuses
from uptop_leader.store.intervals import Intervals, intersect, subtract, union
from uptop_leader.store.statuses import time_of
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TABLES = METADATA.tables
_MONITOR, _INCIDENT = _TABLES["monitor"], _TABLES["incident"]
_GAP, _LATE = _TABLES["gap"], _TABLES["late"]

_JUDGED = frozenset({Status.UP, Status.PARTIAL, Status.DEGRADED, Status.LATE, Status.DOWN})
_NOT_KNOWN = frozenset({Status.UNKNOWN, Status.PENDING})


class Observed(Struct, frozen=True, gc=False):
    """The observed time of a monitor, the part of it in which it was down, and the time in
    maintenance, of which nothing is observed.
    """

    all: Intervals
    down: Intervals
    maintained: Intervals = []


class _Past(Struct, frozen=True):
    """What late results have told of a monitor."""

    up: list[tuple[int, int]]
    down: list[tuple[int, int]]


class _Pace(Struct):
    """What is needed of a stored monitor to tell for how long one of its results speaks."""

    interval: float = 60.0


_DAY_MS = 86_400_000
_decode_pace = msgspec.json.Decoder(_Pace).decode


def observed(
    connection: Connection, since_ms: int, until_ms: int, only: str | None = None
) -> dict[str, Observed]:
    """What was observed of every monitor that is not deleted (`only` names one), in [since,
    until)."""
    query = select(_MONITOR.c.id, _MONITOR.c.created_ms).where(_MONITOR.c.deleted_ms.is_(None))
    if only is not None:
        query = query.where(_MONITOR.c.id == only)
    made: dict[str, int] = dict(connection.execute(query).all())
    judged = statuses.spans(connection, made, since_ms, until_ms, only)
    maintained = statuses.maintained(connection, since_ms, until_ms, only)
    gaps = _gaps(connection, since_ms, until_ms)
    pasts = _pasts(connection, since_ms, until_ms, only)
    incidents = _incidents(connection, since_ms, until_ms, only)
    whole = [(since_ms, until_ms, Status.UP)]  # most are up throughout, and share what that is
    usual = Observed(subtract(time_of(_JUDGED, whole), gaps), [])
    odd = {*maintained, *pasts, *incidents}
    found: dict[str, Observed] = {}
    for monitor, made_ms in made.items():
        if monitor not in odd and judged[monitor] == whole:
            found[monitor] = usual
            continue
        seen = subtract(time_of(_JUDGED, judged[monitor]), gaps)
        own = union(incidents[monitor]) if monitor in incidents else []
        past = pasts.get(monitor)
        if past is not None:
            window = [(max(since_ms, made_ms), until_ms)]
            apart = _apart(connection, monitor)
            seen = intersect(union([*seen, *past.up, *past.down]), window)
            bridges = _bridges(own, past.down, apart)
            own = union([*subtract(own, past.up), *past.down, *bridges])
        upkeep = maintained.get(monitor, [])
        seen = subtract(seen, upkeep)
        found[monitor] = Observed(seen, intersect(seen, own), upkeep)
    return found


def not_judged(connection: Connection, monitor_id: str, since_ms: int, until_ms: int) -> Intervals:
    """The time in which a monitor was meant to be watched and nobody could say how it was: its
    status was PENDING or UNKNOWN, or this leader did not run.
    """
    query = select(_MONITOR.c.created_ms).where(_MONITOR.c.id == monitor_id)
    made_ms = connection.execute(query).scalar_one_or_none()
    if made_ms is None:
        return []
    made = {monitor_id: made_ms}
    judged = statuses.spans(connection, made, since_ms, until_ms, monitor_id)[monitor_id]
    gaps = intersect(_gaps(connection, since_ms, until_ms), time_of(_JUDGED, judged))
    return union([*gaps, *time_of(_NOT_KNOWN, judged)])


def _gaps(connection: Connection, since_ms: int, until_ms: int) -> Intervals:
    """The time in which this leader did not run."""
    query = select(_GAP).where(_GAP.c.since_ms < until_ms, _GAP.c.until_ms > since_ms)
    return union((row.since_ms, row.until_ms) for row in connection.execute(query))


def _pasts(
    connection: Connection, since_ms: int, until_ms: int, only: str | None
) -> dict[str, _Past]:
    around = since_ms - _DAY_MS  # what ended before may go on in an incident within
    query = select(_LATE).where(_LATE.c.since_ms < until_ms, _LATE.c.until_ms > around)
    if only is not None:
        query = query.where(_LATE.c.monitor == only)
    found: dict[str, _Past] = {}
    for row in connection.execute(query):
        past = found.setdefault(row.monitor, _Past([], []))
        span = (row.since_ms, min(until_ms, row.until_ms))
        (past.down if row.down else past.up).append(span)
    return found


def _incidents(
    connection: Connection, since_ms: int, until_ms: int, only: str | None
) -> dict[str, list[tuple[int, int]]]:
    """The time of each monitor's incidents."""
    query = select(_INCIDENT.c.monitor, _INCIDENT.c.started_ms, _INCIDENT.c.ended_ms)
    query = query.where(_INCIDENT.c.started_ms < until_ms)
    if only is not None:
        query = query.where(_INCIDENT.c.monitor == only)
    found: dict[str, list[tuple[int, int]]] = {}
    # Two questions, since an index answers each of them and none both.
    for which in (_INCIDENT.c.ended_ms.is_(None), _INCIDENT.c.ended_ms > since_ms):
        for monitor, started, ended in connection.execute(query.where(which)):
            found.setdefault(monitor, []).append((started, until_ms if ended is None else ended))
    return found


def _apart(connection: Connection, monitor: str) -> int:
    """How many milliseconds may lie between two looks at a monitor."""
    spec = connection.execute(select(_MONITOR.c.spec).where(_MONITOR.c.id == monitor)).scalar_one()
    return round(_decode_pace(spec).interval * 1000)


def _bridges(own: Intervals, late: list[tuple[int, int]], apart: int) -> list[tuple[int, int]]:
    """The moments between what late results tell to be down and the incident that goes on with it:
    what was believed before held on in them, and no look lies between.
    """
    after = [(end, began) for _, end in late for began, _ in own if 0 < began - end <= apart]
    before = [(over, start) for start, _ in late for _, over in own if 0 < start - over <= apart]
    return [*after, *before]
