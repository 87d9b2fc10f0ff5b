"""Which status each monitor had when: the transitions as rows → time by status, and maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from uptop_leader.incidents import MAINTENANCE as CAUSE
from uptop_leader.states import Status
from uptop_leader.store.intervals import Intervals, union
from uptop_leader.store.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

_STATE, _TRANSITION = METADATA.tables["state"], METADATA.tables["transition"]
_MOVES = select(
    _TRANSITION.c.number,
    _TRANSITION.c.monitor,
    _TRANSITION.c.at_ms,
    _TRANSITION.c.status_from,
    _TRANSITION.c.status_to,
)
_BENEATH = _TRANSITION.c.cause != CAUSE
"""Transitions between what is judged; the others lead to MAINTENANCE, which lies over it, and back."""

_STATUSES = {status.value: status for status in Status}
_Change = tuple[int, Status]
"""From when on a status holds, Unix milliseconds."""

Span = tuple[int, int, Status]
"""From when to when a status was, Unix milliseconds."""


def spans(
    connection: Connection,
    made: Mapping[str, int],
    since_ms: int,
    until_ms: int,
    only: str | None = None,
) -> dict[str, list[Span]]:
    """What was judged of each monitor in [since, until), and since it was `made` (Unix ms, by id).
    The window ends now: what is after it would be taken for what is in it.

    `only` is the id of the monitor, where there is one.
    """
    now = select(_STATE.c.monitor, _STATE.c.status, _STATE.c.status_since_ms)
    if only is not None:
        now = now.where(_STATE.c.monitor == only)
    rows = connection.execute(now).all()
    states = {monitor: (since, _STATUSES[status]) for monitor, status, since in rows}
    later = _between(connection, since_ms, until_ms, _BENEATH, only)
    bases = _bases(connection, made, since_ms, states, later, only)
    found: dict[str, list[Span]] = {}
    for monitor, made_ms in made.items():
        if monitor in later or monitor in bases:
            changes = _changes(bases.get(monitor), later.get(monitor, ()))
        else:  # as most are: as it is now
            changes = [states[monitor]] if monitor in states else []
        found[monitor] = _spans(changes, max(since_ms, made_ms), until_ms)
    return found


def time_of(wanted: Collection[Status], found: Iterable[Span]) -> Intervals:
    """The time of those statuses."""
    times = [(start, end) for start, end, status in found if status in wanted]
    return union(times) if len(times) > 1 else times


def maintained(
    connection: Connection, since_ms: int, until_ms: int, only: str | None = None
) -> dict[str, Intervals]:
    """The time that each monitor was in maintenance."""
    begun = {
        monitor: since_ms
        for monitor, row in _last_before(connection, since_ms, ~_BENEATH, only).items()
        if row.status_to == Status.MAINTENANCE
    }
    found: dict[str, list[tuple[int, int]]] = {}
    for monitor, rows in _between(connection, since_ms, until_ms, ~_BENEATH, only).items():
        for row in rows:
            if row.status_to == Status.MAINTENANCE:
                begun.setdefault(monitor, row.at_ms)
            elif monitor in begun:
                found.setdefault(monitor, []).append((begun.pop(monitor), row.at_ms))
    for monitor, start in begun.items():
        found.setdefault(monitor, []).append((start, until_ms))
    return {monitor: union(times) for monitor, times in found.items()}


def _between(
    connection: Connection,
    since_ms: int,
    until_ms: int,
    which: ColumnElement[bool],
    only: str | None,
) -> dict[str, list[Any]]:
    """The transitions of each monitor that happened in (since, until), as they became known."""
    found: dict[str, list[Any]] = {}
    query = _MOVES.where(which, _TRANSITION.c.at_ms > since_ms, _TRANSITION.c.at_ms < until_ms)
    if only is not None:
        query = query.where(_TRANSITION.c.monitor == only)
    for row in connection.execute(query.order_by(_TRANSITION.c.number)):
        found.setdefault(row.monitor, []).append(row)
    return found


def _bases(
    connection: Connection,
    monitors: Iterable[str],
    since_ms: int,
    states: Mapping[str, _Change],
    later: Mapping[str, Sequence[Any]],
    only: str | None,
) -> dict[str, Any]:
    """The transition that counts at the beginning of the window, where it must be looked for.

    Mostly it need not: the first transition in the window says what was before it, and where there
    is none it is as it is now. But one that happened before the window may have become known after
    some that happened in it.
    """
    found: dict[str, Any] = {}
    if later:
        first = min(rows[0].number for rows in later.values())
        # The sum keeps the database from going through all that ever happened before the window.
        happened = _TRANSITION.c.at_ms + 0
        query = _MOVES.where(_BENEATH, _TRANSITION.c.number > first, happened <= since_ms)
        if only is not None:
            query = query.where(_TRANSITION.c.monitor == only)
        known = connection.execute(query.order_by(_TRANSITION.c.number))
        found = {
            row.monitor: row
            for row in known
            if row.monitor in later and row.number > later[row.monitor][0].number
        }
    for monitor in monitors:
        state = states.get(monitor)
        if monitor not in later and (state is None or state[0] > since_ms):
            return found | _last_before(connection, since_ms, _BENEATH, only)
    return found


def _last_before(
    connection: Connection, moment_ms: int, which: ColumnElement[bool], only: str | None
) -> dict[str, Any]:
    """The transition that was made known last, of those that happened until the moment."""
    newest = (
        select(func.max(_TRANSITION.c.number).label("number"))
        .where(which, _TRANSITION.c.at_ms <= moment_ms)
        .group_by(_TRANSITION.c.monitor)
    )
    if only is not None:
        newest = newest.where(_TRANSITION.c.monitor == only)
    chosen = newest.subquery()
    query = _MOVES.join(chosen, chosen.c.number == _TRANSITION.c.number)
    return {row.monitor: row for row in connection.execute(query)}


def _changes(base: Any | None, later: Sequence[Any]) -> list[_Change]:
    """From when on which status held, in order. What became known later is right about all time
    from when it happened on, so that a back-dated transition replaces those after its moment.
    """
    if base is not None:
        changes = [(base.at_ms, _STATUSES[base.status_to])]
    else:
        changes = [(0, _STATUSES[later[0].status_from])]
    for row in later:
        if base is not None and row.number < base.number:
            continue
        while len(changes) > 1 and changes[-1][0] >= row.at_ms:
            changes.pop()
        changes.append((row.at_ms, _STATUSES[row.status_to]))
    return changes


def _spans(changes: list[_Change], since_ms: int, until_ms: int) -> list[Span]:
    if len(changes) == 1:  # of most monitors
        moment, status = changes[0]
        start = max(moment, since_ms)
        return [(start, until_ms, status)] if start < until_ms else []
    ends = [moment for moment, _ in changes[1:]] + [until_ms]
    cut = (
        (max(moment, since_ms), min(end, until_ms), status)
        for (moment, status), end in zip(changes, ends, strict=False)
    )
    return [(start, end, status) for start, end, status in cut if start < end]
