"""Replays: late results of times that nobody had judged become what was known of them.

What is found is written in place of what was found before of the same time, so a replay may be
done again whenever more results have come in, in any order, and comes to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select, update

from uptop_leader.incidents import Incident, late_incident_id
from uptop_leader.late import Look, Outage, Pace, Past, pace_of, past_of
from uptop_leader.store import levels, observed, stale, writing
from uptop_leader.store.codes import meaning_of
from uptop_leader.store.intervals import intersect
from uptop_leader.store.raw import raw_results
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from uptop_core.monitors import Monitor
    from uptop_leader.store.connections import Connections

_TABLES = METADATA.tables
_REPLAY, _LATE, _INCIDENT = _TABLES["replay"], _TABLES["late"], _TABLES["incident"]
_SERIES = _TABLES["series"]

_AT_ONCE = 50  # monitors whose results are read together
_WEEK_MS = 7 * 86_400_000
_AGAIN_MS = 60_000  # how often it is looked whether an outage of a past that goes on is over


class Rulings(Struct, frozen=True, kw_only=True):
    """What a past is judged by, of any monitor; the cluster names its incidents."""

    cluster: str
    strategy: str
    silence_s: float
    unknown_s: float


class _Due(Struct, frozen=True):
    """A monitor of which late results came in, observed between these moments."""

    monitor: Monitor
    since_ms: int
    until_ms: int
    mark: int


class _Told(Struct, frozen=True):
    """What is known of a time that nobody had judged; `is_open` while nobody can judge yet."""

    since_ms: int
    until_ms: int
    past: Past
    is_open: bool

    def outages(self) -> Iterator[Outage]:
        """The outages as far as they lie within the time, observed or not. One that lasts over the
        end of a time that goes on lasts for as long as it is known to.
        """
        end = self.until_ms
        if self.is_open:
            end = max((span[1] for span in (*self.past.up, *self.past.down)), default=end)
        for outage in self.past.outages:
            since, until = max(outage.since_ms, self.since_ms), min(outage.until_ms, end)
            if since < until:
                yield msgspec.structs.replace(outage, since_ms=since, until_ms=until)

    @property
    def is_unfinished(self) -> bool:
        """Whether an outage lasts of which the judge may yet say that it went on."""
        return self.is_open and any(one.until_ms >= self.until_ms for one in self.past.outages)


def replay(
    connections: Connections,
    monitors: Mapping[str, Monitor],
    rulings: Rulings,
    now: float,
    waited_s: float,
) -> int:
    """Judge the pasts of which late results have come in since `waited_s` ago; how many.

    Those of monitors that are not there any more are forgotten.
    """
    with connections.reading() as connection:
        query = select(_REPLAY).where(_REPLAY.c.marked_ms <= to_ms(now - waited_s))
        rows = connection.execute(query.order_by(_REPLAY.c.since_ms)).all()
    gone = [row.monitor for row in rows if row.monitor not in monitors]
    if gone:
        with connections.writing() as connection:
            connection.execute(delete(_REPLAY).where(_REPLAY.c.monitor.in_(gone)))
    dues = [
        _Due(monitors[row.monitor], row.since_ms, row.until_ms, row.mark)
        for row in rows
        if row.monitor in monitors
    ]
    for start in range(0, len(dues), _AT_ONCE):
        _replay_some(connections, dues[start : start + _AT_ONCE], rulings, now)
    return len(dues)


def _replay_some(connections: Connections, dues: list[_Due], rulings: Rulings, now: float) -> None:
    now_ms = to_ms(now)
    paces = {
        due.monitor.id: pace_of(due.monitor, rulings.silence_s, rulings.unknown_s) for due in dues
    }
    with connections.reading() as connection:
        windows = {
            due.monitor.id: _windows(connection, due, paces[due.monitor.id], now_ms) for due in dues
        }
        looks = _looks(connection, windows, paces)
    for due in dues:
        name, pace = due.monitor.id, paces[due.monitor.id]
        told: list[_Told] = []
        for since, until in windows[name]:
            near = [
                look
                for look in looks.get(name, ())
                if since - _reach(pace) <= look.at_ms < until + _reach(pace)
            ]
            end = min(now_ms, until + _reach(pace))
            past = past_of(due.monitor, rulings.strategy, pace, near, end)
            told.append(_Told(since, until, past, is_open=until >= now_ms))
        with connections.writing() as connection:
            for one in told:
                _write(connection, due.monitor, one, pace, rulings.cluster, now)
            _done(connection, due, now_ms, again=any(one.is_unfinished for one in told))


def _reach(pace: Pace) -> int:
    """How far beyond a time the looks are wanted that say how it began and what confirms its end."""
    return 3 * pace.fresh + pace.silence


def _windows(connection: Connection, due: _Due, pace: Pace, now_ms: int) -> list[tuple[int, int]]:
    """The times without a judgement that the late results may tell of, each whole, as far as raw
    results reach back."""
    kept = levels.kept_from(connection, None)
    oldest = max(kept, due.since_ms - _WEEK_MS)
    first, last = due.since_ms - pace.fresh, min(now_ms, due.until_ms + pace.fresh)
    unjudged = observed.not_judged(connection, due.monitor.id, oldest, now_ms)
    return [(since, until) for since, until in unjudged if since < last and until > first]


def _looks(
    connection: Connection,
    windows: Mapping[str, list[tuple[int, int]]],
    paces: Mapping[str, Pace],
) -> dict[str, list[Look]]:
    """The looks at each monitor in and around its windows, in their order."""
    around = [
        (since - _reach(paces[name]), until + _reach(paces[name]))
        for name, own in windows.items()
        for since, until in own
    ]
    if not around:
        return {}
    series = {
        row.id: row
        for row in connection.execute(select(_SERIES).where(_SERIES.c.monitor.in_(windows)))
    }
    rows = raw_results(
        connection,
        min(since for since, _ in around),
        max(until for _, until in around),
        series,
    )
    found: dict[str, list[Look]] = {}
    for at_ms, number, latency_us, code in rows:
        reason, bearing = meaning_of(code)
        look = Look(series[number].node, at_ms, reason, bearing, latency_us * 1000)
        found.setdefault(series[number].monitor, []).append(look)
    return found


def _write(
    connection: Connection, monitor: Monitor, told: _Told, pace: Pace, cluster: str, now: float
) -> None:
    """What is known of a time now, in place of what was."""
    own, window = monitor.id, [(told.since_ms, told.until_ms)]
    old = (_LATE.c.monitor == own, _LATE.c.since_ms >= told.since_ms)
    connection.execute(delete(_LATE).where(*old, _LATE.c.since_ms < told.until_ms))
    late = [
        {"monitor": own, "since_ms": since, "until_ms": until, "down": is_down}
        for is_down, spans in ((False, told.past.up), (True, told.past.down))
        for since, until in intersect(spans, window)
    ]
    if late:
        connection.execute(_LATE.insert(), late)
    within = (_INCIDENT.c.started_ms >= told.since_ms, _INCIDENT.c.started_ms < told.until_ms)
    connection.execute(
        delete(_INCIDENT).where(_INCIDENT.c.monitor == own, _INCIDENT.c.late.is_(True), *within)
    )
    # An interval more: what ended shortly before may turn out to be the beginning of an outage.
    stale.mark(connection, {own: told.since_ms - round(monitor.interval * 1000)})
    live = _live_incidents(connection, own, told, pace)
    writing.write_incidents(
        connection,
        [
            _incident(monitor, outage, cluster, now)
            for outage in told.outages()
            if not any(
                start <= outage.until_ms + pace.fresh and outage.since_ms - pace.fresh <= end
                for start, end in live
            )
        ],
    )


def _live_incidents(
    connection: Connection, monitor: str, told: _Told, pace: Pace
) -> list[tuple[int, int]]:
    """Incidents that were known at the time: an outage that one of them tells of is that one."""
    query = select(_INCIDENT.c.started_ms, _INCIDENT.c.ended_ms).where(
        _INCIDENT.c.monitor == monitor,
        _INCIDENT.c.late.is_(False),
        _INCIDENT.c.started_ms <= told.until_ms + pace.fresh,
    )
    return [
        (started, told.until_ms + pace.fresh if ended is None else ended)
        for started, ended in connection.execute(query)
    ]


def _incident(monitor: Monitor, outage: Outage, cluster: str, now: float) -> Incident:
    return Incident(
        id=late_incident_id(cluster, monitor.id, outage.since_ms),
        monitor=monitor.id,
        number=0,
        name=monitor.name,
        started=to_seconds(outage.since_ms),
        confirmed=now,
        reasons=outage.reasons,
        evidence=outage.evidence,
        ended=to_seconds(outage.until_ms),
        end_confirmed=now,
        cause="recovered",
        late=True,
    )


def _done(connection: Connection, due: _Due, now_ms: int, *, again: bool) -> None:
    """Take the mark away, unless more has come in since it was read, or it is to be done `again`
    in a while.
    """
    own = _REPLAY.c.monitor == due.monitor.id
    if not again:
        connection.execute(delete(_REPLAY).where(own, _REPLAY.c.mark == due.mark))
    following = now_ms + _AGAIN_MS if again else now_ms
    connection.execute(update(_REPLAY).where(own).values(marked_ms=following))
