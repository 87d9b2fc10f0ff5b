"""What was written, as values again: for the restart of the engine and for views."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Select, select

from uptop_core.votes import Vote
from uptop_leader.incidents import Acknowledgement, Incident, Transition
from uptop_leader.nodes import Ledger, Node
from uptop_leader.states import Belief, MonitorState, Status, fresh_state
from uptop_leader.store.codes import meaning_of
from uptop_leader.store.history import RawResult
from uptop_leader.store.raw import raw_results
from uptop_leader.store.tables import METADATA
from uptop_leader.store.votes import read_votes
from uptop_leader.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

_TABLES = METADATA.tables
_STATE, _NODE, _LEDGER = (_TABLES[name] for name in ("state", "node", "ledger"))
_INCIDENT, _TRANSITION = _TABLES["incident"], _TABLES["transition"]
_FORMER = _TABLES["former"]
_HEARTBEAT, _SERIES = _TABLES["heartbeat"], _TABLES["series"]

_decode_state = msgspec.msgpack.Decoder(MonitorState).decode
_decode_evidence = msgspec.msgpack.Decoder(tuple[Vote, ...]).decode
_decode_node = msgspec.msgpack.Decoder(Node).decode
_decode_ledger = msgspec.msgpack.Decoder(Ledger).decode


def states(connection: Connection) -> dict[str, MonitorState]:
    """All states by monitor, with their votes put back in. Votes alone make a fresh state."""
    votes = read_votes(connection)
    found = {
        monitor: msgspec.structs.replace(_decode_state(data), votes=votes.pop(monitor, {}))
        for monitor, data in connection.execute(select(_STATE.c.monitor, _STATE.c.data))
    }
    for monitor, alone in votes.items():
        since = min(vote.observed for vote in alone.values())
        found[monitor] = msgspec.structs.replace(fresh_state(monitor, since), votes=alone)
    return found


def nodes(connection: Connection) -> dict[str, Node]:
    """All nodes by id, in the order of joining."""
    rows = connection.execute(select(_NODE.c.id, _NODE.c.data).order_by(_NODE.c.rank, _NODE.c.id))
    return {node: _decode_node(data) for node, data in rows}


def ledgers(connection: Connection) -> dict[tuple[str, str], Ledger]:
    """All ledgers by node and instance."""
    rows = connection.execute(select(_LEDGER.c.node, _LEDGER.c.instance, _LEDGER.c.data))
    return {(node, instance): _decode_ledger(data) for node, instance, data in rows}


def former(connection: Connection) -> dict[tuple[str, str], float]:
    """Until when monitors were assigned to nodes that do not have them any more."""
    rows = connection.execute(select(_FORMER))
    return {(row.monitor, row.node): to_seconds(row.until_ms) for row in rows}


def last_alive(connection: Connection) -> float | None:
    """When the store was last written, Unix seconds."""
    return to_seconds_or_none(connection.execute(select(_HEARTBEAT.c.at_ms)).scalar_one_or_none())


def series_ids(connection: Connection) -> dict[tuple[str, str], int]:
    """The numbers of all series."""
    return {(row.monitor, row.node): row.id for row in connection.execute(select(_SERIES))}


def incidents(
    connection: Connection,
    *,
    open_only: bool = False,
    monitor: str | None = None,
    limit: int | None = None,
    before: float | None = None,
    since: float | None = None,
    beyond: tuple[float, str] | None = None,
) -> list[Incident]:
    """Incidents, the latest start first: those that started before `before` and not before `since`
    (Unix seconds), and come after the one that started at, and has the id, of `beyond`.
    """
    query: Select[Any] = select(_INCIDENT)
    if open_only:
        query = query.where(_INCIDENT.c.ended_ms.is_(None))
    if monitor is not None:
        query = query.where(_INCIDENT.c.monitor == monitor)
    if before is not None:
        query = query.where(_INCIDENT.c.started_ms < to_ms(before))
    if since is not None:
        query = query.where(_INCIDENT.c.started_ms >= to_ms(since))
    if beyond is not None:
        started, last = to_ms(beyond[0]), beyond[1]
        same = (_INCIDENT.c.started_ms == started) & (_INCIDENT.c.id > last)
        query = query.where(same | (_INCIDENT.c.started_ms < started))
    query = query.order_by(_INCIDENT.c.started_ms.desc(), _INCIDENT.c.id).limit(limit)
    return [_incident(row) for row in connection.execute(query)]


def incident(connection: Connection, incident_id: str) -> Incident | None:
    """The incident of that id, if there is one."""
    row = connection.execute(select(_INCIDENT).where(_INCIDENT.c.id == incident_id)).one_or_none()
    return None if row is None else _incident(row)


def incidents_of(connection: Connection, ids: Collection[str]) -> list[Incident]:
    """The incidents of those ids, as far as there are any."""
    rows = connection.execute(select(_INCIDENT).where(_INCIDENT.c.id.in_(ids)))
    return [_incident(row) for row in rows]


def _incident(row: Any) -> Incident:
    return Incident(
        id=row.id,
        monitor=row.monitor,
        number=row.number,
        name=row.name,
        started=to_seconds(row.started_ms),
        confirmed=to_seconds(row.confirmed_ms),
        reasons=row.reasons,
        detail=row.detail,
        evidence=_decode_evidence(row.evidence),
        ended=to_seconds_or_none(row.ended_ms),
        end_confirmed=to_seconds_or_none(row.end_confirmed_ms),
        cause=row.cause,
        maintenance=row.maintenance,
        untold=row.untold,
        child_of=row.child_of,
        late=row.late,
        acknowledged=_acknowledgement(row),
    )


def _acknowledgement(row: Any) -> Acknowledgement | None:
    if row.taken_ms is None:
        return None
    return Acknowledgement(at=to_seconds(row.taken_ms), by=row.taken_by, note=row.taken_note)


def transitions(connection: Connection, monitor: str | None, limit: int) -> list[Transition]:
    """The last transitions of a monitor, or of all, the newest first."""
    return [one for _, one in numbered_transitions(connection, monitor, limit)]


def numbered_transitions(
    connection: Connection, monitor: str | None, limit: int, before: int | None = None
) -> list[tuple[int, Transition]]:
    """The same with their numbers, those before a number."""
    query: Select[Any] = select(_TRANSITION).order_by(_TRANSITION.c.number.desc()).limit(limit)
    if monitor is not None:
        query = query.where(_TRANSITION.c.monitor == monitor)
    if before is not None:
        query = query.where(_TRANSITION.c.number < before)
    return [(row.number, _transition(row)) for row in connection.execute(query)]


def _transition(row: Any) -> Transition:
    return Transition(
        monitor=row.monitor,
        at=to_seconds(row.at_ms),
        known=to_seconds(row.known_ms),
        belief_from=Belief(row.belief_from),
        belief_to=Belief(row.belief_to),
        status_from=Status(row.status_from),
        status_to=Status(row.status_to),
        cause=row.cause,
        reasons=row.reasons,
        detail=row.detail,
        evidence=_decode_evidence(row.evidence),
        incident=row.incident,
    )


def results(
    connection: Connection, monitor: str, since: float, until: float, limit: int
) -> list[RawResult]:
    """Raw results of a monitor observed in [since, until), the oldest first."""
    named = select(_SERIES.c.id, _SERIES.c.node).where(_SERIES.c.monitor == monitor)
    nodes = {row.id: row.node for row in connection.execute(named)}
    rows = raw_results(connection, to_ms(since), to_ms(until), nodes)
    return [
        RawResult(
            node=nodes[series],
            observed=to_seconds(at_ms),
            latency_us=latency_us,
            reason=meaning_of(code)[0],
        )
        for at_ms, series, latency_us, code in islice(rows, limit)
    ]
