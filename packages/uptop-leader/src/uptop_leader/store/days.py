"""Days: what was observed of every monitor day by day (UTC), counted once and kept.

Days that are over are written by `settle`, in blocks; of a day that was not the same throughout,
its spans are kept beside that, for windows that begin within it. What changes the past marks the
days that it changes (`stale`) in its own transaction, and they are worked out anew whenever they
are asked for until `settle` has written them again.

That no mark is missed: before `settle` works out new days it says up to when (`SETTLING`), and who
writes of a time before that marks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, select

from uptop_leader.store import facts, puts
from uptop_leader.store.day_blocks import (
    BLOCK_DAYS,
    BLOCK_MS,
    Days,
    block,
    days_of,
    is_even,
    spans_of,
    spans_stored,
)
from uptop_leader.store.intervals import intersect, length
from uptop_leader.store.levels import DAY
from uptop_leader.store.observed import Observed, observed
from uptop_leader.store.stale import ALL, stale, unmark
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from uptop_leader.store.connections import Connections

_MONITOR = METADATA.tables["monitor"]
_DAYS, _SPANS = METADATA.tables["days"], METADATA.tables["day_spans"]
_PUT_DAYS = puts.upsert(_DAYS)
_PUT_SPANS = puts.upsert(_SPANS)
_FORGET_SPANS = delete(_SPANS).where(
    _SPANS.c.day_ms == bindparam("day"), _SPANS.c.monitor == bindparam("of")
)
_AT_ONCE = 20  # monitors whose days are written in one transaction
_ROWS = 100  # blocks that are fetched at once
_FEW = 20  # monitors that are looked at one by one; above, all are looked at together


# Writing


def settle(connections: Connections, now: float) -> None:
    """Count the days that are over, and those that are not any more what they were."""
    today = DAY.start_of(to_ms(now))
    with connections.reading() as connection:
        settled = facts.number(connection, facts.SETTLED)
    if settled < today:
        with connections.writing() as connection:
            before = facts.number(connection, facts.SETTLING)
            facts.put(connection, facts.SETTLING, max(before, today))
        with connections.reading() as connection:
            first = settled or _first_day(connection, today)
            seen = observed(connection, first, to_ms(now))
        _write(connections, seen, dict.fromkeys(seen, first), today)
        with connections.writing() as connection:
            before = facts.number(connection, facts.SETTLED)
            facts.put(connection, facts.SETTLED, max(before, today))
    _settle_stale(connections, to_ms(now))


def _first_day(connection: Connection, today: int) -> int:
    made = connection.execute(select(func.min(_MONITOR.c.created_ms))).scalar_one()
    return today if made is None else DAY.start_of(made)


def _settle_stale(connections: Connections, now_ms: int) -> None:
    with connections.reading() as connection:
        marks = stale(connection)
        settled = facts.number(connection, facts.SETTLED)
        first = _first_day(connection, settled)
        since = {monitor: max(first, moment) for monitor, (moment, _) in marks.items()}
        seen = _seen(connection, since, now_ms)
    everywhere = since.get(ALL, settled)
    starts = {monitor: min(since.get(monitor, settled), everywhere) for monitor in seen}
    _write(connections, seen, starts, settled)
    if marks:
        with connections.writing() as connection:
            for monitor, (_, mark) in marks.items():
                unmark(connection, monitor, mark)


def _seen(connection: Connection, since: Mapping[str, int], now_ms: int) -> dict[str, Observed]:
    """What was observed of some monitors, or of ALL, each from a moment of its own on at least."""
    if not since:
        return {}
    if ALL in since or len(since) > _FEW:
        found = observed(connection, min(since.values()), now_ms)
        return found if ALL in since else {one: found[one] for one in since if one in found}
    few: dict[str, Observed] = {}
    for monitor, moment in since.items():
        few |= observed(connection, moment, now_ms, monitor)
    return few


def _write(
    connections: Connections, seen: Mapping[str, Observed], starts: Mapping[str, int], until: int
) -> None:
    """Write the days of monitors, each from its own start on."""
    monitors = [monitor for monitor in seen if starts[monitor] < until]
    for place in range(0, len(monitors), _AT_ONCE):
        some = monitors[place : place + _AT_ONCE]
        counted = [_counted(monitor, seen[monitor], starts[monitor], until) for monitor in some]
        with connections.writing() as connection:
            for one in counted:
                _write_one(connection, one)


class _Counted(Struct, frozen=True):
    """The days of a monitor in [first, until), and the spans of those that are not even."""

    monitor: str
    first: int
    until: int
    days: Days
    spans: dict[int, bytes]


def _counted(monitor: str, seen: Observed, first: int, until: int) -> _Counted:
    days = days_of(seen, first, _number(until, first))
    uneven = [
        first + number * DAY.length_ms
        for number, sums in enumerate(zip(days.observed, days.down, strict=True))
        if not is_even(*sums)
    ]
    return _Counted(monitor, first, until, days, {day: spans_stored(seen, day) for day in uneven})


def _write_one(connection: Connection, counted: _Counted) -> None:
    monitor, first, until = counted.monitor, counted.first, counted.until
    for start in range(first - first % BLOCK_MS, until, BLOCK_MS):
        query = select(_DAYS.c.data).where(_DAYS.c.start_ms == start, _DAYS.c.monitor == monitor)
        data = connection.execute(query).scalar_one_or_none()
        days = Days.none(BLOCK_DAYS) if data is None else block(data)
        begin, end = max(first, start), min(until, start + BLOCK_MS)
        low, high = _number(begin, first), _number(end, first)
        days.put(_number(begin, start), counted.days, low, high)
        row = {"start_ms": start, "monitor": monitor, "data": days.stored()}
        _PUT_DAYS.rows(connection, row)
    # Day by day, since the key begins with the day: a range would go through those of everybody.
    old = [{"day": day, "of": monitor} for day in range(first, until, DAY.length_ms)]
    connection.execute(_FORGET_SPANS, old)
    rows = [
        {"day_ms": day, "monitor": monitor, "data": data} for day, data in counted.spans.items()
    ]
    if rows:
        _PUT_SPANS.rows(connection, rows)


def _number(moment_ms: int, first_ms: int) -> int:
    return (moment_ms - first_ms) // DAY.length_ms


# Reading


def known_days(
    connection: Connection, first: int, now_ms: int, only: str | None = None
) -> dict[str, Days]:
    """All days from the midnight `first` on, today so far the last, of every monitor that is not
    deleted; `only` names one.
    """
    today = DAY.start_of(now_ms)
    count = _number(today, first) + 1
    marks = {monitor: moment for monitor, (moment, _) in stale(connection).items()}
    settled = facts.number(connection, facts.SETTLED)
    live_from = max(first, min(settled, marks.pop(ALL, settled), today))
    live = observed(connection, live_from, now_ms, only)
    place = _number(live_from, first)
    found = _stored(connection, first, place, count, only)
    for monitor, seen in live.items():
        days = found.get(monitor)
        if days is None:
            days = found[monitor] = Days.none(count)
        days.add(seen, first, live_from)
    late = {
        monitor: max(first, moment)
        for monitor, moment in marks.items()
        if moment < live_from and monitor in live
    }
    for monitor, seen in _seen(connection, late, now_ms).items():
        start = late[monitor]
        found[monitor].put(_number(start, first), days_of(seen, start, _number(today, start) + 1))
    return {monitor: found[monitor] for monitor in live}


def _stored(
    connection: Connection, first: int, wanted: int, count: int, only: str | None
) -> dict[str, Days]:
    """The first `wanted` of `count` days as they were written; the others are empty."""
    found: dict[str, Days] = {}
    until = first + wanted * DAY.length_ms
    query = select(_DAYS.c.monitor, _DAYS.c.start_ms, _DAYS.c.data).where(
        _DAYS.c.start_ms > first - BLOCK_MS, _DAYS.c.start_ms < until
    )
    if only is not None:
        query = query.where(_DAYS.c.monitor == only)
    for some in connection.execute(query).partitions(_ROWS):
        for monitor, start, data in some:
            days = found.get(monitor)
            if days is None:
                days = found[monitor] = Days.none(count)
            place = _number(start, first)
            begin, end = max(0, -place), min(BLOCK_DAYS, wanted - place)
            days.put_stored(place + begin, data, begin, end)
    return found


def sums_since(connection: Connection, since_ms: int, now_ms: int) -> dict[str, tuple[int, int]]:
    """The observed and the down milliseconds of every monitor that is not deleted in [since, now).

    Whole days count as they are known; of the day in which the window begins, its spans.
    """
    first = DAY.start_of(since_ms)
    after = first + DAY.length_ms
    marks = {monitor: moment for monitor, (moment, _) in stale(connection).items()}
    settled = facts.number(connection, facts.SETTLED)
    everywhere = marks.pop(ALL, settled)
    if after >= DAY.start_of(now_ms) or min(settled, everywhere) < after:
        return _sums(observed(connection, since_ms, now_ms), since_ms, now_ms)
    query = select(_SPANS.c.monitor, _SPANS.c.data).where(_SPANS.c.day_ms == first)
    spans: dict[str, bytes] = dict(iter(connection.execute(query)))
    found: dict[str, tuple[int, int]] = {}
    left: dict[str, int] = {}
    for monitor, days in known_days(connection, first, now_ms).items():
        whole, down = days.observed[0], days.down[0]
        even = is_even(whole, down)
        if marks.get(monitor, after) < after or not (even or monitor in spans):
            left[monitor] = since_ms  # the day is stale, or its spans have outlived their use
            continue
        if even:
            head = (after - since_ms if whole else 0, after - since_ms if down else 0)
        else:
            window = [(since_ms, after)]
            seen, bad = spans_of(spans[monitor])
            head = (length(intersect(seen, window)), length(intersect(bad, window)))
        found[monitor] = (sum(days.observed) - whole + head[0], sum(days.down) - down + head[1])
    return found | _sums(_seen(connection, left, now_ms), since_ms, now_ms)


def _sums(found: Mapping[str, Observed], since_ms: int, now_ms: int) -> dict[str, tuple[int, int]]:
    window = [(since_ms, now_ms)]
    return {
        monitor: (length(intersect(seen.all, window)), length(intersect(seen.down, window)))
        for monitor, seen in found.items()
    }
