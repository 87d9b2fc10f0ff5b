"""Which days of the past have come to something else since they were counted (see `days`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from uptop_leader.store import facts, puts
from uptop_leader.store.levels import DAY
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from uptop_leader.changes import Changes

ALL = ""
"""Stands for every monitor."""

_STALE, _LATE = METADATA.tables["stale"], METADATA.tables["late"]
_MARK = puts.reach_back(_STALE)


def mark(connection: Connection, since: Mapping[str, int]) -> None:
    """The days of monitors (ids) from some moment on are to be counted anew, as far as they are."""
    counted = facts.number(connection, facts.SETTLING)
    rows = [
        {"monitor": monitor, "since_ms": DAY.start_of(moment), "mark": 1}
        for monitor, moment in since.items()
        if moment < counted
    ]
    if rows:
        _MARK.rows(connection, rows)


def mark_changes(connection: Connection, changes: Changes) -> None:
    """Mark the days that what a pass decided reaches back to."""
    moments = [
        *((one.monitor, one.at) for one in changes.transitions),
        *((one.monitor, one.started) for one in changes.opened),
        *((one.monitor, one.ended) for one in changes.closed if one.ended is not None),
    ]
    if not moments:
        return
    since: dict[str, int] = {}
    for monitor, moment in moments:
        since[monitor] = min(to_ms(moment), since.get(monitor, to_ms(moment)))
    # An outage that late results told of may turn out to be the beginning of one of these.
    touched = {one.monitor for one in changes.opened}
    mark(connection, since | _ends_of_late(connection, touched, since))


def mark_late(connection: Connection, monitors: Iterable[str]) -> None:
    """Mark all days of which late results told, since how they are joined has changed."""
    ids = tuple(monitors)
    if not ids:
        return
    first = select(_LATE.c.monitor, func.min(_LATE.c.since_ms)).group_by(_LATE.c.monitor)
    found = connection.execute(first.where(_LATE.c.monitor.in_(ids)))
    mark(connection, dict(iter(found)))


def stale(connection: Connection) -> dict[str, tuple[int, int]]:
    """Since when days of monitors, or of ALL, are to be counted anew, with the mark."""
    return {row.monitor: (row.since_ms, row.mark) for row in connection.execute(select(_STALE))}


def unmark(connection: Connection, monitor: str, known: int) -> None:
    """Take a mark away, unless it was set again since it was read."""
    own = (_STALE.c.monitor == monitor, _STALE.c.mark == known)
    connection.execute(delete(_STALE).where(*own))


def _ends_of_late(
    connection: Connection, monitors: Iterable[str], since: Mapping[str, int]
) -> dict[str, int]:
    if not monitors:
        return {}
    counted = facts.number(connection, facts.SETTLING)
    query = select(_LATE.c.monitor, func.max(_LATE.c.until_ms)).where(
        _LATE.c.down.is_(True), _LATE.c.since_ms < counted
    )
    query = query.where(_LATE.c.until_ms >= counted - DAY.length_ms).group_by(_LATE.c.monitor)
    return {
        monitor: min(until_ms - 1, since[monitor])
        for monitor, until_ms in connection.execute(query)
        if monitor in set(monitors)
    }
