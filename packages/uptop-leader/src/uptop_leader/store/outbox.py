"""The outbox: notifications wait here until a worker has claimed, sent and marked them.

Claiming stands in `claims`, fallback channels in `passing_on`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import func, or_, select, update

from uptop_leader.channels import ChannelHealth
from uptop_leader.store import claims
from uptop_leader.store.passing_on import pass_on, pass_on_what_is_due
from uptop_leader.store.tables import METADATA
from uptop_leader.times import to_ms, to_seconds, to_seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection

    from uptop_leader.notifications import Claimed, Pace

_NOTE, _CHANNEL = METADATA.tables["notification"], METADATA.tables["channel"]


class OutboxDepth(Struct, frozen=True):
    """How many notifications wait, and for how long the oldest has."""

    waiting: int
    oldest_s: float


def claim(
    connection: Connection,
    now: float,
    seconds: float,
    limit: int,
    busy_channels: Collection[str],
    pace: Pace,
) -> list[Claimed]:
    """See to the fallback channels, then claim what is due."""
    pass_on_what_is_due(connection, pace.fallback_s, now)
    return claims.claim(connection, now, seconds, limit, busy_channels, pace)


def has_waiting(connection: Connection) -> bool:
    """Whether anything is not done with; asked by an index that holds nothing else."""
    waiting = select(_NOTE.c.number).where(_NOTE.c.done_ms.is_(None)).limit(1)
    return connection.execute(waiting).first() is not None


def mark_sent(connection: Connection, number: int, now: float) -> None:
    """The channel has it, and everything that was told with it."""
    rows = _finish(connection, _claimed_as(number), now, given_up=False, error="")
    if rows:
        moment = to_ms(now)
        values = {"sent": _CHANNEL.c.sent + 1, "last_sent_ms": moment, "failing_ms": None}
        connection.execute(update(_CHANNEL).where(_CHANNEL.c.id == rows[0].channel).values(values))


def mark_failed(
    connection: Connection,
    number: int,
    error: str,
    retry_at: float | None,
    now: float,
    *,
    unknown: bool = False,
    oldest: float | None = None,
) -> None:
    """The channel did not take it: try again at `retry_at`, or never if that is None; what was made
    before `oldest` is not tried again either. What is given up goes to the fallback channel.

    `unknown` says that the channel may have it all the same: the next try is a possible repeat.
    """
    mine = _claimed_as(number)
    if retry_at is None:
        rows = lost = _finish(connection, mine, now, given_up=True, error=error)
    else:
        too_old = _NOTE.c.created_ms < to_ms(oldest if oldest is not None else 0.0)
        lost = _finish(connection, mine & too_old, now, given_up=True, error=error)
        gone = [row.number for row in lost]
        alone = update(_NOTE).where(_NOTE.c.merged.in_(gone), _NOTE.c.done_ms.is_(None))
        connection.execute(alone.values(merged=None, together=None))
        values: dict[str, Any] = {
            "attempts": _NOTE.c.attempts + 1,
            "due_ms": to_ms(retry_at),
            "until_ms": None,
            "error": error,
        }
        values |= {"possible_repeat": True} if unknown else {"together": None}
        query = update(_NOTE).where(mine, _NOTE.c.done_ms.is_(None)).values(values)
        rows = [*lost, *connection.execute(query.returning(_NOTE.c.channel))]
    if rows:
        values = {
            "failed": _CHANNEL.c.failed + 1,
            "last_error": error,
            "last_failed_ms": to_ms(now),
            "failing_ms": func.coalesce(_CHANNEL.c.failing_ms, to_ms(now)),
        }
        connection.execute(update(_CHANNEL).where(_CHANNEL.c.id == rows[0].channel).values(values))
    pass_on(connection, lost, now)


def release(connection: Connection, number: int) -> None:
    """Give a claim back that was not used: nothing was sent."""
    query = update(_NOTE).where(_claimed_as(number), _NOTE.c.done_ms.is_(None))
    connection.execute(query.values(until_ms=None, together=None))


def lapse_claims(connection: Connection, now: float) -> None:
    """End all claims now: their workers died with the process that was here before."""
    query = update(_NOTE).where(_NOTE.c.done_ms.is_(None), _NOTE.c.until_ms > to_ms(now))
    connection.execute(query.values(until_ms=to_ms(now)))


def depth(connection: Connection, now: float) -> OutboxDepth:
    """How much waits, tried already or not."""
    query = select(func.count(), func.min(_NOTE.c.created_ms)).where(_NOTE.c.done_ms.is_(None))
    waiting, oldest = connection.execute(query).one()
    return OutboxDepth(waiting, 0.0 if oldest is None else max(0.0, now - to_seconds(oldest)))


def channel_health(connection: Connection) -> list[ChannelHealth]:
    """How every channel has been doing."""
    return [
        ChannelHealth(
            channel=row.id,
            last_sent=to_seconds_or_none(row.last_sent_ms),
            last_error=row.last_error,
            last_failed=to_seconds_or_none(row.last_failed_ms),
            failing_since=to_seconds_or_none(row.failing_ms),
            sent=row.sent,
            failed=row.failed,
            passed_on=row.passed,
        )
        for row in connection.execute(select(_CHANNEL).order_by(_CHANNEL.c.position))
    ]


def _claimed_as(number: int) -> ColumnElement[bool]:
    """The rows of one claim: its first, those told with it, and the rest of its list."""
    return or_(_NOTE.c.number == number, _NOTE.c.merged == number, _NOTE.c.together == number)


def _finish(
    connection: Connection,
    which: ColumnElement[bool],
    now: float,
    *,
    given_up: bool,
    error: str,
) -> Sequence[Any]:
    """End rows; those that had not ended before."""
    query = (
        update(_NOTE)
        .where(which, _NOTE.c.done_ms.is_(None))
        .values(done_ms=to_ms(now), given_up=given_up, error=error, until_ms=None)
        .returning(*_NOTE.c)
    )
    return connection.execute(query).all()
