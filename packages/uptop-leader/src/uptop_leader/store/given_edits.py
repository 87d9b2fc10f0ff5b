"""What people changed at the follower while it acted: pauses and maintenance come to the leader.

What both have changed meanwhile is listed in the audit log, and nothing of it is lost: a pause is
added to what was changed here, and a maintenance that is another one here is put beside it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, select, update

from uptop_leader.configuration import Actor
from uptop_leader.store import audit, facts, puts
from uptop_leader.store.change_log import table_of
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from uptop_leader.store.change_log import RowChange

_CHANGE = METADATA.tables["change"]
_MONITOR, _MAINTENANCE = table_of("monitor"), table_of("maintenance")
_PUT_MAINTENANCE = puts.upsert(_MAINTENANCE, keep=("position",))
_FOLLOWER = Actor(name="follower", source="hand-back")
_BOTH = "changed on both nodes"


def take(
    connection: Connection, changes: Iterable[RowChange], base: int, now: float
) -> tuple[str, ...]:
    """Write them; `base` is the last change of here that the follower had. Returns what both have
    changed, in words. Twice is as good as once.
    """
    edits = _Edits(connection, base, now)
    for change in changes:
        if change.thing == "monitor" and change.row is not None:
            edits.pause(change.row)
        elif change.thing == "maintenance":
            edits.plan(change.key[0], change.row)
    edits.end()
    return tuple(edits.conflicts)


class _Edits:
    def __init__(self, connection: Connection, base: int, now: float) -> None:
        self._connection = connection
        self._base = base
        self._now = now
        self._is_changed = False
        self.conflicts: list[str] = []

    def pause(self, row: dict[str, Any]) -> None:
        """A monitor as it is at the follower: only whether it is paused counts."""
        query = select(_MONITOR).where(_MONITOR.c.id == row["id"], _MONITOR.c.deleted_ms.is_(None))
        own = self._connection.execute(query).first()
        paused = bool(msgspec.json.decode(row["spec"]).get("paused", False))
        if own is None:
            return
        spec = msgspec.json.decode(own.spec)
        if bool(spec.get("paused", False)) is paused:
            return
        if self._is_edited("monitor", own.id):
            self._conflict(own.name, f"paused={str(paused).lower()} at the follower is added")
        values = {
            "spec": msgspec.json.encode({**spec, "paused": paused}).decode(),
            "changed_ms": to_ms(self._now),
        }
        self._connection.execute(update(_MONITOR).where(_MONITOR.c.id == own.id).values(values))
        self._note("monitor changed", own.name, "paused")

    def plan(self, ident: str, row: dict[str, Any] | None) -> None:
        """A maintenance as it is at the follower, None where it was removed there."""
        query = select(_MAINTENANCE).where(_MAINTENANCE.c.id == ident)
        own = self._connection.execute(query).mappings().first()
        if row is None:
            self._drop(own)
        elif own is None or own["spec"] != row["spec"]:
            self._put(own, row)

    def _drop(self, own: Any) -> None:
        if own is None:
            return
        if self._is_edited("maintenance", own["id"]):
            self._conflict(own["name"], "removed at the follower, and kept as it is here")
            return
        self._connection.execute(delete(_MAINTENANCE).where(_MAINTENANCE.c.id == own["id"]))
        self._note("maintenance deleted", own["name"], "")

    def _put(self, own: Any, row: dict[str, Any]) -> None:
        if self._is_edited("maintenance", row["id"]):  # or removed here, or another one
            row = _beside(row)
            there = select(_MAINTENANCE.c.id).where(_MAINTENANCE.c.id == row["id"])
            if self._connection.execute(there).first() is not None:
                return
            self._conflict(row["name"], "as it was planned at the follower, put beside")
        known = {name: value for name, value in row.items() if name in _MAINTENANCE.c}
        _PUT_MAINTENANCE.rows(self._connection, known)
        what = "maintenance added" if own is None else "maintenance changed"
        self._note(what, row["name"], "")

    def end(self) -> None:
        """The configuration is another one, if anything is."""
        if self._is_changed:
            version = facts.number(self._connection, facts.CONFIG_VERSION)
            facts.put(self._connection, facts.CONFIG_VERSION, version + 1)

    def _is_edited(self, thing: str, ident: str) -> bool:
        """Whether it was changed here since the follower had it last."""
        query = select(_CHANGE.c.number).where(
            _CHANGE.c.number > self._base, _CHANGE.c.thing == thing, _CHANGE.c.row_key == ident
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def _conflict(self, name: str, how: str) -> None:
        self.conflicts.append(f"{name}: {how}")
        audit.note(self._connection, _FOLLOWER, _BOTH, name, how, self._now)

    def _note(self, what: str, name: str, detail: str) -> None:
        self._is_changed = True
        audit.note(self._connection, _FOLLOWER, what, name, detail, self._now)


def _beside(row: dict[str, Any]) -> dict[str, Any]:
    """The same maintenance under another id and name, the same ones each time."""
    ident = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row['id']}/{row['spec']}"))
    name = f"{row['name']} (follower)"
    spec = {**msgspec.json.decode(row["spec"]), "id": ident, "name": name}
    return {**row, "id": ident, "name": name, "spec": msgspec.json.encode(spec).decode()}
