"""Claiming in the outbox: which notifications go to a worker now, alone or together as a list.

In one channel the notifications of one subject go out in the order they were written: a row can be
claimed only when no earlier one of its subject and channel still waits, or goes along with it.
What was sent perhaps is sent again as it was: alone, or in a list of the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import and_, exists, func, or_, select, update

from uptop_leader.digests import LONGEST, combined, goes_in_list, is_quiet_time
from uptop_leader.messages import Message
from uptop_leader.notifications import Claimed, Notification, Pace
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection

_NOTE, _CHANNEL = METADATA.tables["notification"], METADATA.tables["channel"]
_LISTING = frozenset(kind for kind, provider in PROVIDERS.items() if provider.digests)
_EARLIER = _NOTE.alias()

_decode_message = msgspec.msgpack.Decoder(Message).decode


def claim(
    connection: Connection,
    now: float,
    seconds: float,
    limit: int,
    busy_channels: Collection[str],
    pace: Pace,
) -> list[Claimed]:
    """Claim due notifications until `now + seconds`, leaving out `busy_channels`.

    Every channel gets its first before any gets its second, so that a long queue of one does not
    delay the others. A claim that ended without a mark is a possible repeat.
    """
    moment = to_ms(now)
    listing = _listing_channels(connection) if pace.digest_s > 0 else {}
    quiet = {
        channel: row
        for channel, row in listing.items()
        if is_quiet_time(to_seconds_or_none(row.last_sent_ms), pace.digest_s, now)
    }
    claimed: list[Claimed] = []
    for row in _claimable(connection, moment, limit, {*busy_channels, *quiet}):
        if row.channel not in listing:
            rows = [row]
        elif any(one.notification.channel == row.channel for one in claimed):
            continue  # one list at a time
        else:
            rows = _with_company(connection, row, listing[row.channel], pace, moment)
        claimed.append(_take(connection, rows, now + seconds))
    return claimed


def is_free(moment: int) -> ColumnElement[bool]:
    """Rows that a worker may claim, but for their order."""
    unclaimed = or_(_NOTE.c.until_ms.is_(None), _NOTE.c.until_ms <= moment)
    return and_(_NOTE.c.done_ms.is_(None), _NOTE.c.due_ms <= moment, unclaimed)


def notification_of(row: Any) -> Notification:
    """The value of a row."""
    return Notification(
        key=row.key,
        channel=row.channel,
        subject=row.subject,
        monitor=row.monitor,
        event=row.event,
        message=_decode_message(row.message),
        created=to_seconds(row.created_ms),
    )


def _listing_channels(connection: Connection) -> dict[str, Any]:
    """The channels that take lists, and how they have been doing."""
    query = select(_CHANNEL.c.id, _CHANNEL.c.last_sent_ms, _CHANNEL.c.failing_ms)
    rows = connection.execute(query.where(_CHANNEL.c.type.in_(_LISTING)))
    return {row.id: row for row in rows}


def _claimable(
    connection: Connection, moment: int, limit: int, left_out: Collection[str]
) -> Sequence[Any]:
    has_earlier = exists().where(
        _EARLIER.c.done_ms.is_(None),
        _EARLIER.c.channel == _NOTE.c.channel,
        _EARLIER.c.subject == _NOTE.c.subject,
        _EARLIER.c.number < _NOTE.c.number,
        # the rows of one list do not wait for each other
        or_(_NOTE.c.together.is_(None), _EARLIER.c.together.is_distinct_from(_NOTE.c.together)),
    )
    place = func.row_number().over(partition_by=_NOTE.c.channel, order_by=_NOTE.c.number)
    query = (
        select(_NOTE)
        .where(
            is_free(moment),
            _NOTE.c.channel.not_in(left_out),
            _NOTE.c.merged.is_(None),
            ~has_earlier,
        )
        .order_by(place, _NOTE.c.number)
        .limit(limit)
    )
    return connection.execute(query).all()


def _with_company(
    connection: Connection, head: Any, channel: Any, pace: Pace, moment: int
) -> list[Any]:
    """The rows that go out with `head`, in their order; it alone, where it goes alone."""
    if head.together is not None:
        query = select(_NOTE).where(_NOTE.c.together == head.together, _NOTE.c.done_ms.is_(None))
        same = connection.execute(query.where(_NOTE.c.merged.is_(None)).order_by(_NOTE.c.number))
        return list(same)
    last_sent = to_seconds_or_none(channel.last_sent_ms)
    failing = to_seconds_or_none(channel.failing_ms)
    created = to_seconds(head.created_ms)
    if _may_have_arrived(head) or not goes_in_list(created, last_sent, failing, pace.digest_s):
        return [head]
    return _all_that_wait(connection, head.channel, moment)


def _all_that_wait(connection: Connection, channel: str, moment: int) -> list[Any]:
    """What a channel can be sent in one list: all that is due, but for what may have arrived by
    itself already, and what waits behind something that cannot go along."""
    waiting = select(_NOTE).where(_NOTE.c.done_ms.is_(None), _NOTE.c.channel == channel)
    chosen: list[Any] = []
    held_up: set[str] = set()
    for row in connection.execute(waiting.order_by(_NOTE.c.number)):
        if row.merged is not None:
            continue
        if row.due_ms > moment or _may_have_arrived(row) or row.subject in held_up:
            held_up.add(row.subject)
            continue
        chosen.append(row)
        if len(chosen) == LONGEST:
            break
    return chosen


def _may_have_arrived(row: Any) -> bool:
    """Whether it was claimed before and nobody knows what became of that."""
    return bool(row.possible_repeat) or row.until_ms is not None or row.together is not None


def _take(connection: Connection, rows: list[Any], until: float) -> Claimed:
    """Mark the rows as claimed, together if they are several."""
    told: list[Notification] = []
    taken: list[Any] = []
    along: set[int] = set()  # told in the message of an earlier row
    for row in rows:
        if row.number not in along:
            notification, covered = _with_recovery(connection, row)
            told.append(notification)
            taken.append(row)
            along |= covered
    head = taken[0]
    repeat = _may_have_arrived(head)
    for row in taken:
        values = {
            "until_ms": to_ms(until),
            "attempts": row.attempts + (row.until_ms is not None),
            "possible_repeat": repeat,
        }
        connection.execute(update(_NOTE).where(_NOTE.c.number == row.number).values(values))
    numbers = [row.number for row in taken]
    if len(numbers) > 1:
        mine = or_(_NOTE.c.number.in_(numbers), _NOTE.c.merged.in_(numbers))
        connection.execute(update(_NOTE).where(mine).values(together=head.number))
    notification = combined(told)
    return Claimed(
        number=head.number,
        notification=_marked(notification) if repeat else notification,
        attempts=min(row.attempts + (row.until_ms is not None) for row in taken),
        until=until,
        possible_repeat=repeat,
        newest=max(one.created for one in told),
        count=len(taken),
    )


def _with_recovery(connection: Connection, row: Any) -> tuple[Notification, set[int]]:
    """The notification of a row; a DOWN that nobody was told of yet takes the UP that waits behind
    it along, and all between: one message for both. With it the numbers of what goes along.
    """
    if row.event != "down":
        return notification_of(row), set()
    was_tried = row.attempts > 0 or row.until_ms is not None
    up = _recovery_behind(connection, row, merged_only=was_tried)
    if up is None:
        return notification_of(row), set()
    covered = (
        update(_NOTE)
        .where(
            _NOTE.c.channel == row.channel,
            _NOTE.c.subject == row.subject,
            _NOTE.c.done_ms.is_(None),
            _NOTE.c.number > row.number,
            _NOTE.c.number <= up.number,
        )
        .values(merged=row.number)
        .returning(_NOTE.c.number)
    )
    numbers = set(connection.execute(covered).scalars())
    return _told_together(notification_of(row), notification_of(up)), numbers


def _recovery_behind(connection: Connection, row: Any, *, merged_only: bool) -> Any | None:
    """The UP that waits behind a DOWN. Once the DOWN was tried alone it stays alone; once it was
    tried together with its UP they stay together.
    """
    query = (
        select(_NOTE)
        .where(
            _NOTE.c.channel == row.channel,
            _NOTE.c.subject == row.subject,
            _NOTE.c.event == "up",
            _NOTE.c.done_ms.is_(None),
            _NOTE.c.number > row.number,
        )
        .order_by(_NOTE.c.number)
        .limit(1)
    )
    if merged_only:
        query = query.where(_NOTE.c.merged == row.number)
    return connection.execute(query).one_or_none()


def _told_together(down: Notification, up: Notification) -> Notification:
    """One notification for both, under the key of the DOWN."""
    message = replace(
        down.message,
        event="down_and_up",
        status=up.message.status,
        ended_at=up.message.ended_at,
        at=up.message.at,
    )
    return replace(down, event="down_and_up", message=message)


def _marked(notification: Notification) -> Notification:
    """The same with the mark that it may have arrived before."""
    message = replace(notification.message, possible_repeat=True)
    return replace(notification, message=message)
