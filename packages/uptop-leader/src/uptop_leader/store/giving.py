"""Takes what the node decided that acted while this one did not, into one history.

Both may have decided the same where neither knew of the other: an incident has a computed id, and
is the same one then. What this node has of it stays (its beginning, its end, the transitions that
made them), and what only the other one has comes to it. Nothing is counted backwards, so that no
id is given twice.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import select, update

from uptop_leader.seal import Keyring
from uptop_leader.states import MonitorState
from uptop_leader.store import copying
from uptop_leader.store.change_log import RowChange, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

_DECIDED = (
    *("node", "former", "state", "incident", "transition", "notification", "gap", "late"),
    "post",  # whoever leads is whom people write to while it lasts
)
_HEALTH = ("last_sent_ms", "last_error", "last_failed_ms", "failing_ms", "sent", "failed", "passed")
_TAKEN = ("taken_ms", "taken_by", "taken_note")
_ENDS = ("ended_ms", "end_confirmed_ms", "cause")

_decode_state = msgspec.msgpack.Decoder(MonitorState).decode


def apply_given(connection: Connection, changes: Iterable[RowChange]) -> None:
    """Write what was decided, and nothing of what people set up (of that see `given_edits`). Of
    its channels only how they have been doing.
    """
    changes = list(changes)
    for change in changes:
        if change.thing == "channel" and change.row is not None:
            table = table_of("channel")
            health = {name: change.row[name] for name in _HEALTH if name in change.row}
            connection.execute(update(table).where(table.c.id == change.key[0]).values(health))
    copying.apply(connection, _merged(connection, changes), Keyring())


def _merged(connection: Connection, changes: Iterable[RowChange]) -> Iterator[RowChange]:
    for change in changes:
        if change.thing not in _DECIDED:
            continue
        if change.row is None or not (merge := _MERGES.get(change.thing)):
            yield change
        elif (row := merge(connection, change.row)) is not None:
            yield RowChange(change.thing, change.key, row)


def _incident(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """An incident that both have: its beginning is this node's where each has confirmed it, and so
    is its end where it has one here.
    """
    table = table_of("incident")
    own = connection.execute(select(table).where(table.c.id == row["id"])).mappings().first()
    if own is None:
        return row
    taken = _taken(own, row)
    if own["ended_ms"] is not None:
        return {**own, **taken}
    if own["confirmed_ms"] == row["confirmed_ms"]:
        return {**row, **taken}
    return {**own, **{name: row[name] for name in _ENDS}, **taken}


def _taken(own: Any, row: dict[str, Any]) -> dict[str, Any]:
    """Who acknowledged it first, at either node."""
    known = [one for one in (own, row) if one.get("taken_ms") is not None]
    if not known:
        return {}
    first = min(known, key=lambda one: one["taken_ms"])
    return {name: first[name] for name in _TAKEN}


def _transition(connection: Connection, row: dict[str, Any]) -> dict[str, Any] | None:
    """The beginning or the end of an incident, unless this node has made it itself."""
    return None if copying.twins(connection, row) else row


def _state(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """What the other one believes, with counts that never go back."""
    table = table_of("state")
    query = select(table.c.data).where(table.c.monitor == row["monitor"])
    own = connection.execute(query).scalar_one_or_none()
    if own is None:
        return row
    mine, theirs = _decode_state(own), _decode_state(_bytes(row["data"]))
    counted = replace(
        theirs,
        incidents=max(mine.incidents, theirs.incidents),
        told=max(mine.told, theirs.told),
    )
    return row if counted == theirs else {**row, "data": msgspec.msgpack.encode(counted)}


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value) if isinstance(value, str) else value


_MERGES = {"incident": _incident, "transition": _transition, "state": _state}
