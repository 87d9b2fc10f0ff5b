"""The outbox: notifications wait here until a worker has claimed, sent and marked them.

In one channel the notifications of one subject go out in the order they were written: a row can be
claimed only when no earlier one of its subject and channel still waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import and_, exists, func, or_, select, update

from uptop_leader.channels import ChannelHealth
from uptop_leader.messages import Message
from uptop_leader.notifications import Claimed, Notification
from uptop_leader.store.tables import METADATA
from uptop_leader.store.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection

_NOTE, _CHANNEL = METADATA.tables["notification"], METADATA.tables["channel"]
_decode_message = msgspec.msgpack.Decoder(Message).decode


class OutboxDepth(Struct, frozen=True):
    """How many notifications wait, and for how long the oldest has."""

    waiting: int
    oldest_s: float


def claim(
    connection: Connection, now: float, seconds: float, limit: int, busy_channels: Collection[str]
) -> list[Claimed]:
    """Claim due notifications until `now + seconds`, leaving out `busy_channels`.

    Every channel gets its first before any gets its second, so that a long queue of one does not
    delay the others. A claim that ended without a mark is a possible repeat.
    """
    claimed = []
    for row in _claimable(connection, to_ms(now), limit, busy_channels):
        lapsed = row.until_ms is not None
        attempts = row.attempts + lapsed
        repeat = bool(row.possible_repeat or lapsed)
        until = now + seconds
        query = update(_NOTE).where(_NOTE.c.number == row.number, _is_free(to_ms(now)))
        values = {"until_ms": to_ms(until), "attempts": attempts, "possible_repeat": repeat}
        if connection.execute(query.values(values)).rowcount == 1:
            told = _with_recovery(connection, row, was_tried=attempts > 0)
            claimed.append(
                Claimed(
                    number=row.number,
                    notification=_marked(told) if repeat else told,
                    attempts=attempts,
                    until=until,
                    possible_repeat=repeat,
                )
            )
    return claimed


def mark_sent(connection: Connection, number: int, now: float) -> None:
    """The channel has it, and everything that was told with it."""
    channel = _finish(connection, number, now, given_up=False, error="")
    if channel is not None:
        moment = to_ms(now)
        values = {"sent": _CHANNEL.c.sent + 1, "last_sent_ms": moment}
        connection.execute(update(_CHANNEL).where(_CHANNEL.c.id == channel).values(values))


def mark_failed(
    connection: Connection,
    number: int,
    error: str,
    retry_at: float | None,
    now: float,
    *,
    unknown: bool = False,
) -> None:
    """The channel did not take it: try again at `retry_at`, or never if that is None.

    `unknown` says that the channel may have it all the same: the next try is a possible repeat.
    """
    if retry_at is None:
        channel = _finish(connection, number, now, given_up=True, error=error)
    else:
        query = update(_NOTE).where(_NOTE.c.number == number, _NOTE.c.done_ms.is_(None))
        values: dict[str, Any] = {
            "attempts": _NOTE.c.attempts + 1,
            "due_ms": to_ms(retry_at),
            "until_ms": None,
            "error": error,
        }
        if unknown:
            values["possible_repeat"] = True
        row = connection.execute(query.values(values).returning(_NOTE.c.channel)).one_or_none()
        channel = None if row is None else row.channel
    if channel is not None:
        values = {
            "failed": _CHANNEL.c.failed + 1,
            "last_error": error,
            "last_failed_ms": to_ms(now),
        }
        connection.execute(update(_CHANNEL).where(_CHANNEL.c.id == channel).values(values))


def release(connection: Connection, number: int) -> None:
    """Give a claim back that was not used: nothing was sent."""
    query = update(_NOTE).where(_NOTE.c.number == number, _NOTE.c.done_ms.is_(None))
    connection.execute(query.values(until_ms=None))


def lapse_claims(connection: Connection, now: float) -> None:
    """End all claims now: their workers died with the process that was here before."""
    query = update(_NOTE).where(_NOTE.c.done_ms.is_(None), _NOTE.c.until_ms > to_ms(now))
    connection.execute(query.values(until_ms=to_ms(now)))


def depth(connection: Connection, now: float) -> OutboxDepth:
    """How much waits, tried already or not."""
    query = select(func.count(), func.min(_NOTE.c.created_ms)).where(_NOTE.c.done_ms.is_(None))
    waiting, oldest = connection.execute(query).one()
    return OutboxDepth(waiting, max(0.0, now - to_seconds(oldest)) if waiting else 0.0)


def channel_health(connection: Connection) -> list[ChannelHealth]:
    """How every channel has been doing."""
    return [
        ChannelHealth(
            channel=row.id,
            last_sent=to_seconds_or_none(row.last_sent_ms),
            last_error=row.last_error,
            last_failed=to_seconds_or_none(row.last_failed_ms),
            sent=row.sent,
            failed=row.failed,
        )
        for row in connection.execute(select(_CHANNEL).order_by(_CHANNEL.c.position))
    ]


def _is_free(moment: int) -> ColumnElement[bool]:
    unclaimed = or_(_NOTE.c.until_ms.is_(None), _NOTE.c.until_ms <= moment)
    return and_(_NOTE.c.done_ms.is_(None), _NOTE.c.due_ms <= moment, unclaimed)


def _claimable(
    connection: Connection, moment: int, limit: int, busy_channels: Collection[str]
) -> Sequence[Any]:
    earlier = _NOTE.alias()
    has_earlier = exists().where(
        earlier.c.done_ms.is_(None),
        earlier.c.channel == _NOTE.c.channel,
        earlier.c.subject == _NOTE.c.subject,
        earlier.c.number < _NOTE.c.number,
    )
    place = func.row_number().over(partition_by=_NOTE.c.channel, order_by=_NOTE.c.number)
    query = (
        select(_NOTE)
        .where(_is_free(moment), _NOTE.c.channel.not_in(busy_channels), ~has_earlier)
        .order_by(place, _NOTE.c.number)
        .limit(limit)
    )
    return connection.execute(query).all()


def _finish(
    connection: Connection, number: int, now: float, *, given_up: bool, error: str
) -> str | None:
    """End a row and those merged into it; its channel, or None when it had ended before."""
    query = (
        update(_NOTE)
        .where(or_(_NOTE.c.number == number, _NOTE.c.merged == number), _NOTE.c.done_ms.is_(None))
        .values(done_ms=to_ms(now), given_up=given_up, error=error, until_ms=None)
        .returning(_NOTE.c.channel)
    )
    channels = connection.execute(query).scalars().all()
    return channels[0] if channels else None


def _with_recovery(connection: Connection, row: Any, *, was_tried: bool) -> Notification:
    """The notification of a row; a DOWN that nobody was told of yet takes the UP that waits behind
    it along, and all between: one message for both.
    """
    if row.event != "down":
        return _notification(row)
    up = _recovery_behind(connection, row, merged_only=was_tried)
    if up is None:
        return _notification(row)
    covered = update(_NOTE).where(
        _NOTE.c.channel == row.channel,
        _NOTE.c.subject == row.subject,
        _NOTE.c.done_ms.is_(None),
        _NOTE.c.number > row.number,
        _NOTE.c.number <= up.number,
    )
    connection.execute(covered.values(merged=row.number))
    return _told_together(_notification(row), _notification(up))


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
    message = msgspec.structs.replace(
        down.message,
        event="down_and_up",
        status=up.message.status,
        ended_at=up.message.ended_at,
        at=up.message.at,
    )
    return msgspec.structs.replace(down, event="down_and_up", message=message)


def _marked(notification: Notification) -> Notification:
    """The same with the mark that it may have arrived before."""
    message = msgspec.structs.replace(notification.message, possible_repeat=True)
    return msgspec.structs.replace(notification, message=message)


def _notification(row: Any) -> Notification:
    return Notification(
        key=row.key,
        channel=row.channel,
        subject=row.subject,
        monitor=row.monitor,
        event=row.event,
        message=_decode_message(row.message),
        created=to_seconds(row.created_ms),
    )
