"""Step 11: what a pass of the engine decided, in one transaction.

The same changes may be written twice; the second time changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete

from uptop_leader.store import puts, stale
from uptop_leader.store.passing_on import row_of
from uptop_leader.store.results import write_results
from uptop_leader.store.tables import METADATA
from uptop_leader.store.votes import write_votes
from uptop_leader.times import to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from uptop_leader.changes import Changes
    from uptop_leader.incidents import Incident, Transition
    from uptop_leader.nodes import Ledger, Node
    from uptop_leader.notifications import Notification
    from uptop_leader.states import MonitorState
    from uptop_leader.store.results import SeriesIds

_TABLES = METADATA.tables
_STATE, _VOTE, _NODE = _TABLES["state"], _TABLES["vote"], _TABLES["node"]
_HEARTBEAT, _TRANSITION = _TABLES["heartbeat"], _TABLES["transition"]

_PUT_STATE = puts.upsert(_STATE)
_PUT_NODE = puts.upsert(_NODE)
_PUT_LEDGER = puts.upsert(_TABLES["ledger"])
_PUT_INCIDENT = puts.insert_new(_TABLES["incident"])
_CHANGE_INCIDENT = puts.upsert(_TABLES["incident"])
_PUT_NOTIFICATION = puts.insert_new(_TABLES["notification"])
_PUT_TRANSITION = puts.insert_new(_TRANSITION)
_PUT_HEARTBEAT = puts.upsert(_HEARTBEAT)
_PUT_GAP = puts.upsert(_TABLES["gap"])
_MARK_LATE = puts.widen(_TABLES["replay"])
_PUT_FORMER = puts.upsert(_TABLES["former"])

_encode = msgspec.msgpack.Encoder().encode


def write(connection: Connection, changes: Changes, series: SeriesIds, now: float) -> SeriesIds:
    """Write all of `changes`. Returns the series that were not in `series`: they are known once
    the transaction is committed, not before.
    """
    learned = write_results(connection, changes.results, series)
    _write_states(connection, changes.states)
    write_votes(connection, changes.votes, changes.settled)
    if changes.gone:
        connection.execute(delete(_NODE).where(_NODE.c.id.in_(changes.gone)))
    _write_nodes(connection, changes.nodes, changes.ledgers)
    write_incidents(connection, changes.opened, [*changes.amended, *changes.closed])
    _write_transitions(connection, changes.transitions)
    _write_notifications(connection, changes.notifications)
    if changes.forgotten:
        for table in (_STATE, _VOTE):
            connection.execute(delete(table).where(table.c.monitor.in_(changes.forgotten)))
    for since, until in changes.gaps:
        gap(connection, since, until)
    stale.mark_changes(connection, changes)
    _write_late(connection, changes.late, now)
    _write_former(connection, changes.former)
    alive(connection, now)
    return learned


def alive(connection: Connection, now: float) -> None:
    """Say that the store is written."""
    _PUT_HEARTBEAT.rows(connection, {"id": 1, "at_ms": to_ms(now)})


def gap(connection: Connection, since: float, until: float) -> None:
    """Remember a time in which this leader did not run."""
    _PUT_GAP.rows(connection, {"since_ms": to_ms(since), "until_ms": to_ms(until)})
    stale.mark(connection, {stale.ALL: to_ms(since)})


def _write_late(connection: Connection, late: dict[str, tuple[float, float]], now: float) -> None:
    """Remember what is to be judged from late results, or that there is more of it."""
    if late:
        rows = [
            {
                "monitor": monitor,
                "since_ms": to_ms(first),
                "until_ms": to_ms(last),
                "marked_ms": to_ms(now),
                "mark": 1,
            }
            for monitor, (first, last) in late.items()
        ]
        _MARK_LATE.rows(connection, rows)


def _write_former(connection: Connection, former: dict[tuple[str, str], float]) -> None:
    if former:
        rows = [
            {"monitor": monitor, "node": node, "until_ms": to_ms(until)}
            for (monitor, node), until in former.items()
        ]
        _PUT_FORMER.rows(connection, rows)


def _write_states(connection: Connection, states: dict[str, MonitorState]) -> None:
    if not states:
        return
    rows = [
        {
            "monitor": state.monitor,
            "belief": state.belief.value,
            "since_ms": to_ms(state.since),
            "status": state.status.value,
            "status_since_ms": to_ms(state.status_since),
            "incident": state.incident,
            "data": _encode(msgspec.structs.replace(state, votes={})),
        }
        for state in states.values()
    ]
    _PUT_STATE.rows(connection, rows)


def _write_nodes(
    connection: Connection, nodes: dict[str, Node], ledgers: dict[tuple[str, str], Ledger]
) -> None:
    if nodes:
        rows = [
            {
                "id": node.id,
                "name": node.name,
                "region": node.region,
                "rank": node.rank,
                "heard_ms": to_ms(node.heard),
                "data": _encode(node),
            }
            for node in nodes.values()
        ]
        _PUT_NODE.rows(connection, rows)
    write_ledgers(connection, ledgers)


def write_ledgers(connection: Connection, ledgers: dict[tuple[str, str], Ledger]) -> None:
    """Write which results of each instance are stored."""
    if ledgers:
        rows = [
            {
                "node": ledger.node,
                "instance": ledger.instance,
                "touched_ms": to_ms(ledger.touched),
                "data": _encode(ledger),
            }
            for ledger in ledgers.values()
        ]
        _PUT_LEDGER.rows(connection, rows)


def write_incidents(
    connection: Connection, opened: list[Incident], changed: Sequence[Incident] = ()
) -> None:
    """Add incidents, and replace those of which something else is known now."""
    if opened:
        _PUT_INCIDENT.rows(connection, [_incident_row(incident) for incident in opened])
    if changed:
        _CHANGE_INCIDENT.rows(connection, [_incident_row(incident) for incident in changed])


def _incident_row(incident: Incident) -> dict[str, object]:
    taken = incident.acknowledged
    return {
        "id": incident.id,
        "monitor": incident.monitor,
        "number": incident.number,
        "name": incident.name,
        "started_ms": to_ms(incident.started),
        "confirmed_ms": to_ms(incident.confirmed),
        "reasons": incident.reasons,
        "detail": incident.detail,
        "evidence": _encode(incident.evidence),
        "ended_ms": to_ms_or_none(incident.ended),
        "end_confirmed_ms": to_ms_or_none(incident.end_confirmed),
        "cause": incident.cause,
        "maintenance": incident.maintenance,
        "untold": incident.untold,
        "child_of": incident.child_of,
        "late": incident.late,
        "taken_ms": None if taken is None else to_ms(taken.at),
        "taken_by": "" if taken is None else taken.by,
        "taken_note": "" if taken is None else taken.note,
    }


def _write_transitions(connection: Connection, transitions: list[Transition]) -> None:
    if not transitions:
        return
    rows = [
        {
            "monitor": transition.monitor,
            "at_ms": to_ms(transition.at),
            "known_ms": to_ms(transition.known),
            "belief_from": transition.belief_from.value,
            "belief_to": transition.belief_to.value,
            "status_from": transition.status_from.value,
            "status_to": transition.status_to.value,
            "cause": transition.cause,
            "reasons": transition.reasons,
            "detail": transition.detail,
            "evidence": _encode(transition.evidence),
            "incident": transition.incident,
        }
        for transition in transitions
    ]
    _PUT_TRANSITION.rows(connection, rows)


def _write_notifications(connection: Connection, notifications: list[Notification]) -> None:
    if not notifications:
        return
    _PUT_NOTIFICATION.rows(connection, [row_of(one) for one in notifications])
